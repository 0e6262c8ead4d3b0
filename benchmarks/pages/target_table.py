"""The leaderboard's section for one density: its truth, narrow tables of samplers, and why some failed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.standings import Standings
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.benchmarks.pages.shown_rows import ShownRows
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K
from bridgemark.benchmarks.text import count, escape_markdown, markdown_table, number, with_error

IMPOSSIBLE = 3.0  # standard errors below zero by which a gap that cannot be negative is marked


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and a function from a summary row to the text of an entry.

    Both are plain text. `metric` names the column of the summary table whose numbers order the entries, where
    there is one.
    """

    heading: str
    entry: Callable[[SummaryRow], str]
    metric: str = ""


def section(rows: Sequence[SummaryRow], shown: ShownRows) -> str:
    """The Markdown section of one density, from its summary rows in the order of the table."""
    name = Column("sampler", lambda row: escape_markdown(row[columns.LABEL]) + shown.marks.mark(row))
    tables = (main_columns(rows, shown.standings), spread_columns(), distance_columns(rows))
    parts = [
        f"### {escape_markdown(rows[0][columns.TARGET])}",
        _about(rows, shown),
        *(_table(rows, name, possible) for possible in tables),
        _reasons(rows),
    ]
    return "\n\n".join(filter(None, parts))


def _table(rows: Sequence[SummaryRow], name: Column, possible: Sequence[Column]) -> str:
    """A Markdown table of the columns and rows that have an entry, with the names of the rows first."""
    headings, entries = [name.heading], []
    for column in possible:
        texts = [column.entry(row) for row in rows]
        if any(texts):
            headings.append(escape_markdown(column.heading))
            entries.append(texts)
    lines = []
    for row, *texts in zip(rows, *entries, strict=True):
        if any(texts):
            lines.append([name.entry(row), *texts])
    return markdown_table(headings, lines) if lines else ""


def main_columns(rows: Sequence[SummaryRow], groups: Standings) -> list[Column]:
    """Cost beside the name, then the numbers that matter most."""
    seeds = {row[columns.SEEDS] for row in rows}
    all_alike = len(seeds) == 1 and all(row["ok"] == row[columns.SEEDS] for row in rows)
    return [
        Column("seeds", lambda row: "" if all_alike else f"{row['ok']}/{row[columns.SEEDS]}"),
        Column("gradients", lambda row: number(row.get(columns.SPENT)), columns.SPENT),
        Column("seconds", lambda row: number(row.get(columns.SPENT_SECONDS)), columns.SPENT_SECONDS),
        Column("group", lambda row: str(groups.group(row) or "")),
        Column("log Z error", _log_z_error, columns.LOG_Z_ABS_ERROR),
        _with_floor("bias² of x", columns.MAIN_METRIC),
        Column("ESS", _ess),
        Column("R-hat", lambda row: number(row.get(columns.R_HAT_MAX), digits=3), columns.R_HAT_MAX),
    ]


def estimate_columns() -> list[Column]:
    """Estimates for densities whose log Z nobody knows; empty for the others."""

    def of_unknown(entry: Callable[[SummaryRow], str]) -> Callable[[SummaryRow], str]:
        return lambda row: "" if row.get(columns.LOG_Z_ERROR) is not None else entry(row)

    return [
        Column("log Z", of_unknown(_log_z), columns.LOG_Z),
        Column("lower bound", of_unknown(lambda row: number(row.get(columns.ELBO), 6)), columns.ELBO),
    ]


def spread_columns() -> list[Column]:
    """How the main numbers vary, and the gaps of the bounds of log Z."""
    return [
        Column("ends of log Z error", lambda row: _ends(row, columns.LOG_Z_ERROR)),
        Column("sd of log Z", _log_z_sd),
        Column("ends of bias² of x", lambda row: _ends(row, columns.MAIN_METRIC)),
        _gap("ELBO gap", columns.ELBO_GAP, columns.error_of(columns.ELBO)),
        _gap("EUBO gap", columns.EUBO_GAP, columns.error_of(columns.EUBO)),
    ]


def distance_columns(rows: Sequence[SummaryRow]) -> list[Column]:
    """Further scores of the draws, each with its noise floor."""
    return [
        *(_with_floor(_bias_heading(metric), metric) for metric in _further_biases(rows)),
        _with_floor("mode TV", columns.MODE_TV),
        _with_floor("sliced W2", columns.SLICED_W2),
        _with_floor("Sinkhorn", columns.SINKHORN),
        _with_floor("C2ST", columns.C2ST),
    ]


def _about(rows: Sequence[SummaryRow], shown: ShownRows) -> str:
    """What the density is, what was run, and how many of the samplers can be told apart."""
    first = rows[0]
    facts = [
        f"d = {first[columns.DIM]}",
        f"version {first[columns.TARGET_VERSION]}",
        f"fingerprint {first[columns.FINGERPRINT][:12]}",
        f"{_range(rows, columns.DRAWS)} draws",
        f"{_range(rows, columns.SEEDS)} seeds",
    ]
    return f"{', '.join(facts)}{_truth(rows)}.\n{_separation(rows, shown)}".strip()


