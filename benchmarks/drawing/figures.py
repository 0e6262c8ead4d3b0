"""All figures of the stored rows."""

from collections.abc import Sequence
from pathlib import Path

from bridgemark.benchmarks.analysis import columns, curves, ranks
from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table, without_budget
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.drawing import rank_figures
from bridgemark.benchmarks.drawing.cost_and_time import bias_against_cost, seconds_by_phase
from bridgemark.benchmarks.drawing.curve_figures import curve_figures
from bridgemark.benchmarks.drawing.draw_panels import draw_panels
from bridgemark.benchmarks.drawing.log_z_errors import log_z_errors
from bridgemark.benchmarks.drawing.published import published_figure
from bridgemark.benchmarks.drawing.style import Styles, sampler_styles, set_theme
from bridgemark.benchmarks.rows.row import Row

SOLVED = curves.GOALS[0].threshold


def write(rows: Sequence[Row], results_dir: Path) -> list[Path]:
    """Draw every figure as figures/NAME.png below `results_dir` and return the paths.

    Rows with a budget have figures of their own. Without rows of one kind its figures are left out.
    """
    folder = Path(results_dir) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    set_theme()
    table = row_table(rows)
    styles = sampler_styles(table[columns.SAMPLER])
    budget_figures = curve_figures(curves.points(curves.curve_rows(table)), styles, folder)
    order = [columns.DIM, columns.TARGET]
    current = without_budget(drop_superseded(table)).sort_values([*order, columns.SEED], kind="stable")
    if not len(current):
        return budget_figures
    current_rows = current.to_dict("records")
    summary_rows = summary_table(current).sort_values(order, kind="stable").to_dict("records")
    by_identity = {row.identity: row for row in rows}
    stored_rows = [by_identity[identity] for identity in current[columns.IDENTITY]]
    return [
        draw_panels(stored_rows, styles, folder / "samples.png"),
        log_z_errors(current_rows, styles, folder / "log_z_error.png"),
        bias_against_cost(current_rows, styles, folder / "bias_cost.png"),
        seconds_by_phase(summary_rows, folder / "time.png"),
        *_rank_figures(ranks.blocks(current), styles, folder),
        *published_figure(summary_rows, styles, folder),
        *budget_figures,
    ]


def _rank_figures(blocks: dict[str, ranks.Block], styles: Styles, folder: Path) -> list[Path]:
    metrics = {target: block.metric for target, block in blocks.items()}
    means, profiles = ranks.mean_ranks(metrics), ranks.profiles(blocks, SOLVED)
    return [
        rank_figures.rank_intervals(metrics, styles, folder / "ranks.png"),
        rank_figures.mean_rank_diagram(means, styles, folder / "mean_ranks.png"),
        rank_figures.cost_profiles(profiles, SOLVED, styles, folder / "profiles.png"),
    ]
