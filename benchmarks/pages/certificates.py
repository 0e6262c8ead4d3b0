"""The leaderboard's section "Certificates"."""

from collections.abc import Iterable, Mapping

from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.certificates.certify import Certificate
from bridgemark.benchmarks.certificates.checks import EXECUTED, RESOLUTIONS
from bridgemark.benchmarks.pages.verdicts import verdicts
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.text import escape_markdown, markdown_table

ABOUT = """\
`bridgemark certify sampler NAME` checks, on targets that are drawn at random for each sampler and have
closed forms, that weights and moments are unbiased in both precisions, for few and many draws, in one to
32 dimensions, that bounds of log Z hold, that draws are as independent and effective sizes as large as
claimed, that counts and random keys are right, and that no registered target is recognised. A check that
does not apply has neither passed nor failed: the sampler claims nothing that it could check, or cannot
run there; the list says which and why. Resolution is the bias, in standard deviations of the statistic,
that would have been seen with probability 0.9. Executed work is the number of evaluations that the
registered sampler executes, per evaluation that the tables count: it is above one where chains wait for
the longest."""

MEASURED = (*RESOLUTIONS, EXECUTED)


def section(samplers: Iterable[str], results: Results) -> str:
    """The Markdown section: the verdict of each sampler, and why checks do not apply.

    A certificate of another version of the sampler is marked.
    """
    judged = verdicts(sort_samplers(samplers), results)
    stored = {
        name: verdict.certificate for name, verdict in judged.items() if verdict.certificate is not None
    }
    lines = []
    for name, verdict in judged.items():
        measured = [stored[name].reason(check) if name in stored else "" for check in MEASURED]
        lines.append((name, verdict.text or verdict.status, *measured))
    if not lines:
        return ""
    escaped = [list(map(escape_markdown, line)) for line in lines]
    table = markdown_table(("sampler", "certificate", *MEASURED), escaped)
    return "\n\n".join(filter(None, ["## Certificates", ABOUT, table, _inapplicable(stored)]))


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
