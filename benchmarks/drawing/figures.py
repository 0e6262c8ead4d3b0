"""All figures of the stored rows."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bridgemark.benchmarks.analysis import columns, curves, ranks
from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table, without_budget
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.analysis.views import VIEWS, own_samplers, views_with_rows
from bridgemark.benchmarks.drawing import rank_figures, stamps
from bridgemark.benchmarks.drawing.cost_and_time import bias_against_cost, seconds_by_phase
from bridgemark.benchmarks.drawing.curve_figures import AXIS_LABELS, curve_figures
from bridgemark.benchmarks.drawing.draw_panels import draw_panels
from bridgemark.benchmarks.drawing.log_z_errors import log_z_errors
from bridgemark.benchmarks.drawing.published import published_figure
from bridgemark.benchmarks.drawing.style import Styles, sampler_styles, set_theme
from bridgemark.benchmarks.rows.row import Row

SOLVED = curves.GOALS[0].threshold
OF_A_VIEW = ("samples", "log_z_error", "bias_cost", "time", "ranks", "mean_ranks", "profiles")
OF_BUDGETS = tuple(f"curves_{unit}" for unit in AXIS_LABELS)
PUBLISHED = "published"
NAMES = (*(f"{view.name}{name}" for view in VIEWS for name in OF_A_VIEW), *OF_BUDGETS, PUBLISHED)


def write(rows: Sequence[Row], results_dir: Path) -> list[Path]:
    """Draw every figure as figures/NAME.png below `results_dir` and return the paths.

    Each view has its figures, of which those that would show nothing are left out; rows with a budget have
    figures of their own. A figure has the stamp of its rows. Figures of earlier rows are removed.
    """
    folder = Path(results_dir) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.png").unlink(missing_ok=True)
    set_theme()
    table = row_table(rows)
    current = _current(table)
    styles = sampler_styles(table[columns.SAMPLER])
    by_identity = {row.identity: row for row in rows}
    paths = []
    for view, selected in views_with_rows(current):
        view_rows = [by_identity[identity] for identity in selected[columns.IDENTITY]]
        paths += _view_figures(view.name, selected, view_rows, styles, folder)
    if len(current):
        paths += published_figure(_summary_rows(current), styles, folder)
    paths += curve_figures(curves.points(curves.curve_rows(table)), styles, folder)
    drawn = _drawn_rows(rows, table, current)
    for path in paths:
        stamps.write(path, stamps.stamp_of(drawn[path.stem]))
    return paths


def drawn_rows(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """By the name of a figure, the rows that are in it, whether it is drawn or left out."""
    table = row_table(rows)
    return _drawn_rows(rows, table, _current(table))


def _drawn_rows(rows: Sequence[Row], table: pd.DataFrame, current: pd.DataFrame) -> dict[str, list[Row]]:
    tables = {PUBLISHED: current} | dict.fromkeys(OF_BUDGETS, curves.curve_rows(table))
    for view, selected in views_with_rows(current):
        tables |= {f"{view.name}{name}": selected for name in OF_A_VIEW}
    by_identity = {row.identity: row for row in rows}
    return {name: [by_identity[key] for key in drawn[columns.IDENTITY]] for name, drawn in tables.items()}


def _current(table: pd.DataFrame) -> pd.DataFrame:
    """The current rows without a budget, those of small targets first."""
    order = [columns.DIM, columns.TARGET, columns.SEED]
    return without_budget(drop_superseded(table)).sort_values(order, kind="stable")


def _summary_rows(table: pd.DataFrame) -> list[dict]:
    """The summary rows of a row table, those of small targets first."""
    summary = summary_table(table).sort_values([columns.DIM, columns.TARGET], kind="stable")
    return summary.to_dict("records")


def _view_figures(
    view: str, table: pd.DataFrame, rows: Sequence[Row], styles: Styles, folder: Path
) -> list[Path]:
    """The figures of one view, from its row table and the same rows; `view` begins their names."""
    table_rows = table.to_dict("records")
    blocks = ranks.blocks(table)
    metrics = {target: block.metric for target, block in blocks.items()}
    means, profiles = ranks.mean_ranks(metrics), ranks.profiles(blocks, SOLVED)

    def path(name: str) -> Path:
        return folder / f"{view}{name}.png"

    return [
        *draw_panels(rows, styles, path("samples")),
        *log_z_errors(table_rows, styles, path("log_z_error")),
        *bias_against_cost(table_rows, styles, path("bias_cost"), own_samplers(table)),
        *seconds_by_phase(_summary_rows(table), path("time")),
        *rank_figures.rank_intervals(metrics, styles, path("ranks")),
        *rank_figures.mean_rank_diagram(means, styles, path("mean_ranks")),
        *rank_figures.cost_profiles(profiles, SOLVED, styles, path("profiles")),
    ]
