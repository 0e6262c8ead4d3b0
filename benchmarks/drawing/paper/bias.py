"""The figure of the gradients that Markov chains need until the worst squared bias of x² is below 0.01."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.drawing.paper.figure import (
    BLUE,
    COLUMN,
    GREEN,
    INK,
    ORANGE,
    Drawn,
    PaperFigure,
    Sources,
    made_from_rows,
)
from bridgemark.benchmarks.drawing.style import label_decades
from bridgemark.benchmarks.rows.cost import RATES
from bridgemark.benchmarks.text import number

GOAL = 100  # effective draws: their mean has a squared bias of 0.01 variances
MIXED = 1.05  # largest R-hat of chains whose effective sample size is believed
MIN_SAMPLERS = 4  # on a target that is shown
MADE = (
    f"Gradients spent on drawing, per effective draw of the worst x², times {GOAL}: that many effective "
    f"draws have a squared bias of {1 / GOAL:g} variances (the measure of Robnik, Cohn-Gordon and Seljak "
    "2025). A value alone counts as a third of a gradient; warm-up is not counted; medians over seeds. Their "
    "own numbers are of targets without rows of chains here. "
)
MARKS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"))


def draw(sources: Sources) -> Drawn | None:
    """Samplers down, gradients across, and a mark for each target."""
    needed = gradients_needed(sources.table)
    if not len(needed):
        return None
    by_need = needed.sort_values("needed", kind="stable")
    samplers = list(dict.fromkeys(by_need[columns.SAMPLER]))[::-1]
    targets = sorted(needed[columns.TARGET].unique())[: len(MARKS)]
    figure, axis = plt.subplots(figsize=(COLUMN, 0.75 + 0.165 * len(samplers)), layout="constrained")
    for offset, (target, (colour, marker)) in enumerate(zip(targets, MARKS, strict=False)):
        for row in needed.loc[needed[columns.TARGET] == target].to_dict("records"):
            height = samplers.index(row[columns.SAMPLER]) + 0.18 * (1 - offset)
            face = colour if row["mixed"] else "white"
            axis.plot(row["needed"], height, marker, color=colour, markerfacecolor=face, markeredgewidth=0.8)
    axis.set(xscale="log", ylim=(-0.6, len(samplers) - 0.4))
    axis.set_yticks(range(len(samplers)), samplers)
    label_decades(axis.xaxis)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", color="0.92", linewidth=5)
    axis.set_axisbelow(True)
    axis.set_xlabel("gradients until the squared bias of x² is below 0.01")
    figure.legend(handles=_handles(targets), loc="outside lower center", ncols=2)
    shown = sources.table[columns.TARGET].isin(targets) & sources.table[columns.SAMPLER].isin(samplers)
    return Drawn(figure, _finding(needed, targets), MADE + made_from_rows(sources.table.loc[shown]))


def gradients_needed(table: pd.DataFrame) -> pd.DataFrame:
    """One line per chain sampler and target: `needed`, and whether its chains `mixed`.

    The warm-up is not counted. A value alone counts as a share of a gradient.
    """
    if columns.ESS_X2_MIN not in table:
        return pd.DataFrame()
    rows = table.loc[table[columns.ESS_X2_MIN].notna()]
    evaluations = rows[[columns.evaluations_of("sample_evals", kind) for kind in RATES]].to_numpy(float)
    rows = rows.assign(
        needed=GOAL * evaluations @ list(RATES.values()) / rows[columns.ESS_X2_MIN].astype(float),
        r_hat=rows[columns.R_HAT_MAX].astype(float),
    )
    medians = rows.groupby([columns.TARGET, columns.SAMPLER], as_index=False)[["needed", "r_hat"]].median()
    medians["mixed"] = medians["r_hat"] < MIXED
    counts = medians.groupby(columns.TARGET)[columns.SAMPLER].transform("count")
    return medians.loc[counts >= MIN_SAMPLERS].reset_index(drop=True)


def _finding(needed: pd.DataFrame, targets: Sequence[str]) -> str:
    """The cheapest chains that mixed, target by target, and where none did."""
    sentences = []
    for target in targets:
        mixed = needed.loc[(needed[columns.TARGET] == target) & needed["mixed"]].sort_values("needed")
        if len(mixed):
            sampler, gradients = mixed.iloc[0][columns.SAMPLER], number(mixed.iloc[0]["needed"])
            sentences.append(f"{target}: {sampler} is cheapest with {gradients} gradients.")
        else:
            sentences.append(f"{target}: no chains mixed.")
    return " ".join(sentences)


def _handles(targets: list[str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=target)
        for target, (colour, marker) in zip(targets, MARKS, strict=False)
    ]
    hollow = Line2D([], [], color=INK, marker="o", linestyle="", markerfacecolor="white")
    hollow.set_label(f"hollow: R-hat > {MIXED}, not to be believed")
    return [*handles, hollow]


FIGURES = {"bias": PaperFigure(draw, of_rows=True)}
