"""Whether two runs of a row agree: bit for bit, within noise, or not.

Runs with equal code, packages, device and settings give equal bits on equal machines. Elsewhere sums are
rounded differently, and chains and trainings amplify that until the second run is like one with another seed.
So, where the bits differ, each main number x of the row and y of the rerun must be as close as two seeds are.

At least two other seeds of the same cell, with standard deviation s, show how close that is: within
|x - y| <= t s sqrt(2), where t is a quantile of Student's distribution with one degree of freedom less than
there are other seeds. The row itself is not among them, so that a wrong one does not excuse itself. Numbers
that are positive by nature are compared as logarithms. The levels of all numbers of all rows of a check add
up to ALPHA: where nothing changed, the chance that a check reports any difference is at most 1 %, as far as
the numbers are normally distributed on these scales. Numbers that jump, as where a mode is found or not, are
not.

Without two other seeds only the repeated sets of draws of both runs are known. Their pooled standard
deviation takes the place of s. It has the noise of draws and not that of fits, so it is too small for
samplers that learn or adapt: such a difference can still be noise, and the chance of it is not known.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from scipy.stats import t as student

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.compare import ALPHA, NUMBERS, POSITIVE
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.encoding import encode
from bridgemark.benchmarks.rows.row import Row

Verdict: TypeAlias = Literal["equal bit for bit", "equal in all published digits", "within noise", "differs"]
Basis: TypeAlias = Literal["seeds", "draws", "nothing"]
ROUNDING = 1e-5  # relative, and absolute for errors of log Z; published numbers have six digits
# What says when, where and by what a row was run, and what depends on the clock.
CIRCUMSTANCES: dict[str, Any] = {
    **dict.fromkeys(("compile_seconds", "fit_seconds", "sample_seconds", "steady_seconds", "peak_memory_mb")),
    **dict.fromkeys(("machine", "load", "origin", "device", "commit", "started")),
    "identity": "0",
    "config": "",
    "source": "",
    "fingerprint": "",
    "target_hash": "",
    "flags": "",
    "target_version": 0,
    "versions": {},
    "shown_draws": [],
}


class Interval(NamedTuple):
    """Where a number of the second run is expected, and what the noise is known from."""

    low: float
    high: float
    basis: Basis


UNKNOWN = Interval(math.nan, math.nan, "nothing")


class ComparedNumber(NamedTuple):
    """A number of both runs, and where the second was expected; `agrees` is None if no noise is known."""

    name: str
    before: float | None
    again: float | None
    expected: Interval
    agrees: bool | None


@dataclass(frozen=True)
class Agreement:
    """The verdict on two runs of a row, and the numbers that it rests on.

    `other_seeds` is how many other seeds of the same cell were there to show the noise.
    """

    before: Row
    again: Row
    verdict: Verdict
    numbers: tuple[ComparedNumber, ...]
    other_seeds: int

    @property
    def agrees(self) -> bool:
        """Whether the runs are equal or differ by no more than noise."""
        return self.verdict != "differs"

    @property
    def slowdown(self) -> float | None:
        """Seconds of fitting and drawing of the second run over those of the first, None if unknown."""
        before, again = seconds(self.before), seconds(self.again)
        return again / before if again is not None and before else None


def compare_runs(before: Row, again: Row, rows: Iterable[Row] = (), checks: int = 1) -> Agreement:
    """Compare a row with its rerun; among `rows`, other seeds of its cell show the noise.

    `checks` is the number of rows that are checked together, over which ALPHA is divided. Numbers of
    published rows are rounded, and so is the rerun then.
    """
    if before.origin is not None:
        again = published.rounded(again)
    seeds = _other_seeds(before, rows)
    both_ok = before.status == again.status == "ok"
    numbers = _compared_numbers(before, again, seeds, ALPHA / checks) if both_ok else ()
    return Agreement(before, again, _verdict(before, again, numbers), numbers, len(seeds))


def seconds(row: Row) -> float | None:
    """Wall seconds of fitting and drawing, None where one of them is unknown."""
    if row.fit_seconds is None or row.sample_seconds is None:
        return None
    return row.fit_seconds + row.sample_seconds


def _verdict(before: Row, again: Row, numbers: Sequence[ComparedNumber]) -> Verdict:
    """Rows that are not ok must agree in their status, and ok ones in all numbers whose noise is known."""
    if _without_circumstances(before) == _without_circumstances(again):
        return "equal bit for bit" if before.origin is None else "equal in all published digits"
    if before.status != again.status:
        return "differs"
    if before.status != "ok":
        return "within noise"
    outside = any(number.agrees is False for number in numbers)
    judged = any(number.expected.basis != "nothing" for number in numbers)
    return "within noise" if judged and not outside else "differs"


def _without_circumstances(row: Row) -> bytes:
    """What two runs of a row have in common if they are equal, as bytes."""
    timeless = {name: value for name, value in row.metrics.items() if name != columns.ESS_PER_SECOND}
    return encode(replace(row, **CIRCUMSTANCES, metrics=timeless))


def _other_seeds(row: Row, rows: Iterable[Row]) -> list[Row]:
    """Ok rows of other seeds of the same cell, at most one of each."""
    by_seed = {}
    for candidate in rows:
        same_cell = all(getattr(candidate, name) == getattr(row, name) for name in columns.GROUP)
        if same_cell and candidate.status == "ok" and candidate.seed != row.seed:
            by_seed[candidate.seed] = candidate
    return list(by_seed.values())


def _compared_numbers(
    before: Row, again: Row, seeds: Sequence[Row], alpha: float
) -> tuple[ComparedNumber, ...]:
    """The main numbers that either run has; `seeds` are other seeds of the cell."""
    names = [name for name in NUMBERS if {_number(before, name), _number(again, name)} != {None}]
    return tuple(_compare_number(name, before, again, seeds, alpha / len(names)) for name in names)


def _compare_number(name: str, before: Row, again: Row, seeds: Sequence[Row], alpha: float) -> ComparedNumber:
    old, new = _number(before, name), _number(again, name)
    if old is None or new is None or not math.isfinite(old) or not math.isfinite(new):
        return ComparedNumber(name, old, new, UNKNOWN, _same_special(old, new))
    samples = [_on_scale(name, [_number(row, name) for row in seeds])]
    basis: Basis = "seeds"
    if samples[0].size < 2:
        samples, basis = [_on_scale(name, row.repeats.get(name, [])) for row in (before, again)], "draws"
    half_width = _half_width(samples, alpha)
    if half_width is None:
        return ComparedNumber(name, old, new, UNKNOWN, True if old == new else None)
    expected = _interval(name, old, half_width, basis)
    return ComparedNumber(name, old, new, expected, expected.low <= new <= expected.high)


def _same_special(before: float | None, now: float | None) -> bool:
    """Whether numbers, one of which is None, NaN or infinite, are the same."""
    return repr(before) == repr(now)


def _half_width(samples: Sequence[np.ndarray], alpha: float) -> float | None:
    """How far two values may be apart at the level `alpha`, by the pooled variance of samples of such values.

    None where no sample has two values.
    """
    freedom = sum(max(values.size - 1, 0) for values in samples)
    if not freedom:
        return None
    squares = sum(float(np.sum((values - values.mean()) ** 2)) for values in samples if values.size)
    return float(student.ppf(1 - alpha / 2, freedom)) * math.sqrt(2 * squares / freedom)


def _interval(name: str, middle: float, half_width: float, basis: Basis) -> Interval:
    """The interval around a number on its own scale, with room for the rounding of published numbers."""
    if name in POSITIVE:
        factor = _exp(half_width + ROUNDING)
        return Interval(middle / factor, middle * factor, basis)
    half_width += ROUNDING * max(abs(middle), 1.0)
    return Interval(middle - half_width, middle + half_width, basis)


def _exp(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(value))


def _on_scale(name: str, values: Iterable[float | None]) -> np.ndarray:
    """The finite values, as logarithms where the number is positive by nature."""
    finite = np.array([value for value in values if value is not None and math.isfinite(value)], dtype=float)
    return np.log(np.maximum(finite, np.finfo(float).tiny)) if name in POSITIVE else finite


def _number(row: Row, name: str) -> float | None:
    if name != columns.GRADIENTS:
        return row.metrics.get(name)
    if row.fit_evals is None or row.sample_evals is None:
        return None
    return float(row.fit_evals.gradients + row.sample_evals.gradients)
