"""Squared biases of expectations and errors of mode weights, and their standard errors."""

import functools
from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.special import entr

from bridgemark.benchmarks.scores.monte_carlo_error import mean_error, square_error
from bridgemark.benchmarks.scores.weighted_sample import MetricValues, WeightedSample
from bridgemark.targets.base import Modes, Statistic, Target

FOUND_SHARE = 0.25  # a mode counts as found from this share of its mass on


def bias_metrics(target: Target, sample: WeightedSample) -> MetricValues:
    """Squared biases of the target's statistics, and the errors of its mode weights."""
    values: MetricValues = {}
    for statistic in target.statistics:
        mean = _weighted_mean(statistic.fn, sample)
        values |= _squared_biases(statistic, mean - statistic.mean)
    if target.modes:
        values |= _mode_metrics(target.modes, sample)
    return values


def truth_resolution(target: Target) -> MetricValues:
    """The smallest squared biases that the standard errors of the truth can tell from zero."""
    values: MetricValues = {}
    for statistic in target.statistics:
        values |= _squared_biases(statistic, statistic.standard_error)
    return values


def bias_errors(
    target: Target, sample: WeightedSample, batch_starts: Int[np.ndarray, " batches"]
) -> MetricValues:
    """Standard errors of `bias_metrics` from the draws alone, called `NAME_draws`.

    `batch_starts` are the first indices of nearly independent batches of draws. The error of a mean of
    squares, or of the total variation, adds up the errors of the terms. It is too large unless the terms are
    perfectly correlated.
    """
    values: MetricValues = {}
    for statistic in target.statistics:
        values |= _squared_bias_errors(statistic, sample, batch_starts)
    if target.modes:
        responsibilities = _evaluate(target.modes.responsibilities, sample)
        error = mean_error(responsibilities, sample.weights, batch_starts)
        values["mode_tv_draws"] = None if error is None else 0.5 * np.sum(error)
    return values


def _squared_biases(statistic: Statistic, bias: Float[np.ndarray, " k"]) -> MetricValues:
    """Maximum and mean over the coordinates of the squared bias in units of the target's variance.

    Constant coordinates have no such unit and are left out.
    """
    varies = statistic.sd > 0
    if not varies.any():
        return {}
    squares = (bias[varies] / statistic.sd[varies]) ** 2
    name = f"bias2_{statistic.name}"
    return {f"{name}_max": np.max(squares), f"{name}_mean": np.mean(squares)}


def _squared_bias_errors(
    statistic: Statistic, sample: WeightedSample, batch_starts: Int[np.ndarray, " batches"]
) -> MetricValues:
    varies = statistic.sd > 0
    if not varies.any():
        return {}
    name = f"bias2_{statistic.name}"
    values = _evaluate(statistic.fn, sample)[:, varies]
    standardised = (values - statistic.mean[varies]) / statistic.sd[varies]
    error = mean_error(standardised, sample.weights, batch_starts)
    if error is None:
        return {f"{name}_max_draws": None, f"{name}_mean_draws": None}
    bias = sample.weights @ standardised
    errors = square_error(bias, error)
    return {f"{name}_max_draws": errors[np.argmax(bias**2)], f"{name}_mean_draws": np.mean(errors)}


def _mode_metrics(modes: Modes, sample: WeightedSample) -> MetricValues:
    """Total variation of the mode weights, their entropy as a share of the exact one, and modes found."""
    masses = _weighted_mean(modes.responsibilities, sample)
    entropy = np.sum(entr(modes.masses))
    modes_found = np.sum(masses >= FOUND_SHARE * modes.masses) if np.isfinite(masses).all() else np.nan
    return {
        "mode_tv": 0.5 * np.sum(np.abs(masses - modes.masses)),
        "mode_coverage": np.sum(entr(masses)) / entropy if entropy > 0 else None,
        "modes_found": modes_found,
    }


@functools.cache
def _batched(function: Callable[[Array], Array]) -> Callable[[np.ndarray], Array]:
    """The compiled function of many points; it is kept, so that the next seed does not compile it again."""
    return jax.jit(jax.vmap(function))


def _evaluate(function: Callable[[Array], Array], sample: WeightedSample) -> Float[np.ndarray, "n k"]:
    """The function at every point, and zero where the weight is zero.

    A point that is not finite would spoil the weighted mean even with weight zero.
    """
    with jax.enable_x64(True):
        values = np.asarray(_batched(function)(sample.x))
    return np.where(sample.weights[:, None] == 0, 0.0, values)


def _weighted_mean(function: Callable[[Array], Array], sample: WeightedSample) -> Float[np.ndarray, " k"]:
    return sample.weights @ _evaluate(function, sample)
