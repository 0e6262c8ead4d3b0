"""The generated page README.md of a folder of results, and the overview in the README of the project."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from bridgemark.benchmarks.analysis import columns, curves
from bridgemark.benchmarks.analysis.density_key import DensityKey
from bridgemark.benchmarks.pages import (
    certificates,
    equal_budgets,
    meaning,
    provenance,
    published,
    shown_figures,
    target_table,
)
from bridgemark.benchmarks.pages.origins import OriginMarks
from bridgemark.benchmarks.pages.overview import RULES, matrices, overview
from bridgemark.benchmarks.pages.shown_rows import ShownRows, ShownView, density_key, shown_rows
from bridgemark.benchmarks.rows.results import Results

BEGIN, END = "<!-- leaderboard:begin -->", "<!-- leaderboard:end -->"
ABOUT = """\
Samplers on targets whose true values are known: how far log Z and the means are off, and what that cost.
Samplers run at their default settings, so this is no order at equal cost: read a score beside its gradients
and seconds."""
TARGETS_ABOUT = """\
For each target, first the cost and the main numbers, then how they vary, then further scores. The last
section but one says [what the columns mean](#what-the-columns-mean)."""


def write(
    table: pd.DataFrame,
    results: Results,
    folder: Path,
    shown: ShownRows | None = None,
    estimates: Mapping[DensityKey, str] = MappingProxyType({}),
) -> Path:
    """Write README.md in `folder` from the row table of everything stored, and tables/curves.csv.

    The same rows give the same page. Figures appear where `folder` has them, and certificates where `results`
    have them. `shown` are the `shown_rows` of the table, for a caller that has them already. `estimates` are
    Markdown sections for densities without a known truth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = shown_rows(table) if shown is None else shown
    curve_rows = curves.curve_rows(table)
    points = curves.points(curve_rows)
    equal_budgets.write_points(points, folder)
    parts = [
        "# Leaderboard",
        ABOUT,
        f"{RULES} {shown.marks.legend()}",
        *(_section(view, shown.marks, folder) for view in shown.views),
        _targets(shown, estimates),
        equal_budgets.section(curve_rows, points),
        *shown_figures.figures(folder, shown_figures.CURVES),
        published.section(shown.rows),
        *shown_figures.figures(folder, shown_figures.PUBLISHED),
        *shown_figures.paper_figures(folder),
        certificates.section(table.loc[~table[columns.EXTERNAL].astype(bool), columns.SAMPLER], results),
        meaning.SECTION.strip(),
        provenance.section(table),
    ]
    path = folder / "README.md"
    path.write_text("\n\n".join(filter(None, parts)) + "\n")
    return path


def update_readme(path: Path, shown: ShownRows) -> bool:
    """Put the overview between the markers of a README. Without markers, return False and write nothing."""
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        return False
    path.write_text(f"{before}{begin}\n\n{overview(shown)}\n\n{end}{after}")
    return True


def _section(shown_view: ShownView, marks: OriginMarks, folder: Path) -> str:
    """The overview of a view, with its figures."""
    view = shown_view.view
    figures = shown_figures.figures_of_view(folder, view.name)
    return "\n\n".join([f"## {view.title}", view.about, matrices(shown_view, marks), *figures])


def _targets(shown: ShownRows, estimates: Mapping[DensityKey, str]) -> str:
    """A section for each density."""
    if not shown.rows:
        return ""
    sections = []
    for key, rows in groupby(shown.rows, key=density_key):
        sections += [target_table.section(list(rows), shown), estimates.get(key, "")]
    sections = list(filter(None, sections))
    return "\n\n".join(["## Target by target", TARGETS_ABOUT, *sections])
