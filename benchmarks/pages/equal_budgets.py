"""The leaderboard's section "At equal budgets", and tables/curves.csv, from the rows with a budget."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.curves import COST_COLUMNS, GOALS, METRICS, Goal, costs_to_reach
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.analysis.tables import write_csv
from bridgemark.benchmarks.text import escape_bars, escape_markdown, markdown_table, number

METRICS_SHOWN = tuple(goal.metric for goal in GOALS)  # on the page; curves.csv has all
UNIT_SIGNS = {"gradients": "", "seconds": " s"}
ABOUT = """\
Every sampler was given the same budgets for fitting and sampling together; `met_by` of a row says with
which settings it spent them. A gradient with its value counts 1; a value alone, or a simulation of y, counts
1/3. Numbers are medians over seeds. From six seeds on, [ ] holds an interval that covers the median with 95 %
confidence; for fewer seeds ( – ) holds their range, without a stated confidence. A seed that failed counts as
worse than any other; `failed` means that the median did.

The cost to get below a threshold is what was spent at the first budget from which on the median stays below
it, up to the largest budget. The true cost lies between this and what was spent at the budget before. `≤`
means that the smallest budget suffices, `>` that the largest does not. The ends of the interval are those of
single seeds. `tables/curves.csv` has every metric at every budget; `inf` is a failure there."""

TableLine: TypeAlias = Mapping[str, Any]  # of a table of curves or points, by column


def write_points(points: pd.DataFrame, results_dir: Path) -> None:
    """Write tables/curves.csv below `results_dir` from `curves.points`; without points, remove it."""
    path = Path(results_dir) / "tables" / "curves.csv"
    if not len(points):
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    points = points.astype({columns.FLOOR: float})
    without_nan = points.astype(object).where(points.notna(), None)
    write_csv(without_nan, path)


def section(rows: pd.DataFrame, points: pd.DataFrame) -> str:
    """The Markdown section, from `curves.curve_rows` and their `curves.points`; '' without rows."""
    if not len(rows):
        return ""
    parts = ["## At equal budgets", ABOUT]
    labels = rows.sort_values([columns.DIM, columns.LABEL], kind="stable")[columns.LABEL]
    for label in dict.fromkeys(labels):
        target_rows = rows.loc[rows[columns.LABEL] == label]
        target_points = points.loc[points[columns.LABEL] == label] if len(points) else points
        parts.append(f"### {escape_markdown(label)} at equal budgets")
        parts += _tables(target_rows, target_points)
        parts.append(_remarks(target_rows))
    return "\n\n".join(filter(None, parts))


def cost_text(line: TableLine) -> str:
    """`cost [low, high]` of a line of `costs_to_reach`; not reached costs more than the largest."""

    def text(cost: float) -> str:
        return f"> {number(line[columns.LARGEST])}" if np.isinf(cost) else number(cost)

    low, high = line[columns.low(columns.COST)], line[columns.high(columns.COST)]
    at_most = "≤ " if line[columns.AT_ONCE] else ""
    ends = "" if np.isnan(low) else _ends_text(text(line[columns.COST]), text(low), text(high), line)
    return f"{at_most}{text(line[columns.COST])}{ends}"


def value_text(line: TableLine) -> str:
    """`value [low, high]` of a line of `curves.points`."""

    def text(value: float) -> str:
        return "failed" if np.isinf(value) else number(value)

    low, high = line[columns.low(columns.VALUE)], line[columns.high(columns.VALUE)]
    value = text(line[columns.VALUE])
    return value + _ends_text(value, text(low), text(high), line)


def _ends_text(middle: str, low: str, high: str, line: TableLine) -> str:
    """The ends of an interval in [ ], those of a range in ( ); '' where both agree with the middle."""
    if low == high == middle:
        return ""
    return f" [{low}, {high}]" if line[columns.COVERS] else f" ({low} – {high})"


def _tables(rows: pd.DataFrame, points: pd.DataFrame) -> list[str]:
    """One Markdown table for each unit and each of METRICS_SHOWN in which the target has points."""
    tables = []
    for unit in COST_COLUMNS:
        for metric in METRICS_SHOWN:
            chosen = points
            if len(points):
                of_unit = points[columns.BUDGET_UNIT] == unit
                chosen = points.loc[of_unit & (points[columns.METRIC] == metric)]
            if len(chosen):
                goals = [goal for goal in GOALS if goal.unit == unit and goal.metric == metric]
                costs = {goal: costs_to_reach(rows, goal) for goal in goals}
                tables.append(_table(chosen.to_dict("records"), costs))
    return tables


def _table(points: Sequence[TableLine], costs_by_goal: Mapping[Goal, pd.DataFrame]) -> str:
    """A line per sampler, from the points of one metric; a column per goal, then one per budget."""
    samplers = sort_samplers(point[columns.SAMPLER] for point in points)
    entries: dict[str, dict[str, str]] = {"seeds": {}}  # by heading and sampler
    for sampler in samplers:
        seeds = [point[columns.SEEDS] for point in points if point[columns.SAMPLER] == sampler]
        entries["seeds"][sampler] = _counts(seeds)
    for goal, table in costs_by_goal.items():
        for line in table.to_dict("records"):
            entries.setdefault(_goal_heading(goal), {})[line[columns.SAMPLER]] = cost_text(line)
    for point in points:
        entries.setdefault(_value_heading(point), {})[point[columns.SAMPLER]] = value_text(point)
    lines = []
    for sampler in samplers:
        numbers = [column.get(sampler, "") for column in entries.values()]
        lines.append([escape_markdown(sampler), *numbers])
    return markdown_table(["sampler", *entries], lines)


def _goal_heading(goal: Goal) -> str:
    return escape_bars(f"{goal.unit} to {METRICS[goal.metric]} < {goal.threshold}")


def _value_heading(point: TableLine) -> str:
    budget = f"{number(point[columns.BUDGET])}{UNIT_SIGNS[point[columns.BUDGET_UNIT]]}"
    return escape_bars(f"{METRICS[point[columns.METRIC]]} at {budget}")


def _counts(seeds: Sequence[int]) -> str:
    """The number of seeds, or the smallest and largest where it differs between points."""
    low, high = min(seeds), max(seeds)
    return str(low) if low == high else f"{low} – {high}"


def _remarks(rows: pd.DataFrame) -> str:
    """A list of the budgets that were missed and of the rows that failed, with reasons."""
    remarks = []
    for (sampler, unit, budget), seeds in rows.groupby(  # pyright: ignore  the key is a tuple
        [columns.SAMPLER, columns.BUDGET_UNIT, columns.BUDGET]
    ):
        texts = [*_missed(seeds), *_failures(seeds)]
        if texts:
            remark = f"{sampler} for {number(budget)} {unit}: {'; '.join(texts)}"
            remarks.append(f"- {escape_markdown(remark)}")
    return "\n".join(remarks)


def _missed(seeds: pd.DataFrame) -> list[str]:
    """How many seeds missed the budget, and the note of the one with the median cost: each has its own."""
    missed = seeds.loc[seeds[columns.NOTE].notna()]
    if not len(missed):
        return []
    example = missed.sort_values(columns.COST).iloc[len(missed) // 2]
    text = f"{len(missed)} of {len(seeds)} seeds missed it"
    return [f"{text}, such as seed {example[columns.SEED]}: {example[columns.NOTE]}"]


def _failures(seeds: pd.DataFrame) -> list[str]:
    """Status and reason of the rows that are not ok, each pair once."""
    failed = seeds.loc[seeds[columns.STATUS] != "ok"]
    endings = dict.fromkeys(zip(failed[columns.STATUS], failed[columns.REASON], strict=True))
    return [f"{status}: {reason or 'no reason given'}" for status, reason in endings]
