"""What the report shows: the answer in words, then tables and plots."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from bridgemark.benchmarks.advise import answer
from bridgemark.benchmarks.advise.advice import Advice
from bridgemark.benchmarks.advise.parameters import Comparison, is_constant
from bridgemark.benchmarks.pages.advice import charts, plotted
from bridgemark.benchmarks.text import number, remark, with_error

MAX_FORESTS = 12  # parameters that have a forest plot
MAX_FOREST_ENTRIES = 20  # of each
RANK_PLOTS = 6
PAIRED = 4  # entries of which every pair has a plot
MAX_LINES = 200  # of the table of parameters
SHOWN = ("sd", "5 % quantile", "50 % quantile", "95 % quantile")  # there, beside the mean
PARAMETER_HEADINGS = ("parameter", "mean", "sd", "5 %", "median", "95 %", "R-hat", "ESS", "tail ESS")
COMPARISON_HEADINGS = ("families", "agree", "largest difference", "it may be", "of")


@dataclass(frozen=True)
class Table:
    """A table: its caption, its headings, and its lines, whose first cells name them."""

    caption: str
    headings: Sequence[str]
    lines: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Plot:
    """A plot with its caption; in a grid it has a row and a column, which count from 1."""

    identifier: str
    caption: str
    chart: dict[str, Any]
    row: int = 1
    column: int = 1


@dataclass(frozen=True)
class Report:
    """What the page shows, from top to bottom.

    `words` are the answer, whose first sentence is the headline; `colours` are those of the families.
    """

    model: str
    is_trusted: bool
    words: Sequence[str]
    colours: dict[str, str]
    described: str | None
    evidence: Table
    log_z: Sequence[Plot]
    parameters: Table
    forests: Sequence[Plot]
    ranks: Sequence[Plot]
    pairs: Sequence[Plot]
    comparisons: Table
    scores: Table
    script: str | None

    @property
    def plots(self) -> list[Plot]:
        """All plots."""
        return [*self.log_z, *self.forests, *self.ranks, *self.pairs]


def contents(advice: Advice) -> Report:
    """What the page shows of an advice."""
    race, verdict = advice.race, advice.verdict
    worst = _worst_first(advice)
    draws = {name: plotted.equal_draws(entries) for name, entries in advice.entries.items()}
    return Report(
        model=remark(advice.model.name),
        is_trusted=verdict.trusted,
        words=answer.in_words(verdict, race),
        colours={_with_failure(name, advice): charts.COLOURS[name] for name in advice.entries},
        described=advice.described,
        evidence=Table(
            "log Z by family, with standard errors and bounds",
            answer.EVIDENCE_HEADINGS,
            answer.evidence_table(advice.evidence),
        ),
        log_z=_log_z(advice),
        parameters=_parameters(advice),
        forests=_forests(advice, draws),
        ranks=_ranks(advice, worst),
        pairs=_pairs(advice, draws, worst),
        comparisons=_comparisons(advice.comparisons),
        scores=Table("Scores of every family", answer.HEADINGS, answer.table(race, advice.evidence)),
        script=advice.script,
    )


def _with_failure(family: str, advice: Advice) -> str:
    """The name of a family in the key of the plots."""
    return family if advice.evidence[family].passes else f"{family}, which fails its own checks"


def _worst_first(advice: Advice) -> list[int]:
    """The numbers of the entries that are no constants, those first about which the chains agree least."""
    if advice.described is None:
        return []
    moving = np.flatnonzero(~is_constant(advice.entries[advice.described].summary)).tolist()
    return sorted(moving, key=lambda k: -(advice.descriptions[k].r_hat or 0.0))


def _log_z(advice: Advice) -> list[Plot]:
    plot = plotted.log_z_plot(advice)
    caption = "Estimates of log Z with intervals of 95 %; ticks are lower and upper bounds"
    return [] if plot is None else [Plot("log-z-plot", caption, charts.log_z(plot))]


def _parameters(advice: Advice) -> Table:
    lines = [
        (
            item.label,
            with_error(item.values["mean"], item.errors["mean"]),
            *(number(item.values[name], 3) for name in SHOWN),
            number(item.r_hat, 4),
            number(item.ess_bulk, 3),
            number(item.ess_tail, 3),
        )
        for item in advice.descriptions[:MAX_LINES]
    ]
    more = len(advice.descriptions) - len(lines)
    rest = f"; {more} more are in advice.json" if more else ""
    return Table(f"Parameters by the draws of {advice.described}{rest}", PARAMETER_HEADINGS, lines)


def _forests(advice: Advice, draws: dict[str, np.ndarray]) -> list[Plot]:
    """A plot for each of the first parameters, with all families side by side."""
    if advice.described is None:
        return []
    entries = advice.entries[advice.described]
    plots = []
    for name in list(dict.fromkeys(entries.parameters))[:MAX_FORESTS]:
        members = [k for k, parameter in enumerate(entries.parameters) if parameter == name]
        shown = members[:MAX_FOREST_ENTRIES]
        labels = tuple(entries.labels[k].removeprefix(name) or name for k in shown)
        points = [
            point for family, x in draws.items() for point in plotted.intervals(family, labels, x[:, shown])
        ]
        caption = name if len(shown) == len(members) else f"{name}: the first {len(shown)} of {len(members)}"
        plots.append(Plot(f"forest-{len(plots)}", caption, charts.forest(points)))
    return plots


def _ranks(advice: Advice, worst: Sequence[int]) -> list[Plot]:
    """Rank plots of Markov chains; none for other families."""
    if advice.described is None or not advice.race.families[advice.described].are_chains:
        return []
    entries = advice.entries[advice.described]
    x = entries.draws.x
    expected = x.shape[1] / plotted.RANK_BINS
    return [
        Plot(f"ranks-{k}", entries.labels[k], charts.ranks(plotted.ranks(x[..., k]), expected))
        for k in worst[:RANK_PLOTS]
    ]


def _pairs(advice: Advice, draws: dict[str, np.ndarray], worst: Sequence[int]) -> list[Plot]:
    """The lower triangle of pair plots."""
    chosen = worst[:PAIRED]
    plots = []
    for (column, first), (row, second) in combinations(enumerate(chosen, start=1), 2):
        points = [point for name, x in draws.items() for point in plotted.pairs(name, x, first, second)]
        titles = [advice.descriptions[k].label for k in (first, second)]
        caption = f"{titles[1]} against {titles[0]}"
        plots.append(Plot(f"pair-{first}-{second}", caption, charts.pair(points, *titles), row - 1, column))
    return plots


def _comparisons(comparisons: Sequence[Comparison]) -> Table:
    words = {True: "yes", False: "no", None: "too imprecise to tell"}
    lines = [
        (
            f"{item.first} and {item.second}",
            words[item.agreement.agree],
            f"{number(item.agreement.worst, 3)} standard errors",
            number(item.agreement.limit, 3),
            f"{item.agreement.statistic} of {item.label}",
        )
        for item in comparisons
    ]
    return Table("Which families agree about all parameters", COMPARISON_HEADINGS, lines)
