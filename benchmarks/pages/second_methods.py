"""The sections of TRUTHS.md on what a second method gives, and on bridge sampling with other chains."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bridgemark.benchmarks.references.agreement import FALSE_ALARM, MAX_ERROR
from bridgemark.benchmarks.rows.identity import truth_hash
from bridgemark.benchmarks.rows.results import PUBLISHED, checks_folder
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K
from bridgemark.benchmarks.text import count, escape_markdown, markdown_table, number, with_error
from bridgemark.targets.base import Target

Stored = Mapping[str, Any]  # what is stored of a reference or of a check

NOT_CHECKED: Stored = {"refused": "not yet checked"}
VERDICTS = {True: "agrees", False: "**differs**", None: "too imprecise"}
SECOND_HEADINGS = (
    "target",
    "second method",
    "its log Z",
    "log Z",
    "means",
    "deviations",
    "limit",
    "error",
    "verdict",
)
SECOND_ABOUT = f"""\
What is known of every target, compared with weighted particles of independent runs of tempered SMC. Chains of
NUTS avoid the tails where their trajectories diverge. The sums over the particles of a run have the right
mean whatever the moves are: poor moves show in the errors, which are from runs alone, or, where all runs miss
a region, in a log Z that is too low. A tail of small mass in which every leapfrog step is too long can escape
both: on brownian-32, where the truth is exact, it is SMC that loses the tail of small noise. Agreement is
evidence and no proof, and a difference is not yet a wrong truth.

The columns "log Z", "means" and "deviations" have the largest difference over all functions and coordinates,
in its standard errors; where both are right, all stay below the limit with probability {1 - FALSE_ALARM}.
"error" is the largest standard error of a difference of moments, in standard deviations of the function:
above {MAX_ERROR} nothing is confirmed. Where runs disagree about log Z with each other there is no second
method, and the reason is given. `bridgemark reference NAME --check` makes a line again."""
BRIDGE_HEADINGS = ("reference", "log Z", "other chains", "difference", "Pareto k", "halved in another way")
BRIDGE_ABOUT = f"""\
Each reference for which log Z was estimated by bridge sampling, and the same with other chains of the same
sampler: the difference in standard errors, the Pareto k of the terms (above {MAX_TRUSTED_K} the error is not
to be trusted), and an estimate with these chains halved in another way, so that both the fitted Gaussians and
their draws are others. The same command makes it."""


def stored_checks(targets: Sequence[Target], references: Mapping[str, Stored]) -> dict[str, Stored]:
    """What is stored of the check of every target by its name: with its reference, or of its stated truths.

    A check of other truths than the present ones does not count.
    """
    checks = {reference["target"]: reference.get("check", NOT_CHECKED) for reference in references.values()}
    for target in targets:
        path = checks_folder(PUBLISHED) / f"{target.name}.json"
        if target.name not in checks and path.is_file():
            checks[target.name] = _check_of(target, path)
    return {
        target.name: checks.get(target.name, NOT_CHECKED) for target in targets if target.log_z is not None
    }


def _check_of(target: Target, path: Path) -> Stored:
    stored = json.loads(path.read_text())
    return stored["check"] if stored["truths"] == truth_hash(target) else NOT_CHECKED


def second_section(checks: Mapping[str, Stored]) -> str:
    """The section with a line for the check of each target."""
    made = [check["agree"] for check in checks.values() if "agree" in check]
    tally = (
        f"Of {count(len(checks), 'target')} {len(made)} have a second method: it agrees with "
        f"{made.count(True)}, differs from {made.count(False)} and is too imprecise for {made.count(None)}."
    )
    lines = [_line_of_check(name, check) for name, check in checks.items()]
    return f"## By a second method\n\n{SECOND_ABOUT}\n\n{tally}\n\n{markdown_table(SECOND_HEADINGS, lines)}"


def _line_of_check(name: str, check: Stored) -> list[str]:
    if "agree" not in check:
        return [escape_markdown(name), escape_markdown(check["refused"]), *[""] * 7]
    log_z, statistics = check["log_z"], check["statistics"].values()
    means, sds = ([statistic[moment] for statistic in statistics] for moment in ("mean", "sd"))
    return [
        escape_markdown(name),
        escape_markdown(check["method"]),
        with_error(log_z["value"], log_z["standard_error"]),
        f"{log_z['apart']:.1f}",
        *(f"{max((part['largest'] for part in parts), default=0.0):.1f}" for parts in (means, sds)),
        f"{check['limit']:.1f}",
        number(max((part["largest_error"] for part in [*means, *sds]), default=0.0)),
        VERDICTS[check["agree"]],
    ]


def bridge_section(references: Mapping[str, Stored]) -> str:
    """The section with a line for each reference for which bridge sampling gave an estimate."""
    lines = [_line_of_bridge(reference) for reference in references.values() if "value" in _bridge(reference)]
    return f"## Bridge sampling\n\n{BRIDGE_ABOUT}\n\n{markdown_table(BRIDGE_HEADINGS, lines)}"


def _line_of_bridge(reference: Stored) -> list[str]:
    name, first = escape_markdown(reference["target"]), _bridge(reference)
    again = reference.get("check", {}).get("bridge", NOT_CHECKED)
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


def _bridge(reference: Stored) -> Stored:
    """What is stored of bridge sampling; {} where it was not run."""
    return reference["log_z"]["methods"].get("bridge", {})
