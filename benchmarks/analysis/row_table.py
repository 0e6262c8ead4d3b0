"""The row table: all stored rows as a data frame with a line per row, and selections from it."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.components import repeat_columns
from bridgemark.benchmarks.rows.cost import spent
from bridgemark.benchmarks.rows.row import Row

TableRow: TypeAlias = dict[str, Any]  # one line of the row table, by column
DICTIONARIES = ("fit_evals", "sample_evals", "metrics", "floors", "errors", "repeats", "versions")


def row_table(rows: Iterable[Row]) -> pd.DataFrame:
    """One line per row, in order of target, sampler and seed.

    The columns are the fields of `Row`; the metrics, by name; the entries of its other dictionaries, with a
    prefix; and what follows from several fields. Values keep their Python types, so that None (no meaning)
    and NaN (failed) stay apart.
    """
    lines = [_line_of(row) for row in rows]
    names: dict[str, Any] = {}  # of all lines, in order of their first appearance
    for line in lines:
        names.update(line)
    # pandas would fill the gaps of dictionaries with NaN.
    values = [[line.get(name) for name in names] for line in lines]
    table = pd.DataFrame(values, columns=list(names or (*columns.GROUP, *columns.TEXT)), dtype=object)
    order = [columns.TARGET, columns.SAMPLER, columns.SEED]
    return table.sort_values(order, kind="stable", ignore_index=True)


def without_budget(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a row table that were run as configured, without a budget."""
    return table.loc[table[columns.BUDGET].isna()]


def with_budget(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a row table that were run to spend a budget."""
    return table.loc[table[columns.BUDGET].notna()]


def drop_superseded(table: pd.DataFrame, across: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a row table that no later edit of their sampler superseded.

    Rows that agree in `columns.GROUP` except `config` and `source` are of one sampler before and after edits:
    only those of the configuration and source that was started last stay. Rows that differ in the columns
    `across` supersede each other, too. Unknown devices are filled.
    """
    setting = [name for name in (*columns.BLOCK, columns.SAMPLER) if name not in across]
    edited = [columns.CONFIG, columns.SOURCE]
    filled = fill_device(table, (*columns.BLOCK, columns.SAMPLER))
    by_age = filled.sort_values(columns.STARTED, kind="stable", na_position="first")
    newest = by_age.groupby(setting, dropna=False)[edited].transform("last").reindex(filled.index)
    return filled.loc[(filled[edited] == newest).all(axis=1)]


def fill_device(table: pd.DataFrame, within: Sequence[str]) -> pd.DataFrame:
    """The row table with the devices that killed runs could not record.

    An unknown device becomes the first known one among the rows that agree in the other columns `within`.
    """
    beside = [name for name in within if name != columns.DEVICE]
    first = table.groupby(beside, dropna=False)[columns.DEVICE].transform("first")
    device = table[columns.DEVICE]
    return table.assign(device=device.where(device.notna(), first))


def _line_of(row: Row) -> dict[str, Any]:
    line = {name: value for name, value in vars(row).items() if name not in DICTIONARIES}
    line |= row.metrics
    for phase, cost in (("fit_evals", row.fit_evals), ("sample_evals", row.sample_evals)):
        if cost is not None:
            line |= {columns.evaluations_of(phase, kind): count for kind, count in vars(cost).items()}
    line |= {columns.floor_of(name): value for name, value in row.floors.items()}
    line |= {columns.error_of(name): value for name, value in row.errors.items()}
    line |= {columns.VERSIONS + package: version for package, version in row.versions.items()}
    return line | _derived(row) | repeat_columns(row.repeats)


def _derived(row: Row) -> dict[str, Any]:
    """What follows from several fields of a row, None where one of them is unknown."""
    log_z, error = row.metrics.get(columns.LOG_Z), row.metrics.get(columns.LOG_Z_ERROR)
    fit, sample = row.fit_evals, row.sample_evals
    costs = [cost for cost in (fit, sample) if cost is not None]
    seconds = [value for value in (row.fit_seconds, row.sample_seconds) if value is not None]
    return {
        columns.LOG_Z_ABS_ERROR: None if error is None else abs(error),
        columns.LOG_Z_TRUTH: None if log_z is None or error is None else round(log_z - error, 9),
        columns.GRADIENTS: sum(cost.gradients for cost in costs) if costs else None,
        columns.SPENT: None if fit is None or sample is None else spent(fit, sample),
        columns.SPENT_SECONDS: sum(seconds) if len(seconds) == 2 else None,
    }
