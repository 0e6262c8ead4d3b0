"""Cards of samplers and targets: what they are, from the registry, and how they fared, from the rows."""

import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.pages.html import difficulty, kinds
from bridgemark.benchmarks.pages.html.lines import Line
from bridgemark.benchmarks.pages.verdicts import Verdict
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K
from bridgemark.benchmarks.studies.difficulty import Difficulty
from bridgemark.benchmarks.text import count, number
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target

LARGEST_R_HAT = 1.05  # above which the card says that the chains disagree
LARGE_BIAS = 0.1  # squared, in variances: worse than ten exact draws
NOT_MEASURED = Difficulty()
FOLD = re.compile(r"(?<!\n)\n(?![\n\s-])")  # of a docstring inside a paragraph; a list keeps its lines


@dataclass(frozen=True)
class SamplerCard:
    """A sampler: `about` is one sentence and `text` several; both are None where it is not registered.

    `config` and `source`, the hash of its code, are those of most of its lines.
    """

    name: str
    nature: str
    about: str | None
    text: str | None
    config: str
    source: str
    verdict: Verdict
    best: Sequence[str]
    trouble: Sequence[str]


@dataclass(frozen=True)
class TargetCard:
    """A target: what is known of it, and how difficult it is.

    `target` is None where it is not registered. `measured` has the difficulty of the density in words, by
    what was measured, and `difficulty` says how samplers fared. `code`, the hash of its code, and
    `fingerprint` are those of most of its lines.
    """

    name: str
    dim: int
    family: str
    code: str
    fingerprint: str
    target: Target | None
    known: str
    measured: Mapping[str, str]
    difficulty: str


def sampler_card(name: str, sampler: Sampler | None, lines: Sequence[Line], verdict: Verdict) -> SamplerCard:
    """The card of a sampler, from its lines on the board."""
    module = "" if sampler is None else sys.modules[type(sampler).__module__].__doc__ or ""
    text = "" if sampler is None else inspect.getdoc(type(sampler)) or ""
    return SamplerCard(
        name=name,
        nature=kinds.nature(sampler, [line.summary for line in lines]),
        about=module.strip().partition("\n")[0] or None,
        text=FOLD.sub(" ", text) or None,
        config=_usual(lines, columns.CONFIG),
        source=_usual(lines, columns.SOURCE),
        verdict=verdict,
        best=[line.summary[columns.TARGET] for line in lines if line.group == 1],
        trouble=[trouble for line in lines for trouble in _trouble(line)],
    )


def target_card(
    name: str, target: Target | None, lines: Sequence[Line], measured: Difficulty = NOT_MEASURED
) -> TargetCard:
    """The card of a target, from its lines on the board and its measured difficulty."""
    ranked = [line for line in lines if line.group is not None]
    best = sum(line.group == 1 for line in ranked)
    at_floor = sum(map(_is_at_floor, ranked))
    fared = (
        f"{best} of {count(len(ranked), 'ranked line')} cannot be told from the best; "
        f"{at_floor} score at most twice what exact draws do"
    )
    return TargetCard(
        name=name,
        dim=lines[0].summary[columns.DIM],
        family=kinds.family(target),
        code=_usual(lines, columns.TARGET_HASH),
        fingerprint=_usual(lines, columns.FINGERPRINT),
        target=target,
        known=_knowledge(target),
        measured=difficulty.in_words(measured, target),
        difficulty=fared,
    )


def _usual(lines: Sequence[Line], column: str) -> str:
    """The most frequent text of a column, the last of several."""
    texts = [line.summary[column] for line in lines]
    return max(reversed(texts), key=texts.count)


def _is_at_floor(line: Line) -> bool:
    """Whether the median score is no worse than twice what as many exact draws get."""
    score, floor = (
        line.summary.get(columns.MAIN_METRIC),
        line.summary.get(columns.floor_of(columns.MAIN_METRIC)),
    )
    return score is not None and floor is not None and score <= 2 * floor


def _trouble(line: Line) -> list[str]:
    """What went wrong on one target, in words."""
    row = line.summary
    texts = [row[columns.REASON]] if row[columns.REASON] else []
    bias, r_hat, pareto_k = (
        row.get(name) or 0.0 for name in (columns.MAIN_METRIC, columns.R_HAT_MAX, columns.PARETO_K)
    )
    if bias > LARGE_BIAS:
        texts.append(f"bias² of x {number(bias)}")
    if r_hat > LARGEST_R_HAT:
        texts.append(f"chains disagree, R-hat {number(r_hat, 3)}")
    if pareto_k > MAX_TRUSTED_K:
        texts.append(f"heavy-tailed weights, Pareto k {number(pareto_k)}")
    return [f"{row[columns.TARGET]}: {', '.join(texts)}"] if texts else []


def _knowledge(target: Target | None) -> str:
    """What is known of a target besides log Z."""
    if target is None:
        return "nothing: no such target is registered"
    texts = ["exact draws"] if target.sample is not None else []
    texts += [f"moments of {statistic.name}" for statistic in target.statistics]
    texts += [f"{len(target.modes.masses)} modes"] if target.modes is not None else []
    return ", ".join(texts) or "log Z alone"
