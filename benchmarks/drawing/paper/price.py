"""The figure of the price of a nat: ELBO gaps against gradients and seconds, and their front."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.drawing.paper.figure import COLUMN, Drawn, PaperFigure, Sources, made_from_rows
from bridgemark.benchmarks.drawing.style import Styles, label_decades, sampler_handles, sampler_styles
from bridgemark.benchmarks.text import number

MIN_SAMPLERS = 8  # with an ELBO, on a target that is shown
MOST_TARGETS = 3
MARK_SIZE = 4.5
COSTS = {columns.SPENT: "gradients", columns.SPENT_SECONDS: "seconds"}
MADE = (
    "Medians over seeds of the gap log Z − ELBO against what fitting and drawing cost; samplers that none "
    "beats in both are coloured. "
)


def draw(sources: Sources) -> Drawn | None:
    """Targets down, both costs across."""
    medians = _medians(sources.table)
    if not len(medians):
        return None
    targets = sorted(medians[columns.TARGET].unique())[:MOST_TARGETS]
    styles = sampler_styles(medians[columns.SAMPLER])
    on_front: set[str] = set()
    figure, axes = plt.subplots(
        len(targets),
        len(COSTS),
        figsize=(COLUMN, 0.75 + 1.0 * len(targets)),
        layout="constrained",
        sharey="row",
        sharex="col",
        squeeze=False,
    )
    for panels, target in zip(axes, targets, strict=True):
        lines = medians.loc[medians[columns.TARGET] == target]
        panels[0].set_title(target)
        panels[0].set_ylabel("ELBO gap")
        for axis, cost in zip(panels, COSTS, strict=True):
            _panel(axis, lines, cost, styles)
            on_front.update(front(lines, cost)[columns.SAMPLER])
    for axis, name in zip(axes[-1], COSTS.values(), strict=True):
        axis.set_xlabel(name)
    handles = sampler_handles(on_front, styles)
    for handle in handles:
        handle.set_markersize(MARK_SIZE)
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    finding = " ".join(_finding(medians.loc[medians[columns.TARGET] == target], target) for target in targets)
    shown = sources.table[columns.TARGET].isin(targets) & sources.table[columns.ELBO_GAP].notna()
    return Drawn(figure, finding, MADE + made_from_rows(sources.table.loc[shown]))


def front(lines: pd.DataFrame, cost: str) -> pd.DataFrame:
    """The lines that no other line beats in both the gap and the cost, in order of cost."""
    by_cost = lines.sort_values([cost, columns.ELBO_GAP], kind="stable")
    least_before = by_cost[columns.ELBO_GAP].cummin().shift(fill_value=np.inf)
    return by_cost.loc[by_cost[columns.ELBO_GAP] < least_before]


def factor_to_halve(best: pd.DataFrame, cost: str) -> float:
    """By what the cost is multiplied when the gap is halved, between both ends of a front."""
    first, last = best.iloc[0], best.iloc[-1]
    halvings = np.log2(first[columns.ELBO_GAP] / last[columns.ELBO_GAP])
    return float((last[cost] / first[cost]) ** (1 / halvings))


def _medians(table: pd.DataFrame) -> pd.DataFrame:
    """One line per sampler and target: the gap and both costs. Small targets with many samplers only."""
    if columns.ELBO_GAP not in table:
        return pd.DataFrame()
    names = [columns.ELBO_GAP, *COSTS]
    rows = table.loc[table[columns.ELBO_GAP].notna() & ~table[columns.USES_EXACT_DRAWS].astype(bool)]
    numbers = rows.assign(**{name: rows[name].astype(float) for name in names})
    medians = numbers.groupby([columns.TARGET, columns.SAMPLER], as_index=False)[names].median()
    counts = medians.groupby(columns.TARGET)[columns.SAMPLER].transform("count")
    return medians.loc[(counts >= MIN_SAMPLERS) & (medians[columns.ELBO_GAP] > 0)]


def _panel(axis: Axes, lines: pd.DataFrame, cost: str, styles: Styles) -> None:
    """All samplers in grey, and those of the front in their own colours."""
    best = front(lines, cost)
    axis.plot(lines[cost], lines[columns.ELBO_GAP], "o", color="0.8", markersize=2.5)
    axis.plot(best[cost], best[columns.ELBO_GAP], color="0.5", linewidth=0.7)
    axis.set(xscale="log", yscale="log")
    axis.margins(x=0.12, y=0.18)
    for ruler in (axis.xaxis, axis.yaxis):
        ruler.set_major_locator(LogLocator(numticks=5))
        label_decades(ruler)
        ruler.set_minor_formatter(NullFormatter())
    for line in best.to_dict("records"):
        colour, marker = styles[line[columns.SAMPLER]]
        axis.plot(line[cost], line[columns.ELBO_GAP], marker, color=colour, markersize=MARK_SIZE, zorder=3)


def _finding(lines: pd.DataFrame, target: str) -> str:
    best = {cost: front(lines, cost) for cost in COSTS}
    for lines_of_front in best.values():
        if len(lines_of_front) == 1:
            return f"{target}: {lines_of_front.iloc[0][columns.SAMPLER]} is the cheapest and the closest."
    factors = [
        f"{number(factor_to_halve(best[cost], cost))} times the {name}" for cost, name in COSTS.items()
    ]
    return f"{target}: along the front, half the gap costs {' and '.join(factors)}."


FIGURES = {"price": PaperFigure(draw, of_rows=True)}
