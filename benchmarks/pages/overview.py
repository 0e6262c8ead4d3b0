"""Overviews: matrices of targets by samplers, one of the errors of log Z and one of the squared biases."""

from collections import Counter
from collections.abc import Sequence

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.order import position
from bridgemark.benchmarks.analysis.standings import Standings
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.benchmarks.pages.origins import OriginMarks
from bridgemark.benchmarks.pages.shown_rows import ShownRows, ShownView, density_key
from bridgemark.benchmarks.rows.row import STATUSES
from bridgemark.benchmarks.text import escape_markdown, markdown_table, number

CAPTIONS = {
    columns.LOG_Z_ABS_ERROR: "Median \\|log Z error\\|:",
    columns.MAIN_METRIC: "Median worst squared bias of x (0.01 is what 100 independent exact draws reach on "
    "average):",
}
RULES = """\
In bold: what cannot be told apart from the best of the same target. A dash means that the method has no such
number or that the truth is not known, an empty cell that there is no row; a seed that failed stands with its
status, counts as the worst when samplers are compared, and is in no median."""


def matrices(view: ShownView, marks: OriginMarks) -> str:
    """Two compact Markdown tables of a view."""
    return "\n\n".join(f"{caption}\n\n{_matrix(view, name, marks)}" for name, caption in CAPTIONS.items())


def overview(shown: ShownRows) -> str:
    """The matrices of the first view, with what is needed to read them."""
    tables = [matrices(view, shown.marks) for view in shown.views[:1]]
    return "\n\n".join([*tables, f"{RULES} {shown.marks.legend()}"])


def _matrix(view: ShownView, metric: str, marks: OriginMarks) -> str:
    """Targets and samplers, the more numerous of them down."""
    rows, groups = view.rows, view.standings[metric]
    densities = Counter(density.target for density in {density_key(row) for row in rows})
    entries: dict[str, dict[str, str]] = {}  # by target and sampler
    for row in rows:
        target = row[columns.TARGET]
        if densities[target] > 1:
            target = f"{target} {row[columns.FINGERPRINT][:8]}"
        entries.setdefault(target, {})[row[columns.LABEL]] = _entry(row, metric, groups) + marks.mark(row)
    in_order = sorted(rows, key=lambda row: (position(row[columns.SAMPLER]), row[columns.LABEL]))
    samplers, targets = list(dict.fromkeys(row[columns.LABEL] for row in in_order)), list(entries)
    if len(samplers) > len(targets):
        lines = [[entries[target].get(sampler, "") for target in targets] for sampler in samplers]
        return _table(samplers, targets, lines)
    return _table(targets, samplers, [[line.get(name, "") for name in samplers] for line in entries.values()])


def _table(down: Sequence[str], across: Sequence[str], entries: Sequence[Sequence[str]]) -> str:
    """A Markdown table of entries with headings, of which those down the side are in the first column."""
    lines = [[escape_markdown(name), *line] for name, line in zip(down, entries, strict=True)]
    return markdown_table(["", *map(escape_markdown, across)], lines)


def _entry(row: SummaryRow, metric: str, groups: Standings) -> str:
    """The median, in bold in the first group, with the failures."""
    failures = [f"{row[status]} {status}" for status in STATUSES if row[status] and status != "ok"]
    value = number(row.get(metric)) or ("" if failures else "–")
    if value and groups.group(row) == 1:
        value = f"**{value}**"
    return ", ".join(filter(None, [value, *failures]))
