"""The leaderboard's section "Certificates"."""

from collections.abc import Iterable, Mapping

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.certificates.certify import Certificate
from bridgemark.benchmarks.certificates.checks import EXECUTED
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.text import escape_markdown, markdown_table

ABOUT = """\
`bridgemark certify sampler NAME` checks, on targets with closed forms, that weights and moments are unbiased
in both precisions, that bounds of log Z hold, that draws are as independent and effective sizes as large as
claimed, and that counts and random keys are right. A check that does not apply has neither passed nor failed:
the sampler claims nothing that it could check, or cannot run there; the list says which and why.
Executed work is no check but a measurement: the number of evaluations that a small run executes, per
evaluation that the tables count. It is above one where memory is saved by evaluating again, and where chains
wait for the longest."""


def section(samplers: Iterable[str], results: Results) -> str:
    """The Markdown section: the verdict of each sampler, and why checks do not apply.

    A certificate of another version of the sampler is marked.
    """
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
    stored = {name: certificate for name, certificate in certificates.items() if certificate is not None}
    return "\n\n".join(filter(None, ["## Certificates", ABOUT, verdicts, _inapplicable(stored)]))


def _inapplicable(certificates: Mapping[str, Certificate]) -> str:
    """A Markdown list of the checks that do not apply, with reasons and samplers; '' where all apply."""
    samplers: dict[tuple[str, str], list[str]] = {}  # by check and reason
    for name, certificate in certificates.items():
        for finding in certificate.findings:
            if not finding.is_applicable:
                samplers.setdefault((finding.check, finding.reason or "no reason given"), []).append(name)
    lines = [f"{check}: {reason} ({', '.join(names)})" for (check, reason), names in samplers.items()]
    bullets = "\n".join(f"- {escape_markdown(line)}" for line in lines)
    return f"Checks that do not apply:\n\n{bullets}" if bullets else ""
