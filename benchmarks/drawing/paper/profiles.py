"""The figure of performance profiles: the share of targets solved within a multiple of the cheapest cost."""

from collections.abc import Mapping
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bridgemark.benchmarks.analysis import columns, ranks
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.drawing.paper.figure import COLUMN, Drawn, PaperFigure, Sources, made_from_rows
from bridgemark.benchmarks.drawing.style import Styles, sampler_styles
from bridgemark.benchmarks.text import number

MIN_TARGETS = 5  # that a sampler was run on; the shares of fewer are too coarse
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))  # so that curves that lie on each other are seen


class Question(NamedTuple):
    """When a target counts as solved."""

    title: str
    metric: str
    threshold: float


QUESTIONS = (
    Question("a   bias² of x < 0.01", columns.BIAS2_X_MAX, 0.01),
    Question("b   |log Z error| < 0.1", columns.LOG_Z_ABS_ERROR, 0.1),
)


def draw(sources: Sources) -> Drawn | None:
    """A panel per question, with a curve for every sampler that was run on enough targets."""
    by_question = {question: _profiles(sources, question) for question in QUESTIONS}
    if not all(by_question.values()):
        return None
    samplers = sort_samplers({sampler for profiles in by_question.values() for sampler in profiles})
    styles = sampler_styles(samplers)
    figure, axes = plt.subplots(1, 2, figsize=(COLUMN, 1.9), layout="constrained", sharey=True)
    for axis, (question, profiles) in zip(axes, by_question.items(), strict=True):
        _panel(axis, question, profiles, styles)
    axes[0].set_ylabel("share of targets solved")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    finding = " ".join(_finding(question, profiles) for question, profiles in by_question.items())
    made = (
        "Share of targets that a sampler solves within a multiple of what the cheapest solver spends on "
        "fitting and drawing (Dolan and Moré 2002); medians over seeds. "
    )
    shown = sources.table.loc[sources.table[columns.SAMPLER].isin(samplers)]
    return Drawn(figure, finding, made + made_from_rows(shown))


def _profiles(sources: Sources, question: Question) -> dict[str, ranks.Profile]:
    """The profiles of the samplers that were run on enough targets, against each other alone."""
    blocks = ranks.blocks(sources.table, question.metric)
    runs = [sampler for block in blocks.values() for sampler in block.metric]
    chosen = {sampler for sampler in runs if runs.count(sampler) >= MIN_TARGETS}
    kept = {
        target: ranks.Block(_only(block.metric, chosen), _only(block.cost, chosen))
        for target, block in blocks.items()
    }
    return ranks.profiles(kept, question.threshold)


def _only(values: Mapping[str, np.ndarray], samplers: set[str]) -> dict[str, np.ndarray]:
    return {sampler: seeds for sampler, seeds in values.items() if sampler in samplers}


def _panel(axis: Axes, question: Question, profiles: Mapping[str, ranks.Profile], styles: Styles) -> None:
    end = 2.0 * max([2.0, *(profile.ratios[-1] for profile in profiles.values() if len(profile.ratios))])
    for index, sampler in enumerate(sort_samplers(profiles)):
        profile = profiles[sampler]
        ratios = np.array([0.8, *profile.ratios, end])
        shares = [profile.share(ratio) for ratio in ratios]
        colour, dashes = styles[sampler].colour, DASHES[index % len(DASHES)]
        axis.step(ratios, shares, where="post", color=colour, linestyle=dashes, label=sampler)
    axis.set(xscale="log", xlim=(0.8, end), ylim=(-0.03, 1.03), title=question.title)
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if end < 50 else (1,)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("gradients over the least")


def _finding(question: Question, profiles: Mapping[str, ranks.Profile]) -> str:
    """Which samplers solve most targets, and how many."""
    most = max(profile.share(np.inf) for profile in profiles.values())
    best = [sampler for sampler in sort_samplers(profiles) if profiles[sampler].share(np.inf) == most]
    solved, targets = len(profiles[best[0]].ratios), profiles[best[0]].targets
    return f"({question.title[0]}) Most targets, {solved} of {targets}, are solved by {', '.join(best)}."


FIGURES = {"profiles": PaperFigure(draw, of_rows=True)}