def _range(rows: Sequence[SummaryRow], name: str) -> str:
    """The value of a column, or the least and the largest where it differs between rows."""
    low, high = min(row[name] for row in rows), max(row[name] for row in rows)
    return str(low) if low == high else f"{low} to {high}"


def _separation(rows: Sequence[SummaryRow], shown: ShownRows) -> str:
    """A sentence on the share of neighbouring pairs that can be told apart, for each setting."""
    groups = shown.standings
    settings = {id(ties): ties for ties in map(groups.of_setting, rows)}
    sentences = []
    for ties in settings.values():
        if ties.pairs:
            pairs, share = count(ties.pairs, "pair"), round(100 * ties.separated / ties.pairs)
            separated = f"{ties.separated} ({share} %) can be told apart"
            sentences.append(f"Of {pairs} of neighbours by bias² of x, {separated}.")
    return "\n".join(sentences)


def _truth(rows: Sequence[SummaryRow]) -> str:
    """The true log Z with its standard error, from a summary row that estimated it."""
    for row in rows:
        if row.get(columns.LOG_Z_ERROR) is not None:
            truth, error = row.get(columns.LOG_Z_TRUTH), row.get(columns.LOG_Z_TRUTH_ERROR)
            return f", log Z = {number(truth, 6)} ± {number(error)}"
    return ""


def _reasons(rows: Sequence[SummaryRow]) -> str:
    """A list of the samplers with rows that are not ok, with the reasons."""
    failed = [row for row in rows if row[columns.REASON]]
    return "\n".join(f"- {escape_markdown(f'{row[columns.LABEL]}: {row[columns.REASON]}')}" for row in failed)


def _further_biases(rows: Sequence[SummaryRow]) -> list[str]:
    """The squared biases of the worst coordinate that the rows have, without that of x."""
    names = dict.fromkeys(name for row in rows for name in row)
    biases = [name for name in names if name.startswith("bias2_") and name.endswith("_max")]
    return [name for name in biases if name != columns.MAIN_METRIC]


def _bias_heading(metric: str) -> str:
    """The heading "bias² of x2" of the metric "bias2_x2_max"."""
    function = metric.removeprefix("bias2_").removesuffix("_max")
    return f"bias² of {function}"


def _ends(row: SummaryRow, name: str) -> str:
    """The ends of the interval of a median, or of the range where seeds are too few."""
    low, high = number(row.get(columns.low(name))), number(row.get(columns.high(name)))
    if not low or low == high:
        return low
    return f"[{low}, {high}]"


def _with_floor(heading: str, metric: str) -> Column:
    """A column of a metric, with the noise floor after a slash where there is one."""

    def entry(row: SummaryRow) -> str:
        value, floor = number(row.get(metric)), number(row.get(columns.floor_of(metric)))
        return f"{value} / {floor}" if value and floor else value

    return Column(heading, entry, metric)


def _gap(heading: str, metric: str, error: str) -> Column:
    """A column of a gap that cannot be negative; ‡ where it is so by more than IMPOSSIBLE errors.

    `error` is the column of the standard error of the bound. That of the truth is added to it.
    """

    def entry(row: SummaryRow) -> str:
        noise = math.hypot(row.get(error) or 0.0, row.get(columns.LOG_Z_TRUTH_ERROR) or 0.0)
        impossible = (row.get(metric) or 0.0) < -IMPOSSIBLE * noise
        return number(row.get(metric)) + " ‡" * impossible

    return Column(heading, entry, metric)


def _log_z_error(row: SummaryRow) -> str:
    """The median absolute error, with the sign that all seeds agree on or ±.

    † marks weights that are too heavy-tailed for their mean to be trusted.
    """
    size = row.get(columns.LOG_Z_ABS_ERROR)
    if size is None or math.isnan(size):
        return number(size)
    low, high = row[columns.low(columns.LOG_Z_ERROR)], row[columns.high(columns.LOG_Z_ERROR)]
    sign = "+" if low > 0 else "-" if high < 0 else "±"
    heavy_tailed = (row.get(columns.PARETO_K) or 0.0) > MAX_TRUSTED_K
    return f"{sign}{number(size)}" + " †" * heavy_tailed


def _log_z(row: SummaryRow) -> str:
    """The median estimate with the median standard error; † marks weights that are too heavy-tailed."""
    value, error = row.get(columns.LOG_Z), row.get(columns.error_of(columns.LOG_Z))
    if value is None or math.isnan(value):
        return ""
    heavy_tailed = (row.get(columns.PARETO_K) or 0.0) > MAX_TRUSTED_K
    return with_error(value, error) + " †" * heavy_tailed


def _log_z_sd(row: SummaryRow) -> str:
    """The two standard deviations of log Z; '' unless both are known."""
    names = (columns.training_sd(columns.LOG_Z_ERROR), columns.evaluation_sd(columns.LOG_Z_ERROR))
    values = [number(row.get(name)) for name in names]
    return " / ".join(values) if all(values) else ""


def _ess(row: SummaryRow) -> str:
    """Kish's share of the draws where there are importance weights, else the bulk effective sample size."""
    fraction = row.get(columns.IMPORTANCE_ESS_FRACTION)
    return number(row.get(columns.ESS_BULK_MIN)) if fraction is None else f"{100 * fraction:.2g} %"
