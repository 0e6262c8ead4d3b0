"""The leaderboard's section "Certificates"."""

from collections.abc import Iterable

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.certificates.checks import EXECUTED
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.text import escape_markdown, markdown_table

ABOUT = """\
`bridgemark certify sampler NAME` checks, on targets with closed forms, that weights and moments are unbiased
in both precisions, that bounds of log Z hold, that draws are as independent and effective sizes as large as
claimed, and that counts and random keys are right. A check does not apply where the sampler claims nothing
that it could check. Executed work is the number of evaluations that a small run executes, per evaluation that
the tables count. It is above one where memory is saved by evaluating again, and where chains wait for the
longest."""


def section(samplers: Iterable[str], results: Results) -> str:
    """The Markdown section: the verdict of each sampler, and whether it is of another version of it."""
    certificates = {
        name: certify.read_first(results.certificate_paths(name)) for name in sort_samplers(samplers)
    }
    registered = registry.samplers() if any(certificates.values()) else {}
    lines = []
    for name, certificate in certificates.items():
        if certificate is None:
            lines.append((name, "not certified", ""))
            continue
        # The source of a plug-in's sampler is not known here.
        is_stale = name in registered and certificate.identity != certify.identity_of(registered[name])
        verdict = certificate.verdict + " (of another version of its source)" * is_stale
        lines.append((name, verdict, certificate.reason(EXECUTED)))
    if not lines:
        return ""
    escaped = [list(map(escape_markdown, line)) for line in lines]
    verdicts = markdown_table(("sampler", "certificate", EXECUTED), escaped)
    return f"## Certificates\n\n{ABOUT}\n\n{verdicts}"
