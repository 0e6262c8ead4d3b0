"""Distances of weighted points to exact draws, of targets that have them: which, and of how many points."""

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.scores import classifier, kernel, sinkhorn
from bridgemark.benchmarks.scores.distance_constants import scales
from bridgemark.benchmarks.scores.histogram import binned_kl
from bridgemark.benchmarks.scores.transport import on_lines
from bridgemark.benchmarks.scores.weighted_sample import Points, Values, exact, finite, thinned
from bridgemark.targets.base import Target

MAX_TRANSPORT = 10_000
PAIRED = 2_000  # points on either side where all pairs are compared
COSTLY = frozenset({"sinkhorn", "c2st"})  # seconds to minutes a row, by the extra `transport`
LINES = ("sliced_w2", "max_sliced_w2", "marginal_w2_max")


def distances(target: Target, points: Points, key: PRNGKeyArray) -> Values:
    """Those that every row bears, against as many exact draws; more than MAX_TRANSPORT points are thinned.

    None without exact draws, and for transport without a second moment; NaN where a point or weight is.
    """
    values: Values = dict.fromkeys((*LINES, "mmd2", "binned_kl"))
    if target.sample is None:
        return values
    found = scales(target)
    values["mmd2"] = kernel.mmd2(*_paired(target, points, key), found.bandwidth)
    if target.about.finite_moment > 2:
        y = _against(target, points, key)
        lines = on_lines(*thinned(points, MAX_TRANSPORT), y, found.sd, found.axes)
        values |= dict(zip(LINES, (lines.sliced, lines.largest, lines.marginal), strict=True))
    if found.grid is not None:
        heavy = thinned(points, len(points.x))
        values["binned_kl"] = binned_kl(heavy.x[:, :2], heavy.weights, found.grid)
    return values if finite(points) else _lost(values)


def require_transport() -> None:
    """Raise BadInput unless the extra `transport` is installed."""
    if not (sinkhorn.installed() and classifier.installed()):
        raise BadInput(
            "--costly needs further packages: pip install 'bridgemark[transport]', or '.[transport]'"
        )


def costly(target: Target, points: Points, key: PRNGKeyArray) -> Values:
    """Those that take seconds to minutes a row: `sinkhorn` and `c2st`, by the extra `transport`.

    None where the extra is not installed. At PAIRED points on either side and at no fewer, because their
    values depend on it. The classifier is for posteriors, whose literature uses it.
    """
    values: Values = dict.fromkeys(sorted(COSTLY))
    if target.sample is None or len(points.x) < PAIRED:
        return values
    sound, (x, weights, y) = finite(points), _paired(target, points, key)
    if sinkhorn.installed() and target.about.finite_moment > 2:
        epsilon = scales(target).epsilon
        values["sinkhorn"] = sinkhorn.sinkhorn(x, weights, y, epsilon) if sound else np.nan
    if classifier.installed() and target.density.joint is not None:
        seed = int(jax.random.bits(jax.random.fold_in(key, 1)))
        values["c2st"] = classifier.c2st(x, weights, y, seed) if sound else np.nan
    return values


def distance_errors(target: Target, points: Points, key: PRNGKeyArray) -> Values:
    """Standard error of mmd2; those of the transport distances would take seconds."""
    if target.sample is None:
        return {"mmd2": None}
    error = kernel.mmd2_error(*_paired(target, points, key), scales(target).bandwidth)
    return {"mmd2": error if finite(points) or len(points.x) < 2 * kernel.BLOCKS else np.nan}


def _against(target: Target, points: Points, key: PRNGKeyArray) -> Float[np.ndarray, "m dim"]:
    assert target.sample is not None
    return exact(target.sample, key, min(len(points.x), MAX_TRANSPORT))


def _paired(
    target: Target, points: Points, key: PRNGKeyArray
) -> tuple[Float[np.ndarray, "n dim"], Float[np.ndarray, " n"], Float[np.ndarray, "m dim"]]:
    few = thinned(points, PAIRED)
    return few.x, few.weights, _against(target, points, key)[:PAIRED]


def _lost(values: Values) -> Values:
    return {name: None if value is None else np.nan for name, value in values.items()}
