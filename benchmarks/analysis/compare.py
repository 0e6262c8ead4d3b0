"""Two sets of results compared cell by cell: what changed beyond the noise of the seeds, and what else did.

Numbers are tested by Welch's t test between the seeds of both sides, on logarithms where the numbers are
positive by nature, with Holm's correction over all comparisons of all cells at ALPHA: if nothing changed, the
chance that any number is reported is below 1 %. That holds for distributions that are near normal on this
scale, and for heavier tails. It fails for metrics that jump between two values (a mode is covered or not). No
test of few seeds can hold for them: that all 5 seeds of A have the first value and all 5 of B the second is
much more likely than 1e-5. A single seed is never tested.

Two changes need no test: that only one of the sides has ok seeds, and, where both have, that only one has a
finite value of a number. Seconds changed if the ratio of the medians leaves the tolerance and the ranges of
the seeds are disjoint.

Numbers are compared in the digits that published rows have, so that a row is equal to its published form.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table
from bridgemark.benchmarks.analysis.statistics import Moments, holm, welch
from bridgemark.benchmarks.rows.published import rounded_number
from bridgemark.benchmarks.rows.row import Row

ALPHA = 0.01
POSITIVE = (
    *(columns.BIAS2_X_MAX, columns.IMPORTANCE_ESS_FRACTION),
    *(columns.ESS_BULK_MIN, columns.GRADIENTS),
)
NUMBERS = (columns.LOG_Z_ERROR, columns.ELBO_GAP, *POSITIVE)
SECONDS = (columns.FIT_SECONDS, columns.SAMPLE_SECONDS)
# What identifies a cell, whatever the version of its target; and with that version.
CELL = (
    *(columns.SAMPLER, columns.TARGET, columns.DRAWS),
    *(columns.PRECISION, columns.BUDGET, columns.BUDGET_UNIT),
)
KEY = (*CELL, columns.TARGET_VERSION, columns.FINGERPRINT)
SAMPLER_COLUMNS = (columns.SOURCE, columns.CONFIG)  # what a change of the sampler changes
ENVIRONMENT_COLUMNS = (columns.DEVICE, columns.CORES)  # and the versions of all packages
SIDES = ("_a", "_b")


@dataclass(frozen=True)
class Comparison:
    """What two sets of results have in common, and what changed.

    `cells` has a line per cell of both sides, with KEY and, for each side, marked _a or _b: the numbers of
    `seeds` and of `ok` ones; of each of NUMBERS `mean`, `std` and `count` (of its logarithm if it is in
    POSITIVE); of each of SECONDS `median`, `min` and `max`. Of both sides together: of `paired` seeds, which
    are ok on both sides, `equal` have the same numbers in all digits; `cause` is what else differs,
    "unexplained" if nothing does; `changed` and `times` are the names of the numbers and of the seconds that
    changed.
    `only_a` and `only_b` have KEY of the cells of one side only; `incomparable` those whose target has a
    different version or fingerprint on the two sides.
    """

    cells: pd.DataFrame
    only_a: pd.DataFrame
    only_b: pd.DataFrame
    incomparable: pd.DataFrame

    @property
    def changed(self) -> pd.DataFrame:
        """The cells with a change beyond noise, in numbers or in seconds."""
        return self.cells.loc[(self.cells["changed"] != "") | (self.cells["times"] != "")]


def compare(a: Sequence[Row], b: Sequence[Row], tolerance: float = 1.5) -> Comparison:
    """Compare two sets of rows without the superseded ones.

    Medians of seconds within a factor of `tolerance` count as equal.
    """
    table_a, table_b = drop_superseded(row_table(a)), drop_superseded(row_table(b))
    versions = sorted(name for name in {*table_a, *table_b} if name.startswith(columns.VERSIONS))
    rows_a, rows_b = _prepared(table_a, versions), _prepared(table_b, versions)
    cells = _cells(rows_a).add_suffix("_a").join(_cells(rows_b).add_suffix("_b"), how="outer")
    in_a, in_b = cells["seeds_a"].notna(), cells["seeds_b"].notna()
    only_a = cells.loc[in_a & ~in_b].index.to_frame(index=False)
    only_b = cells.loc[in_b & ~in_a].index.to_frame(index=False)
    incomparable = only_a.merge(only_b, on=list(CELL), suffixes=SIDES)
    cells = cells.loc[in_a & in_b].join(_equal_seeds(rows_a, rows_b)).fillna({"paired": 0, "equal": 0})
    cells = cells.assign(
        cause=_causes(cells, versions),
        changed=_changed(cells),
        times=_changed_seconds(cells, tolerance),
    )
    return Comparison(
        cells=cells.reset_index(),
        only_a=_without(only_a, incomparable),
        only_b=_without(only_b, incomparable),
        incomparable=incomparable,
    )


def _prepared(table: pd.DataFrame, versions: list[str]) -> pd.DataFrame:
    """KEY, the seed, possible causes and, as floats, the numbers: NaN if not finite or the row is not ok."""
    ok = table[columns.STATUS] == "ok"
    numbers = table.reindex(columns=[*NUMBERS, *SECONDS]).where(ok, axis=0).astype(float)
    numbers = numbers.replace([np.inf, -np.inf], np.nan)
    numbers[list(NUMBERS)] = numbers[list(NUMBERS)].map(rounded_number)
    keys = table.reindex(columns=[*KEY, columns.SEED, *SAMPLER_COLUMNS, *ENVIRONMENT_COLUMNS, *versions])
    # pandas would drop a key that is None. No row has a budget of 0, so 0 can mean that there is none.
    keys[columns.BUDGET] = keys[columns.BUDGET].astype(float).fillna(0.0)
    keys[columns.BUDGET_UNIT] = keys[columns.BUDGET_UNIT].fillna("")
    return pd.concat([keys, numbers], axis=1).assign(ok=ok)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per cell: possible causes, counts, moments of the numbers, median and range of the seconds."""
    smallest = np.finfo(float).tiny  # in place of 0, which has no logarithm
    for name in POSITIVE:
        rows = rows.assign(**{name: np.log(np.maximum(rows[name], smallest))})
    groups = rows.groupby(list(KEY))
    numbers = groups[list(NUMBERS)].agg(["mean", "std", "count"])
    numbers.columns = [".".join(names) for names in numbers.columns]
    seconds = groups[list(SECONDS)].agg(["median", "min", "max"])
    seconds.columns = [".".join(names) for names in seconds.columns]
    used = {*KEY, *NUMBERS, *SECONDS, columns.SEED, "ok"}
    causes = groups[[name for name in rows if name not in used]].last()
    return causes.assign(seeds=groups.size(), ok=groups["ok"].sum()).join(numbers).join(seconds)


