"""Whether a second method agrees with what is known of a target, coordinate by coordinate."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from bridgemark.benchmarks.references.second_method import Moments, SecondMethod, log_z_apart
from bridgemark.benchmarks.scores.evidence import Estimate

FALSE_ALARM = 1e-3  # probability that any of the differences of a correct reference is above the limit
MAX_ERROR = 0.1  # of a difference, in standard deviations of the function: a vaguer one confirms nothing
ROUNDING = 1e-12  # of sums over the draws of a constant


class Stored(NamedTuple):
    """The stated moments of one function, and the number of draws that they are from: infinite if exact."""

    mean: Float[np.ndarray, " k"]
    sd: Float[np.ndarray, " k"]
    mean_error: Float[np.ndarray, " k"]
    draws: float


class Comparison(NamedTuple):
    """Differences of one moment in their standard errors, and these errors in deviations of the function."""

    apart: Float[np.ndarray, " k"]
    errors: Float[np.ndarray, " k"]

    def as_stored(self, first: Float[np.ndarray, " k"], second: Float[np.ndarray, " k"]) -> dict[str, Any]:
        """The largest difference with both values there, the root mean square, and the largest error."""
        worst = int(np.argmax(self.apart))
        return {
            "largest": round(float(self.apart[worst]), 2),
            "coordinate": worst,
            "reference": float(f"{first[worst]:.6g}"),
            "second": float(f"{second[worst]:.6g}"),
            "root_mean_square": round(float(np.sqrt(np.mean(self.apart**2))), 2),
            "largest_error": float(f"{np.max(self.errors):.2g}"),
        }


def compare(stored: Mapping[str, Stored], log_z: Estimate, second: SecondMethod) -> dict[str, Any]:
    """Compare the moments of every function, by name, and log Z with those of the second method.

    "agree" is False where a difference is above the limit, None where none is but a standard error of one is
    above MAX_ERROR, and True otherwise. The limit is Student's, for the false alarm of all differences
    together. Runs that miss a mode have another log Z, whatever they say of the moments.
    """
    apart = log_z_apart(log_z, second.log_z)
    means = {name: _compare_means(stored[name], moments) for name, moments in second.moments.items()}
    sds = {name: _compare_sds(stored[name], moments) for name, moments in second.moments.items()}
    comparisons = [*means.values(), *sds.values()]
    count = 1 + sum(len(comparison.apart) for comparison in comparisons)
    limit = difference_limit(count, second.runs)
    largest = np.max([apart, *(np.max(comparison.apart) for comparison in comparisons)])
    vaguest = np.max([np.max(comparison.errors) for comparison in comparisons])
    precise = True if vaguest <= MAX_ERROR else None
    return {
        "agree": precise if largest <= limit else False,
        "limit": round(limit, 2),
        "differences": count,
        "log_z": {
            "value": round(second.log_z.value, 5),
            "standard_error": float(f"{second.log_z.standard_error:.2g}"),
            "apart": round(apart, 2),
        },
        "statistics": {
            name: {
                "mean": means[name].as_stored(stored[name].mean, moments.mean),
                "sd": sds[name].as_stored(stored[name].sd, moments.sd),
            }
            for name, moments in second.moments.items()
        },
    }


def difference_limit(count: int, runs: int) -> float:
    """Standard errors that the largest of `count` differences exceeds with probability FALSE_ALARM at most.

    The standard error is estimated from `runs` independent runs.
    """
    return float(stdtrit(runs - 1, 1 - FALSE_ALARM / (2 * count)))


def _compare_means(stored: Stored, second: Moments) -> Comparison:
    error = np.hypot(stored.mean_error, second.mean_error)
    return _compare(stored.mean - second.mean, error, second.sd)


def _compare_sds(stored: Stored, second: Moments) -> Comparison:
    """The reference's error of a deviation is not stored.

    The ratio of the errors of both deviations is taken to be that of the errors of both means, which is that
    of the effective numbers of draws; but negative correlation, by which an effective number is larger than
    the number of draws, is of no use for a deviation.
    """
    mean_error = np.maximum(stored.mean_error, stored.sd / np.sqrt(stored.draws))
    ratio = np.divide(
        mean_error, second.mean_error, out=np.ones_like(mean_error), where=second.mean_error > 0
    )
    return _compare(stored.sd - second.sd, np.hypot(second.sd_error, ratio * second.sd_error), second.sd)


def _compare(
    differences: Float[np.ndarray, " k"], errors: Float[np.ndarray, " k"], sd: Float[np.ndarray, " k"]
) -> Comparison:
    """A difference without an error, of a constant, is none or infinitely many errors."""
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(np.abs(differences) <= ROUNDING, 0.0, np.abs(differences) / errors)
        return Comparison(apart, np.where(errors == 0, 0.0, errors / sd))
