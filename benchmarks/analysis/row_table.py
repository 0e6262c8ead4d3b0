"""The row table: all stored rows as a data frame with a line per row, and selections from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.components import repeat_columns
from bridgemark.benchmarks.rows.cost import spent
from bridgemark.benchmarks.rows.reading import without_garbage_collection
from bridgemark.benchmarks.rows.row import Row

TableRow: TypeAlias = dict[str, Any]  # one line of the row table, by column
DICTIONARIES = ("fit_evals", "sample_evals", "metrics", "floors", "errors", "repeats", "versions")
LISTS = ("shown_draws",)  # for pictures only
FIELDS = tuple(field.name for field in fields(Row) if field.name not in (*DICTIONARIES, *LISTS))


def row_table(rows: Iterable[Row]) -> pd.DataFrame:
    """One line per row, in order of target, sampler and seed.

    The columns are the fields of `Row`; the metrics, by name; the entries of its other dictionaries, with a
    prefix; and what follows from several fields. Values keep their Python types, so that None (no meaning)
    and NaN (failed) stay apart.
    """
    with without_garbage_collection():
        values = _columns(sorted(rows, key=lambda row: (row.target, row.sampler, row.seed)))
        return pd.DataFrame(values, dtype=object)


def without_budget(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a row table that were run as configured, without a budget."""
    return table.loc[table[columns.BUDGET].isna()]


def with_budget(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a row table that were run to spend a budget."""
    return table.loc[table[columns.BUDGET].notna()]


def drop_superseded(table: pd.DataFrame, across: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a row table that no later edit of their sampler or target and no later run superseded.

    Rows that agree in `columns.GROUP` except `config`, `source` and `target_hash` are of one sampler and
    target before and after edits: only those of the edition that was started last stay. Rows that differ in
    the columns `across` supersede each other, too. Of several rows of one seed, such as those of different
    versions of a package, the one that was started last stays. Unknown devices are filled.
    """
    setting = [name for name in (*columns.BLOCK, columns.SAMPLER) if name not in across]
    edited = [columns.CONFIG, columns.SOURCE, columns.TARGET_HASH]
    filled = fill_device(table, (*columns.BLOCK, columns.SAMPLER))
    by_age = filled.sort_values(columns.STARTED, kind="stable", na_position="first")
    newest = by_age.groupby(setting, dropna=False)[edited].transform("last").reindex(filled.index)
    run_again = by_age.duplicated([*columns.BLOCK, columns.SAMPLER, columns.SEED], keep="last")
    return filled.loc[(filled[edited] == newest).all(axis=1) & ~run_again.reindex(filled.index)]


def fill_device(table: pd.DataFrame, within: Sequence[str]) -> pd.DataFrame:
    """The row table with the devices that killed runs could not record.

    An unknown device becomes the first known one among the rows that agree in the other columns `within`.
    """
    device = table[columns.DEVICE]
    if device.notna().to_numpy().all():
        return table
    beside = [name for name in within if name != columns.DEVICE]
    first = table.groupby(beside, dropna=False)[columns.DEVICE].transform("first")
    return table.assign(device=device.where(device.notna(), first))


def _columns(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The columns of the row table, by name."""
    values = {name: list(map(attrgetter(name), rows)) for name in FIELDS}
    values |= _entries([row.metrics for row in rows])
    for phase in ("fit_evals", "sample_evals"):
        costs = [getattr(row, phase) for row in rows]
        counts = _entries([{} if cost is None else vars(cost) for cost in costs])
        values |= {columns.evaluations_of(phase, kind): column for kind, column in counts.items()}
    values |= _entries([row.floors for row in rows], columns.floor_of(""))
    values |= _entries([row.errors for row in rows], columns.error_of(""))
    values |= _entries([row.versions for row in rows], columns.VERSIONS)
    values |= _entries([_derived(row) for row in rows])
    values |= _entries([repeat_columns(row.repeats) for row in rows])
    return values


def _entries(dictionaries: Sequence[Mapping[str, Any]], prefix: str = "") -> dict[str, list[Any]]:
    """A column per name of an entry, after the prefix; None, where pandas would have NaN, fills gaps."""
    names = dict.fromkeys(chain.from_iterable(dictionaries))
    return {prefix + name: [entries.get(name) for entries in dictionaries] for name in names}


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