def _equal_seeds(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """By cell, how many seeds are ok on both sides, and for how many of these all numbers are equal."""
    wanted = [*KEY, columns.SEED, *NUMBERS]
    pairs = a.loc[a["ok"], wanted].merge(b.loc[b["ok"], wanted], on=[*KEY, columns.SEED], suffixes=SIDES)
    values_a = pairs[[f"{name}_a" for name in NUMBERS]].to_numpy()
    values_b = pairs[[f"{name}_b" for name in NUMBERS]].to_numpy()
    both_missing = np.isnan(values_a) & np.isnan(values_b)
    equal = np.all((values_a == values_b) | both_missing, axis=1)
    groups = pairs[list(KEY)].assign(equal=equal).groupby(list(KEY))["equal"]
    return pd.DataFrame({"paired": groups.size(), "equal": groups.sum()})


def _causes(cells: pd.DataFrame, versions: Sequence[str]) -> list[str]:
    """By cell, in words, what else differs between the sides."""
    sampler = _differ(cells, SAMPLER_COLUMNS)
    environment = _differ(cells, [*ENVIRONMENT_COLUMNS, *versions])
    texts = _joined(("sampler", "environment"), np.stack([sampler, environment], axis=1), " and ")
    return [text or "unexplained" for text in texts]


def _differ(cells: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Whether one of the columns differs (cells,); what a failed row does not record is no difference."""
    a = cells[[f"{name}_a" for name in names]].to_numpy(dtype=object)
    b = cells[[f"{name}_b" for name in names]].to_numpy(dtype=object)
    return np.any(pd.notna(a) & pd.notna(b) & (a != b), axis=1)


def _changed(cells: pd.DataFrame) -> list[str]:
    """By cell, the names of the numbers that changed, after "ok" if only a single side has ok seeds."""
    a, b = _moments(cells, "_a"), _moments(cells, "_b")
    ok_a, ok_b = cells["ok_a"].to_numpy() > 0, cells["ok_b"].to_numpy() > 0
    finite_on_one_side = (a.counts > 0) != (b.counts > 0)
    numbers = (holm(welch(a, b)) < ALPHA) | (finite_on_one_side & (ok_a & ok_b)[:, None])
    ok_on_one_side = (ok_a != ok_b)[:, None]
    return _joined(("ok", *NUMBERS), np.concatenate([ok_on_one_side, numbers], axis=1))


def _changed_seconds(cells: pd.DataFrame, tolerance: float) -> list[str]:
    """By cell, the names of the seconds whose medians and ranges are both apart."""
    a, b = _values(cells, SECONDS, "median", "_a"), _values(cells, SECONDS, "median", "_b")
    medians_apart = np.maximum(a, b) > tolerance * np.minimum(a, b)
    a_below_b = _values(cells, SECONDS, "max", "_a") < _values(cells, SECONDS, "min", "_b")
    b_below_a = _values(cells, SECONDS, "max", "_b") < _values(cells, SECONDS, "min", "_a")
    return _joined(SECONDS, medians_apart & (a_below_b | b_below_a))


def _moments(cells: pd.DataFrame, side: str) -> Moments:
    """Those of NUMBERS on one side, arrays (cells, numbers)."""
    return Moments(
        means=_values(cells, NUMBERS, "mean", side),
        sds=_values(cells, NUMBERS, "std", side),
        counts=_values(cells, NUMBERS, "count", side),
    )


def _values(cells: pd.DataFrame, names: Sequence[str], statistic: str, side: str) -> np.ndarray:
    """A statistic of several numbers on one side, an array (cells, names)."""
    return cells[[f"{name}.{statistic}{side}" for name in names]].to_numpy(dtype=float)


def _joined(names: Sequence[str], chosen: np.ndarray, separator: str = ", ") -> list[str]:
    """By cell, the names for which `chosen` (cells, names) is True, joined."""
    texts = []
    for flags in chosen.tolist():
        texts.append(separator.join(name for name, flag in zip(names, flags, strict=True) if flag))
    return texts


def _without(cells: pd.DataFrame, incomparable: pd.DataFrame) -> pd.DataFrame:
    """The cells that are not among the incomparable ones, whatever the version of the target."""
    keys = pd.MultiIndex.from_frame(cells.loc[:, list(CELL)])
    excluded = pd.MultiIndex.from_frame(incomparable.loc[:, list(CELL)])
    return cells.loc[~keys.isin(excluded)].reset_index(drop=True)
