"""Two sets of results compared cell by cell: what changed beyond the noise of the seeds, and with what.

Numbers are judged by Welch's t test between the seeds of both sides, of logarithms where they are positive
by nature, with Holm's correction over all comparisons of all cells at ALPHA: if nothing changed, the chance
that any number is reported is below 1 %. That holds for laws that are near normal on this scale, and for
heavier tails; it fails for metrics that jump between two values (a mode found or not), for which no test of
few seeds can hold: 5 of one kind on one side and 5 of the other on the other are no rarity of 1e-5. A single
seed is never judged. Without any test, a cell has changed that has ok seeds on one side only, and a number
that is finite for some seed of one side and for none of the other, both having ok seeds. Seconds changed
where the ratio of medians leaves the tolerance and the ranges of the seeds are disjoint.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis.statistics import holm, welch
from bridgemark.benchmarks.analysis.tables import current, frame
from bridgemark.benchmarks.rows.row import Row

ALPHA = 0.01
POSITIVE = ("bias2_x_max", "importance_ess_fraction", "ess_bulk_min", "gradients")
NUMBERS = ("log_z_error", "elbo_gap", *POSITIVE)
SECONDS = ("fit_seconds", "sample_seconds")
PLACE = ("sampler", "target", "draws", "precision", "budget", "budget_unit")
KEY = (*PLACE, "target_version", "fingerprint")
SAMPLER = ("source", "config")
ENVIRONMENT = ("device", "cores")  # and every version
SIDES = ("_a", "_b")
TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class Comparison:
    """`cells`: a line a cell of both sides: KEY, and for each side, marked _a or _b, what was found there.

    `seeds_a`, `ok_a`: counts; NAME.mean_a of NUMBERS (the logarithm's if POSITIVE); NAME.median_a of SECONDS.
    Of both: `equal` of `paired` seeds have numbers of the same bits; `cause`: what else differs,
    "unexplained" if nothing; `changed` and `times`: the names of what changed. The other tables: cells of
    one side only, and those whose target has another version or fingerprint on the other.
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
    """Compare the current rows of two sets; medians of seconds within a factor of `tolerance` are alike."""
    tables = [current(frame(records)) for records in (a, b)]
    versions = sorted({name for table in tables for name in table if name.startswith("versions.")})
    rows = [_prepared(table, versions) for table in tables]
    cells = _cells(rows[0]).add_suffix("_a").join(_cells(rows[1]).add_suffix("_b"), how="outer")
    in_a, in_b = cells["seeds_a"].notna(), cells["seeds_b"].notna()
    only_a, only_b = (cells.loc[found].index.to_frame(index=False) for found in (in_a & ~in_b, in_b & ~in_a))
    incomparable = only_a.merge(only_b, on=list(PLACE), suffixes=SIDES)
    cells = cells.loc[in_a & in_b].join(_bits(*rows)).fillna({"paired": 0, "equal": 0})
    cells = cells.assign(
        cause=_causes(cells, [*ENVIRONMENT, *versions]),
        changed=_changed(cells),
        times=_times(cells, tolerance),
    )
    only_a, only_b = (_without(only, incomparable) for only in (only_a, only_b))
    return Comparison(cells.reset_index(), only_a, only_b, incomparable)


def _prepared(table: pd.DataFrame, versions: list[str]) -> pd.DataFrame:
    """What is compared, as floats, NaN where it is not finite or the row is not ok."""
    ok = table["status"] == "ok"
    named = table.reindex(columns=[*NUMBERS, *SECONDS]).where(ok, axis=0).astype(float)
    known = table.reindex(columns=[*KEY, "seed", *SAMPLER, *ENVIRONMENT, *versions])
    # pandas would drop a key that is None. Nothing was ever spent on a budget of nought, so it is free.
    known["budget"] = known["budget"].astype(float).fillna(0.0)
    known["budget_unit"] = known["budget_unit"].fillna("")
    return pd.concat([known, named.replace([np.inf, -np.inf], np.nan)], axis=1).assign(ok=ok)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """A line a cell: counts, what made it, mean, sd and count of numbers, median and range of seconds."""
    logs = {name: np.log(np.maximum(rows[name], TINY)) for name in POSITIVE}
    groups = rows.assign(**logs).groupby(list(KEY))
    numbers = groups[list(NUMBERS)].agg(["mean", "std", "count"])
    seconds = groups[list(SECONDS)].agg(["median", "min", "max"])
    for part in (numbers, seconds):
        part.columns = [".".join(names) for names in part.columns]
    made = groups[[name for name in rows if name not in (*KEY, *NUMBERS, *SECONDS, "seed", "ok")]].last()
    return made.assign(seeds=groups.size(), ok=groups["ok"].sum()).join(numbers).join(seconds)


def _bits(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """By cell, how many seeds are ok on both sides, and of how many all numbers have the same bits."""
    wanted = [*KEY, "seed", *NUMBERS]
    pairs = a.loc[a["ok"], wanted].merge(b.loc[b["ok"], wanted], on=[*KEY, "seed"], suffixes=SIDES)
    one, other = (pairs[[name + side for name in NUMBERS]].to_numpy() for side in SIDES)
    equal = np.all((one == other) | (np.isnan(one) & np.isnan(other)), axis=1)
    groups = pairs[list(KEY)].assign(equal=equal).groupby(list(KEY))["equal"]
    return pd.DataFrame({"paired": groups.size(), "equal": groups.sum()})


def _causes(cells: pd.DataFrame, environment: Sequence[str]) -> list[str]:
    """What differs between the sides; what a row that failed does not know is no difference."""
    kinds = {"sampler": SAMPLER, "environment": environment}
    differ = []
    for names in kinds.values():
        one, other = (cells[[name + side for name in names]].to_numpy(dtype=object) for side in SIDES)
        differ.append(np.any(pd.notna(one) & pd.notna(other) & (one != other), axis=1))
    found = _names(np.stack(differ, axis=1), tuple(kinds), " and ")
    return [cause or "unexplained" for cause in found]


def _changed(cells: pd.DataFrame) -> list[str]:
    """By cell the names of the numbers that changed beyond noise, and "ok" if one side has no ok seed."""
    sides = [_columns(cells, NUMBERS, ("mean", "std", "count"), side) for side in SIDES]
    p = holm(welch(*sides))
    one, other = (side[2] > 0 for side in sides)
    alive = cells[["ok_a", "ok_b"]].to_numpy() > 0
    numbers = (p < ALPHA) | ((one != other) & np.all(alive, axis=1)[:, None])
    dead = alive[:, :1] != alive[:, 1:]
    return _names(np.concatenate([dead, numbers], axis=1), ("ok", *NUMBERS))


def _times(cells: pd.DataFrame, tolerance: float) -> list[str]:
    """By cell the names of the seconds whose medians and ranges are both apart."""
    sides = [_columns(cells, SECONDS, ("median", "min", "max"), side) for side in SIDES]
    (one, low, high), (other, other_low, other_high) = sides
    far = np.maximum(one, other) > tolerance * np.minimum(one, other)
    return _names(far & ((high < other_low) | (other_high < low)), SECONDS)


def _columns(cells: pd.DataFrame, names: Sequence[str], of: Sequence[str], side: str) -> list[np.ndarray]:
    """For each of `of` an array (cells, names)."""
    return [cells[[f"{name}.{one}{side}" for name in names]].to_numpy(dtype=float) for one in of]


def _names(found: np.ndarray, names: Sequence[str], sign: str = ", ") -> list[str]:
    """By line of a table (lines, names) the names that are True, joined."""
    return [
        sign.join(name for name, true in zip(names, line, strict=True) if true) for line in found.tolist()
    ]


def _without(only: pd.DataFrame, incomparable: pd.DataFrame) -> pd.DataFrame:
    """Those whose place is not among the incomparable."""
    places, gone = (pd.MultiIndex.from_frame(one.loc[:, list(PLACE)]) for one in (only, incomparable))
    return only.loc[~places.isin(gone)].reset_index(drop=True)
