"""The leaderboard's section "At equal budgets", and tables/curves.csv, from the rows with a budget."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import curves
from bridgemark.benchmarks.analysis.curves import COST, GOALS, METRICS, Goal
from bridgemark.benchmarks.analysis.tables import Line
from bridgemark.benchmarks.text import escaped, number

SHOWN = tuple(goal.metric for goal in GOALS)  # on the page; curves.csv has all
SIGN = {"gradients": "", "seconds": " s"}
FIGURES = {
    "curves_gradients": "Medians over seeds against gradients really spent, at equal budgets of gradients.",
    "curves_seconds": "Medians over seeds against seconds really spent, at equal budgets of seconds.",
}
ABOUT = f"""\
Every sampler was given the same budgets, of fit and sample together, and spent them as `met_by` in `tables/`
says; a gradient with its value counts 1, a value alone or a simulation of y 1/3. Numbers are medians over
seeds. In [ ] stands the interval that holds the median at 95 %, from 6 seeds on; in ( – ) the range of fewer,
which claims nothing. A seed that failed is worst, beyond all others: `failed`.

What it costs to get below a threshold is what was spent at the first budget from which on the median stays
below it, up to the largest; the true cost lies between it and the budget before. `≤`: the smallest budget
suffices. `>`: not reached for good by the largest, and no more is known. The ends are those of seeds judged
each alone. {", ".join(METRICS.values()).replace("|", "&#124;")} at every budget are in
`tables/curves.csv`, where `inf` is a failure."""


def write(table: pd.DataFrame, results_dir: Path) -> str:
    """The section, once tables/curves.csv is written below results_dir; '' and no file without such rows."""
    rows = curves.prepared(table)
    found = curves.points(rows)
    if not len(rows):
        return ""
    path = Path(results_dir) / "tables" / "curves.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = {"floor": float} if len(found) else {}
    found.astype(numbers).to_csv(path, index=False, float_format="%.6g")
    parts = ["## At equal budgets", ABOUT]
    labels = rows.sort_values(["dim", "label"], kind="stable")["label"]
    for label in dict.fromkeys(labels):
        own = rows.loc[rows["label"] == label]
        points = found.loc[found["label"] == label] if len(found) else found
        parts += [f"### {label} at equal budgets", *_of_target(own, points), _remarks(own)]
    return "\n\n".join(filter(None, parts))


def text_of_reached(line: Line) -> str:
    """`cost [low, high]` of a line of `curves.reached`; not reached is more than the largest."""
    most = f"> {number(line['largest'])}"
    cost, *ends = (most if np.isinf(line[name]) else number(line[name]) for name in ("cost", "low", "high"))
    told = "" if np.isnan(line["low"]) or ends == [cost, cost] else f" {_between(ends, line['covers'])}"
    return f"{'≤ ' if line['at_once'] else ''}{cost}{told}"


def text_of_value(line: Line) -> str:
    """`value [low, high]` of a line of `curves.points`."""
    value, *ends = (
        "failed" if np.isinf(line[name]) else number(line[name])
        for name in ("value", "value.low", "value.high")
    )
    return value if ends == [value, value] else f"{value} {_between(ends, line['covers'])}"


def _between(ends: Sequence[str], covers: bool) -> str:
    return f"[{', '.join(ends)}]" if covers else f"({' – '.join(ends)})"


def _of_target(rows: pd.DataFrame, points: pd.DataFrame) -> list[str]:
    """A table a unit: samplers down, the cheapest to the goal first."""
    tables = []
    for unit in COST:
        own = points.loc[points["budget_unit"] == unit] if len(points) else points
        if len(own):
            goals = [goal for goal in GOALS if goal.unit == unit]
            tables.append(
                _table(own.to_dict("records"), {goal: curves.reached(rows, goal) for goal in goals})
            )
    return tables


def _table(points: Sequence[Line], goals: dict[Goal, pd.DataFrame]) -> str:
    cells: dict[str, dict[str, str]] = {point["sampler"]: {} for point in points}
    cost: dict[str, float] = {}
    for name, cell in cells.items():
        cell["seeds"] = _counts([point["seeds"] for point in points if point["sampler"] == name])
    for goal, found in goals.items():
        for line in found.to_dict("records"):
            cells[line["sampler"]][_aim(goal)] = text_of_reached(line)
            cost[line["sampler"]] = line["cost"]
    for metric in SHOWN:
        for point in points:
            if point["metric"] == metric:
                heading = (
                    f"{METRICS[metric]} at {number(point['budget'])}{SIGN[point['budget_unit']]}".replace(
                        "|", "\\|"
                    )
                )
                cells[point["sampler"]][heading] = text_of_value(point)
    order = sorted(cells, key=lambda name: (cost.get(name, np.inf), name not in cost, name))
    headings = list(dict.fromkeys(heading for cell in cells.values() for heading in cell))
    lines = [[name, *(cells[name].get(heading, "") for heading in headings)] for name in order]
    return pd.DataFrame(lines, columns=["sampler", *headings]).to_markdown(index=False, disable_numparse=True)


def _aim(goal: Goal) -> str:
    return f"{goal.unit} to {METRICS[goal.metric]} < {goal.threshold}".replace("|", "\\|")


def _counts(seeds: Sequence[int]) -> str:
    low, high = min(seeds), max(seeds)
    return str(low) if low == high else f"{low} – {high}"


def _remarks(rows: pd.DataFrame) -> str:
    """What missed its budget, with one seed's note as each has its own, and what failed."""
    lines = []
    groups = rows.groupby(["sampler", "budget_unit", "budget"])
    for (sampler, unit, budget), own in groups:  # pyright: ignore
        texts = [f"{status}: {reason or 'no reason given'}" for status, reason in _ends(own)]
        missed = own.loc[own["note"].notna()]
        if len(missed):
            one = missed.sort_values("cost").iloc[len(missed) // 2]
            seeds = f"{len(missed)} of {len(own)} seeds missed it"
            texts.insert(0, f"{seeds}, such as seed {one['seed']}: {one['note']}")
        if texts:
            lines.append(f"- {sampler} for {number(budget)} {unit}: {escaped('; '.join(texts))}")
    return "\n".join(lines)


def _ends(rows: pd.DataFrame) -> list[tuple[str, str | None]]:
    """Status and reason of what is not ok, each pair once."""
    lost = rows.loc[rows["status"] != "ok"]
    return list(dict.fromkeys(zip(lost["status"], lost["reason"], strict=True)))
