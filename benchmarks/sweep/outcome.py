"""What is said of a finished cell in a few words: how its seeds ended, their scores, and what they cost."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median

from bridgemark.benchmarks.rows.cost import spent
from bridgemark.benchmarks.rows.row import STATUSES, Row
from bridgemark.benchmarks.text import duration, number, remark

MAX_REASON = 80  # characters
# The scores that are shown, by the name of the metric, and how.
SCORES: dict[str, Callable[[float], str]] = {
    "log_z_error": lambda value: f"log Z error {signed(value)}",
    "bias2_x_max": lambda value: f"bias² {number(value)}",
    "importance_ess_fraction": lambda value: f"ESS {number(100 * value)} %",
    "ess_bulk_min": lambda value: f"ESS {number(value, 3)}",
}


def phrases(rows: Sequence[Row], seconds: float) -> list[str]:
    """The outcome of the cell of these rows, which took so many seconds.

    Scores are medians over the seeds that are ok, and gradients are those of one seed. Where log Z is not
    known, its estimate stands in place of the error.
    """
    ok = [row for row in rows if row.status == "ok"]
    return [*_endings(rows), *_scores(ok), *_gradients(ok), duration(seconds)]


def signed(value: float) -> str:
    """A number with its sign, but 0 without one."""
    return f"+{number(value)}" if value > 0 else number(value)


def _endings(rows: Sequence[Row]) -> list[str]:
    """How many seeds have each status, and the reason of the first that is not ok."""
    counted = Counter(row.status for row in rows)
    texts = [f"{counted[status]} {status}" for status in STATUSES if counted[status]]
    reasons = [row.reason for row in rows if row.status != "ok" and row.reason]
    return [*texts[:-1], f"{texts[-1]} ({remark(reasons[0], MAX_REASON)})"] if reasons else texts


def _scores(rows: Sequence[Row]) -> list[str]:
    texts = []
    for name, describe in SCORES.items():
        values = _values(rows, name)
        if values:
            texts.append(describe(median(values)))
    estimates = _values(rows, "log_z")
    if estimates and not _values(rows, "log_z_error"):
        texts.insert(0, f"log Z {number(median(estimates), 6)}")
    return texts


def _values(rows: Sequence[Row], metric: str) -> list[float]:
    """The values of a metric, without those that have no meaning or failed."""
    values = [row.metrics.get(metric) for row in rows]
    return [value for value in values if value is not None and not math.isnan(value)]


def _gradients(rows: Sequence[Row]) -> list[str]:
    costs = [spent(row.fit_evals, row.sample_evals) for row in rows if row.fit_evals and row.sample_evals]
    return [f"{number(median(costs))} gradients"] if costs else []
