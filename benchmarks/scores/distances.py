"""Distances between a weighted sample and exact draws of its target."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.scores import classifier, kernel, sinkhorn
from bridgemark.benchmarks.scores.distance_constants import DistanceConstants
from bridgemark.benchmarks.scores.histogram import binned_kl
from bridgemark.benchmarks.scores.transport import projected_distances
from bridgemark.benchmarks.scores.weighted_sample import (
    MetricValues,
    WeightedSample,
    draw_exactly,
    is_finite,
    thin,
)
from bridgemark.targets.base import Sample

MAX_POINTS = 10_000  # exact draws, and points of the sample in a transport distance
MAX_PAIRED = 2_000  # points on either side where all pairs are compared
TRANSPORT = ("sliced_w2", "max_sliced_w2", "marginal_w2_max")
COSTLY = frozenset({"sinkhorn", "c2st"})  # seconds to minutes per row, with the extra `transport`


class ExactSample(NamedTuple):
    """Exact draws that a sample is compared with, and the constants of their target.

    `key` made the draws; the seed of the classifier comes from it too.
    """

    draws: Float[np.ndarray, "m dim"]
    constants: DistanceConstants
    key: PRNGKeyArray


def draw_exact_sample(
    exact_sampler: Sample, constants: DistanceConstants, key: PRNGKeyArray, n: int
) -> ExactSample:
    """Exact draws for a sample of n points: as many, and at most MAX_POINTS."""
    return ExactSample(draw_exactly(exact_sampler, key, min(n, MAX_POINTS)), constants, key)


def distances(sample: WeightedSample, exact: ExactSample | None) -> MetricValues:
    """The distances that every row has.

    None without exact draws, and for transport distances where the target has no variance; NaN where a point
    or a weight is not finite. Larger samples are thinned.
    """
    values: MetricValues = dict.fromkeys((*TRANSPORT, "mmd2", "binned_kl"))
    if exact is None:
        return values
    y, constants = exact.draws, exact.constants
    paired = thin(sample, MAX_PAIRED)
    values["mmd2"] = kernel.mmd2(paired.x, paired.weights, y[:MAX_PAIRED], constants.bandwidth)
    if constants.has_variance:
        projected = projected_distances(thin(sample, MAX_POINTS), y, constants.sd, constants.axes)
        values["sliced_w2"] = projected.sliced
        values["max_sliced_w2"] = projected.largest
        values["marginal_w2_max"] = projected.marginal
    if constants.histogram is not None:
        heavy = thin(sample, len(sample.x))
        first_two = WeightedSample(heavy.x[:, :2], heavy.weights)
        values["binned_kl"] = binned_kl(first_two, constants.histogram)
    if not is_finite(sample):
        return {name: None if value is None else np.nan for name, value in values.items()}
    return values


def distance_errors(sample: WeightedSample, exact: ExactSample | None) -> MetricValues:
    """Standard error of `mmd2`; those of the transport distances would take seconds."""
    if exact is None:
        return {"mmd2": None}
    if not is_finite(sample) and len(sample.x) >= 2 * kernel.BLOCKS:
        return {"mmd2": np.nan}
    paired, y = thin(sample, MAX_PAIRED), exact.draws[:MAX_PAIRED]
    return {"mmd2": kernel.mmd2_error(paired.x, paired.weights, y, exact.constants.bandwidth)}


def require_transport() -> None:
    """Raise BadInput unless the packages of the extra `transport` are installed."""
    if not (sinkhorn.installed() and classifier.installed()):
        raise BadInput(
            "--costly needs further packages: pip install 'bridgemark[transport]', or '.[transport]'"
        )


def costly_distances(sample: WeightedSample, exact: ExactSample | None) -> MetricValues:
    """`sinkhorn` and `c2st`, which take seconds to minutes per row.

    None where the extra `transport` is not installed. Their values depend on the number of points, so it is
    MAX_PAIRED on either side, and they are None for smaller samples. C2ST is for posteriors alone.
    """
    values: MetricValues = dict.fromkeys(sorted(COSTLY))
    if exact is None or len(sample.x) < MAX_PAIRED:
        return values
    finite, constants = is_finite(sample), exact.constants
    (x, weights), y = thin(sample, MAX_PAIRED), exact.draws[:MAX_PAIRED]
    if sinkhorn.installed() and constants.has_variance:
        values["sinkhorn"] = sinkhorn.sinkhorn(x, weights, y, constants.epsilon) if finite else np.nan
    if classifier.installed() and constants.is_posterior:
        seed = int(jax.random.bits(jax.random.fold_in(exact.key, 1)))
        values["c2st"] = classifier.c2st(x, weights, y, seed) if finite else np.nan
    return values
