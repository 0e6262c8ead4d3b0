"""The summary table: medians and counts over all seeds of a sampler on a target in one setting."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.components import component_columns
from bridgemark.benchmarks.analysis.missing import is_not_none, none_where_not
from bridgemark.benchmarks.analysis.row_table import fill_device
from bridgemark.benchmarks.analysis.statistics import medians
from bridgemark.benchmarks.rows.row import ORIGINS, STATUSES

SummaryRow: TypeAlias = dict[str, Any]  # one line of the summary table, by column
EXTERNAL = " (external)"  # after the name of a program that drew elsewhere
YOURS = "yours"  # the origin of one's own rows, in words
SEPARATOR = "; "  # between several origins or reasons
# Columns whose names begin so have no median: versions are texts, the others belong to a single row.
NOT_SUMMARISED = (
    columns.VERSIONS,
    columns.EVALUATIONS,
    columns.evaluation_sd(""),
    columns.evaluation_mean(""),
)


def summary_table(table: pd.DataFrame) -> pd.DataFrame:
    """One summary row per group of rows of a row table that agree in `columns.GROUP`.

    The columns are `label`; GROUP, `dim` and `external`; the number of `seeds` and that of each status; every
    `reason` and every `origin` once, and when the last row was `started`; for every number its median over
    the ok seeds with its ends (`low`, `high`) and range (`least`, `most`); and those of `component_columns`.
    `label` is the sampler's name and, where a target has several groups of that name, what distinguishes
    them.
    """
    # A killed run has the device of its sampler's other rows or, if it has none, of the samplers beside it.
    rows = fill_device(fill_device(table, (*columns.BLOCK, columns.SAMPLER)), columns.BLOCK)
    if not len(rows):
        return pd.DataFrame()
    group = rows.groupby(list(columns.GROUP), dropna=False).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1]
    keys = rows[[*columns.GROUP, columns.DIM, columns.EXTERNAL]].iloc[first].reset_index(drop=True)
    ok = (rows[columns.STATUS] == "ok").to_numpy()
    numbers: dict[str, np.ndarray] = {}
    for name in rows.columns:
        if _is_number(name):
            numbers |= _median_columns(name, rows[name].to_numpy(), ok, group)
    numbers |= component_columns(rows, ok, group)
    summary = pd.concat([keys, _endings(rows, group), pd.DataFrame(numbers, dtype=object)], axis=1)
    summary.insert(0, columns.LABEL, _labels(summary))
    return summary


def differences(names: Sequence[str], keys: Sequence[Sequence[Any]]) -> list[str]:
    """For each of several keys, in words, the parts in which the keys differ, such as "draws 500, cores 2".

    A key is a value for each of the `names`. The text is empty where all keys are equal.
    """
    differing = []
    for index, name in enumerate(names):
        if len({str(key[index]) for key in keys}) > 1:
            differing.append((index, name))
    return [", ".join(f"{name} {str(key[index])[:12]}" for index, name in differing) for key in keys]


def _is_number(name: str) -> bool:
    return name not in (*columns.GROUP, *columns.TEXT) and not name.startswith(NOT_SUMMARISED)


def _endings(rows: pd.DataFrame, group: np.ndarray) -> pd.DataFrame:
    """How the rows of each group ended: counts, reasons, origins, and the start of the last row."""
    groups = int(group.max()) + 1
    endings: dict[str, Any] = {columns.SEEDS: np.bincount(group)}
    for status in STATUSES:
        ended_so = (rows[columns.STATUS] == status).to_numpy()
        endings[status] = np.bincount(group[ended_so], minlength=groups)
    reasons: list[list[str]] = [[] for _ in range(groups)]
    last_start = [""] * groups
    names = [columns.STATUS, columns.REASON, columns.STARTED]
    values = rows[names].itertuples(index=False, name=None)
    for index, (status, reason, started) in zip(group.tolist(), values, strict=True):
        last_start[index] = max(last_start[index], started or "")
        if status != "ok" and reason is not None and reason not in reasons[index]:
            reasons[index].append(reason)
    endings[columns.REASON] = [SEPARATOR.join(texts) or None for texts in reasons]
    endings[columns.ORIGIN] = _origins(rows, group)
    endings[columns.STARTED] = last_start
    return pd.DataFrame(endings, dtype=object)


def _origins(rows: pd.DataFrame, group: np.ndarray) -> list[str]:
    """The distinct origins of each group's rows, such as "yours; measured here"."""
    present: list[set[str]] = [set() for _ in range(int(group.max()) + 1)]
    for index, origin in zip(group.tolist(), rows[columns.ORIGIN].tolist(), strict=True):
        present[index].add(origin or YOURS)
    return [SEPARATOR.join(name for name in (YOURS, *ORIGINS) if name in names) for names in present]


def _median_columns(
    name: str, values: np.ndarray, ok: np.ndarray, group: np.ndarray
) -> dict[str, np.ndarray]:
    """Median, range and interval of the ok values of a column by group, None for groups without any.

    A seed that failed (NaN) makes them NaN: the median of the remaining seeds would be too good.
    """
    used = ok & is_not_none(values)
    statistics = medians(values[used].astype(float), group[used], int(group.max()) + 1)
    by_name = {
        name: statistics.middle,
        columns.least(name): statistics.least,
        columns.most(name): statistics.most,
        columns.low(name): statistics.low,
        columns.high(name): statistics.high,
    }
    return {column: none_where_not(statistics.sizes > 0, numbers) for column, numbers in by_name.items()}


def _labels(summary: pd.DataFrame) -> list[str]:
    is_external = summary[columns.EXTERNAL].astype(bool)
    names = summary[columns.SAMPLER] + np.where(is_external, EXTERNAL, "")
    labels = dict(zip(summary.index, names, strict=True))
    same_name = [columns.TARGET, columns.TARGET_VERSION, columns.FINGERPRINT, columns.SAMPLER]
    repeated = summary.loc[summary.duplicated(same_name, keep=False)]
    for _, lines in repeated.groupby(same_name):
        keys = lines[list(columns.GROUP)].to_numpy().tolist()
        for index, difference in zip(lines.index, differences(columns.GROUP, keys), strict=True):
            labels[index] = f"{labels[index]} ({difference})"
    return list(labels.values())
