"""The numbers that the plots of a report show, made of the draws."""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import rankdata

from bridgemark.benchmarks.advise.advice import Advice
from bridgemark.benchmarks.advise.named_draws import NamedDraws, resampled
from bridgemark.benchmarks.advise.parameters import Entries

INTERVALS = {"low": 0.05, "lower": 0.25, "median": 0.5, "upper": 0.75, "high": 0.95}  # of a forest plot
WIDTH = 1.96  # standard errors on both sides of an estimate
POINTS = 200  # of a family in a pair plot
RANK_BINS = 20
WIDEST = 50.0  # nats on both sides of the middle that the plot of log Z shows at most
DIGITS = 4
Points = list[dict[str, Any]]  # the data of a plot, one dict per mark


class LogZPlot(NamedTuple):
    """Estimates of log Z with intervals, lower and upper bounds, and the range that is shown."""

    estimates: Points
    bounds: Points
    domain: tuple[float, float]


def log_z_plot(advice: Advice) -> LogZPlot | None:
    """Log Z by family; None where no family estimates it."""
    estimates, bounds = [], []
    for name, item in advice.evidence.items():
        scores = item.scores
        if scores.log_z is not None and np.isfinite(scores.log_z.value):
            value, margin = scores.log_z.value, WIDTH * (scores.log_z.standard_error or 0.0)
            ends = {"low": value - margin, "high": value + margin}
            estimates.append({"family": name, "value": value, **ends})
        known_bounds = {"lower": scores.elbo, "upper": scores.eubo}
        values = {end: bound.value for end, bound in known_bounds.items() if bound is not None}
        bounds += [{"family": name, "bound": value, "end": end} for end, value in values.items()]
    if not estimates:
        return None
    middle = float(np.median([item["value"] for item in estimates]))
    ends = [abs(item[end] - middle) for item in estimates for end in ("low", "high")]
    half = min(WIDEST, 1.3 * max(0.1, *ends))
    return LogZPlot(estimates, bounds, (middle - half, middle + half))


def equal_draws(entries: Entries) -> np.ndarray:
    """Draws (n, entries) of equal weight."""
    named = resampled(NamedDraws({"x": entries.draws.x}, entries.draws.log_weights, 1))
    return named.values["x"].reshape(-1, len(entries.labels))


def intervals(family: str, labels: tuple[str, ...], x: np.ndarray) -> Points:
    """The median and the intervals of 50 and 90 % of every column of draws (n, entries)."""
    with np.errstate(invalid="ignore"):  # a value may be infinite
        quantiles = np.quantile(x, list(INTERVALS.values()), axis=0)
    return [
        {"entry": label, "family": family, **dict(zip(INTERVALS, map(_rounded, column), strict=True))}
        for label, column in zip(labels, quantiles.T, strict=True)
    ]


def ranks(x: np.ndarray) -> Points:
    """How many draws of each chain (chains, length) have ranks in each of RANK_BINS ranges."""
    shares = (rankdata(x).reshape(x.shape) - 0.5) / x.size
    points = []
    for chain, values in enumerate(shares):
        counts = np.bincount((values * RANK_BINS).astype(int), minlength=RANK_BINS)
        points += [{"chain": str(chain), "bin": k, "count": int(count)} for k, count in enumerate(counts)]
    return points


def pairs(family: str, x: np.ndarray, first: int, second: int) -> Points:
    """At most POINTS of the draws (n, entries), by two of their entries."""
    chosen = np.linspace(0, len(x) - 1, min(POINTS, len(x))).astype(int)
    return [
        {"family": family, "x": _rounded(point[first]), "y": _rounded(point[second])} for point in x[chosen]
    ]


def _rounded(value: float) -> float | None:
    """The value with DIGITS digits; None, which a plot leaves out, where it is not finite."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
