"""The sections of densities without a known truth: what samplers estimate, and which of them agree."""

from collections.abc import Sequence

from bridgemark.benchmarks.analysis import unknown_density
from bridgemark.benchmarks.analysis.density_key import DensityKey, key_of_row
from bridgemark.benchmarks.analysis.estimates import Estimates
from bridgemark.benchmarks.analysis.unknown_density import Table
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.text import escape_markdown, markdown_table


def sections(rows: Sequence[Row], results: Results) -> dict[DensityKey, str]:
    """The Markdown section of every density without a known truth; `results` has the stored draws."""
    by_density: dict[DensityKey, list[Row]] = {}
    for row in rows:
        by_density.setdefault(key_of_row(row), []).append(row)
    return {
        key: section(unknown_density.estimate_all(members, results))
        for key, members in by_density.items()
        if unknown_density.is_unknown(members)
    }


def section(made: Sequence[Estimates]) -> str:
    """What the samplers estimate of one density."""
    if not made:
        return ""
    return "\n\n".join([unknown_density.ABOUT, *map(_markdown, unknown_density.tables(made))])


def _markdown(table: Table) -> str:
    headings, *lines = [[escape_markdown(cell) for cell in line] for line in (table.headings, *table.lines)]
    return markdown_table(headings, lines)
