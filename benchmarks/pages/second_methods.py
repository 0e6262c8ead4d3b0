"""The sections of TRUTHS.md on moments by a second method, and on bridge sampling with other chains."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bridgemark.benchmarks.references.agreement import FALSE_ALARM, MAX_ERROR
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K
from bridgemark.benchmarks.text import count, escape_markdown, markdown_table, number, with_error

Reference = Mapping[str, Any]

NOT_CHECKED = "not yet checked"
VERDICTS = {True: "agrees", False: "**differs**", None: f"errors above {MAX_ERROR} sd"}
MOMENTS_ABOUT = f"""\
Means and standard deviations of the references are those of Markov chains, which avoid the tails where their
trajectories diverge. The second method has no such gap: weighted particles of independent runs of tempered
SMC, whose sums have the right mean whatever the moves are, so that poor moves show in the errors. Differences
are in standard errors, the largest over all functions and coordinates, with the limit that a correct
reference exceeds with probability {number(FALSE_ALARM)}; the error is the largest standard error of a
difference, in standard deviations of the function. `bridgemark reference NAME --check` makes a line again."""
BRIDGE_ABOUT = f"""\
Where log Z is known by bridge sampling: the same with other chains, a Pareto k of its terms (above
{MAX_TRUSTED_K} the error is not to be trusted), and with these chains halved in another way, so that both the
fitted Gaussians and their draws are others. The difference is that of the first two, in standard errors."""


def sections(references: Sequence[Reference]) -> list[str]:
    """Both sections, as Markdown, with a line for each reference."""
    bridged = [reference for reference in references if "value" in _bridge(reference)]
    headings = ("reference", "second method", "means", "deviations", "limit", "error", "verdict")
    bridge_headings = (
        "reference",
        "log Z",
        "other chains",
        "difference",
        "Pareto k",
        "halved in another way",
    )
    moments_table = markdown_table(headings, list(map(_line_of_moments, references)))
    bridge_table = markdown_table(bridge_headings, list(map(_line_of_bridge, bridged)))
    return [
        f"## Moments by a second method\n\n{MOMENTS_ABOUT}\n\n{_tally(references)}\n\n{moments_table}",
        f"## Bridge sampling\n\n{BRIDGE_ABOUT}\n\n{bridge_table}",
    ]


def _tally(references: Sequence[Reference]) -> str:
    """How many references were checked, and of how many the second method agrees, in a sentence."""
    verdicts = [reference["check"]["agree"] for reference in references if "check" in reference]
    return (
        f"Of {count(len(references), 'reference')} {len(verdicts)} were checked: the second method agrees "
        f"with {verdicts.count(True)}, differs from {verdicts.count(False)}, and is too imprecise for "
        f"{verdicts.count(None)}."
    )


def _line_of_moments(reference: Reference) -> list[str]:
    name = escape_markdown(reference["target"])
    check = reference.get("check")
    if check is None:
        return [name, NOT_CHECKED, "", "", "", "", ""]
    moments = [moment for statistic in check["statistics"].values() for moment in statistic.values()]
    largest = {
        key: max(statistic[key]["largest"] for statistic in check["statistics"].values())
        for key in ("mean", "sd")
    }
    error = max(moment["largest_error"] for moment in moments)
    return [
        name,
        escape_markdown(check["method"]),
        f"{largest['mean']:.1f}",
        f"{largest['sd']:.1f}",
        f"{check['limit']:.1f}",
        number(error),
        VERDICTS[check["agree"]],
    ]


def _line_of_bridge(reference: Reference) -> list[str]:
    name, first = escape_markdown(reference["target"]), _bridge(reference)
    again = reference.get("check", {}).get("bridge", {"refused": NOT_CHECKED})
    log_z = with_error(first["value"], first["standard_error"])
    if "refused" in again:
        return [name, log_z, escape_markdown(again["refused"]), "", "", ""]
    apart = abs(first["value"] - again["value"]) / math.hypot(
        first["standard_error"], again["standard_error"]
    )
    reshuffled = again["reshuffled"]
    return [
        name,
        log_z,
        with_error(again["value"], again["standard_error"]),
        f"{apart:.1f}",
        number(again["pareto_k"]),
        with_error(reshuffled["value"], reshuffled["standard_error"]),
    ]


def _bridge(reference: Reference) -> Mapping[str, Any]:
    """What is stored of bridge sampling; {} where it was not run."""
    return reference["log_z"]["methods"].get("bridge", {})
