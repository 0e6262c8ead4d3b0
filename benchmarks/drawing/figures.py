"""The figures of the stored rows: errors of log Z here, the others in `multiples` and `scatter`."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter

from bridgemark.benchmarks.analysis import curves, ranks
from bridgemark.benchmarks.analysis.tables import MAIN, Line, current, frame, plain, summary
from bridgemark.benchmarks.drawing import cost_and_time, curve_figures, draw_panels, published, rank_figures
from bridgemark.benchmarks.drawing.style import GREY, begin, grid, head, looks, order, sampler_handles, save
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.text import number

SOLVED = curves.GOALS[0].threshold
LINEAR = 0.01  # errors of log Z below this are drawn on a linear scale


def write(store: Store, results_dir: Path) -> list[Path]:
    """Draw every figure, figures/NAME.png below results_dir, from what is stored.

    Rows with a budget have their own figures, and rows without have theirs; of none there is no file.
    """
    folder = Path(results_dir) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    begin()
    records = store.read_all()
    whole = frame(records)
    budgets = curve_figures.write(curves.points(curves.prepared(whole)), folder)
    table = plain(current(whole)).sort_values(["dim", "target", "seed"], kind="stable")
    if not len(table):
        return budgets
    lines = summary(table).sort_values(["dim", "target"], kind="stable").to_dict("records")
    rows, stored = table.to_dict("records"), {record.identity: record for record in records}
    return [
        draw_panels.samples(store, [stored[row["identity"]] for row in rows], folder / "samples.png"),
        log_z_error(rows, folder / "log_z_error.png"),
        cost_and_time.bias_cost(rows, folder / "bias_cost.png"),
        cost_and_time.time(lines, folder / "time.png"),
        *_of_ranks(table, folder),
        *published.published(lines, folder),
        *budgets,
    ]


def _of_ranks(table: pd.DataFrame, folder: Path) -> list[Path]:
    both = ranks.blocks(table, MAIN, "spent")
    ranked = {target: metric for target, (metric, _) in both.items()}
    return [
        rank_figures.rank_intervals(ranked, folder / "ranks.png"),
        rank_figures.mean_rank_diagram(ranks.mean_ranks(ranked), folder / "mean_ranks.png"),
        rank_figures.cost_profiles(ranks.profiles(both, SOLVED), SOLVED, folder / "profiles.png"),
    ]


def log_z_error(rows: Sequence[Line], path: Path) -> Path:
    """Signed errors on a symmetric logarithmic axis: targets down, a dot a seed, failures at the edge."""
    rows = _judged(rows)
    samplers = order(row["sampler"] for row in rows)
    targets = list(dict.fromkeys(row["target"] for row in rows))
    height = max(0.75, 0.11 * len(samplers))
    figure, (axis,) = grid(1, 1, 9.5, 1.0 + height * max(1, len(targets)))
    _symlog(axis, max([LINEAR, *(abs(row["log_z_error"]) for row in rows if _finite(row))]))
    for row in rows:
        slot = (samplers.index(row["sampler"]) + 0.5) / len(samplers) - 0.5
        _mark(axis, row, targets.index(row["target"]) + 0.8 * slot, looks(samplers)[row["sampler"]])
    for place, target in enumerate(targets):
        _truth(axis, place, [row.get("errors.log_z_truth") or 0.0 for row in rows if row["target"] == target])
    axis.set(yticks=range(len(targets)), yticklabels=targets, ylim=(len(targets) - 0.5, -0.5))
    axis.set_xlabel(f"estimate of log Z less the truth, in nats (linear inside ±{LINEAR})")
    axis.tick_params(axis="y", length=0)
    extra = [
        Line2D([], [], color=GREY, marker="x", linestyle="", label="failed seed"),
        Patch(color="0.85", label="3 standard errors of the truth"),
    ]
    head(figure, "How far log Z is off, one mark a seed", [*sampler_handles(samplers), *extra])
    return save(figure, path)


def _judged(rows: Sequence[Line]) -> list[Line]:
    """Rows with an error of log Z, and the failures of samplers that may offer one: chains never do."""
    offered = {row["sampler"] for row in rows if row.get("log_z_error") is not None}
    idle = {row["sampler"] for row in rows if row["status"] == "ok"} - offered
    told = [row for row in rows if row["status"] != "ok" or row.get("log_z_error") is not None]
    return [row for row in told if row["sampler"] not in idle]


def _truth(axis: Axes, place: int, errors: Sequence[float]) -> None:
    reach = 3 * max(errors)
    axis.add_patch(Rectangle((-reach, place - 0.5), 2 * reach, 1, color="0.85", linewidth=0, zorder=0))
    axis.axhline(place + 0.5, color="0.9", linewidth=0.8, zorder=0)


def _symlog(axis: Axes, reach: float) -> None:
    axis.set_xscale("symlog", linthresh=LINEAR, linscale=0.6)
    axis.set_xlim(-4 * reach, 4 * reach)
    decades = [LINEAR * 10**power for power in range(12) if LINEAR * 10**power < 4 * reach]
    axis.xaxis.set_major_locator(FixedLocator([*(-value for value in decades), 0, *decades]))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value).replace("-", "−")))
    axis.axvline(0, color=GREY, linewidth=0.8, zorder=1)


def _finite(row: Line) -> bool:
    return row["status"] == "ok" and math.isfinite(row["log_z_error"])


def _mark(axis: Axes, row: Line, place: float, look: tuple) -> None:
    """One seed: its marker at the error, or a cross at the right edge."""
    colour, marker = look
    if _finite(row):
        axis.plot(
            row["log_z_error"], place, marker, color=colour, markersize=8, markeredgecolor="white", alpha=0.9
        )
    else:
        axis.plot(0.985, place, "x", color=colour, markersize=6, transform=axis.get_yaxis_transform())
