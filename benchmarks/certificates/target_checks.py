"""Checks of a target's density, gradient, exact draws and truths: each returns what is wrong, or None.

They are computed in double precision with fixed keys. Where means are compared, LEVEL is the probability of a
false alarm for all comparisons of a check together, except that means of skewed squares may exceed it.
"""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jaxtyping import Float

from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.benchmarks.scores.weighted_sample import draw_exactly
from bridgemark.targets.base import Statistic, Target

LEVEL = 1e-5
DRAWS = 20_000
POINTS = 3  # of the base and of the target each, where densities and gradients are computed
MAX_DIRECTIONS = 64  # of finite differences; all coordinates where there are fewer
STEP = 1e-5  # of the finite differences
MAX_JUMP = 0.1  # of the gradient over two steps, relative to 1 + its largest entry
MIN_ERROR = 1e-12  # of a mean, so that a constant statistic is not judged by its rounding


def gradient(target: Target) -> str | None:
    """The gradient is finite and continuous, and equals central finite differences."""
    dim = target.density.dim
    directions = np.eye(dim)
    if dim > MAX_DIRECTIONS:
        directions = np.random.default_rng(0).standard_normal((MAX_DIRECTIONS, dim))
    steps = STEP * directions
    value_and_gradient = jax.jit(jax.vmap(jax.value_and_grad(target.density.log_prob)))
    for x in _test_points(target):
        points = np.concatenate([x + steps, x - steps, x + steps / 10, x - steps / 10, x[None]])
        values, gradients = map(np.asarray, value_and_gradient(jnp.asarray(points)))
        if not (np.isfinite(values).all() and np.isfinite(gradients).all()):
            return "the log-density or its gradient is not finite at a draw"
        complaint = _compare_slopes(directions @ gradients[-1], values)
        if complaint:
            return complaint
        jump = np.abs(gradients[: len(steps)] - gradients[len(steps) : 2 * len(steps)]).max()
        if jump > MAX_JUMP * (1 + np.abs(gradients[-1]).max()):
            return f"the gradient jumps by {jump:.3g} over a step of {2 * STEP}"
    return None


def _compare_slopes(
    slopes: Float[np.ndarray, " directions"], values: Float[np.ndarray, " points"]
) -> str | None:
    """Compare directional derivatives with central differences of two widths.

    `values` are log densities ahead and behind by STEP, then by a tenth of it, and last at the point itself.
    The difference between the two widths bounds the error of the wide one.
    """
    ahead, behind, near_ahead, near_behind = values[:-1].reshape(4, -1)
    wide, narrow = (ahead - behind) / (2 * STEP), (near_ahead - near_behind) / (STEP / 5)
    rounding = 1e-4 + 1e-5 * np.abs(slopes) + 1e-8 * np.abs(values[-1])
    allowed = rounding + 2 * np.abs(wide - narrow)
    worst = int(np.argmax(np.abs(wide - slopes) / allowed))
    if abs(wide[worst] - slopes[worst]) > allowed[worst]:
        return f"a derivative is {slopes[worst]:.6g}, the finite difference {wide[worst]:.6g}"
    return None


def batch(target: Target) -> str | None:
    """The density of a batch of points is that of its points, one number each."""
    x = _test_points(target)
    single = [jax.jit(target.density.log_prob)(point) for point in x]
    if any(value.shape != () for value in single):
        return f"one point gives an array of shape {single[0].shape}, not a number"
    together = np.asarray(jax.jit(jax.vmap(target.density.log_prob))(x))
    if np.allclose(together, np.asarray(single), rtol=1e-10, atol=1e-10):
        return None
    return f"a batch gives {together}, its points {np.asarray(single)}"


def stein(target: Target) -> str | None:
    """E[d_i log p] = 0 and E[x_i d_i log p] = -1 for exact draws: draws of another density fail.

    Raises NotJudged without exact draws, and where the identities need not hold.
    """
    x = _exact_draws(target)
    if target.about.finite_moment < 1:
        raise NotJudged("without a first moment the identities need not hold")
    slope = np.asarray(jax.jit(jax.vmap(jax.grad(target.density.log_prob)))(x))
    dim = target.density.dim
    values = np.concatenate([slope, x * slope], axis=1)
    expected = np.concatenate([np.zeros(dim), -np.ones(dim)])
    names = [f"E[d_{i} log p]" for i in range(dim)] + [f"E[x_{i} d_{i} log p]" for i in range(dim)]
    return _compare_means(values, expected, values.std(axis=0), np.zeros(2 * dim), names)


def statistics(target: Target) -> str | None:
    """Exact draws have the stated means and standard deviations, and the masses of the modes.

    Raises NotJudged without exact draws or without anything stated.
    """
    x = _exact_draws(target)
    if not target.statistics and not target.modes:
        raise NotJudged("no statistics")
    for statistic in target.statistics:
        complaint = _compare_statistic(statistic, x)
        if complaint:
            return complaint
    if target.modes:
        shares = np.asarray(jax.jit(jax.vmap(target.modes.responsibilities))(x))
        names = [f"mass of mode {i}" for i in range(shares.shape[1])]
        return _compare_means(shares, target.modes.masses, shares.std(axis=0), np.zeros(len(names)), names)
    return None


def _compare_statistic(statistic: Statistic, x: Float[np.ndarray, "n dim"]) -> str | None:
    """Compare the mean and then the variance of a statistic of exact draws with what is stated."""
    values = np.asarray(jax.jit(jax.vmap(statistic.fn))(x))
    mean_names = [f"E[{statistic.name}_{i}]" for i in range(len(statistic.mean))]
    complaint = _compare_means(values, statistic.mean, statistic.sd, statistic.standard_error, mean_names)
    if complaint:
        return complaint
    squares = (values - statistic.mean) ** 2
    error = 2 * statistic.sd * statistic.standard_error
    variance_names = [f"Var[{statistic.name}_{i}]" for i in range(len(statistic.mean))]
    return _compare_means(squares, statistic.sd**2, squares.std(axis=0), error, variance_names)


def _compare_means(
    values: Float[np.ndarray, "n k"],
    expected: Float[np.ndarray, " k"],
    sd: Float[np.ndarray, " k"],
    error: Float[np.ndarray, " k"],
    names: list[str],
) -> str | None:
    """Compare k means of independent values with what is expected; return the worst that is too far off.

    `sd` are the standard deviations of the values, `error` the standard errors of what is expected.
    """
    if not np.isfinite(values).all():
        return f"{names[0]} and its like are not finite at exact draws"
    standard_errors = np.maximum(np.hypot(sd / np.sqrt(len(values)), error), MIN_ERROR)
    scores = np.abs(values.mean(axis=0) - expected) / standard_errors
    worst = int(np.argmax(scores))
    if scores[worst] < scipy.stats.norm.isf(LEVEL / 2 / len(names)):
        return None
    mean = values[:, worst].mean()
    return f"{names[worst]} is {mean:.5g}, not {expected[worst]:.5g}: {scores[worst]:.1f} standard errors"


def _exact_draws(target: Target) -> Float[np.ndarray, "n dim"]:
    if target.sample is None:
        raise NotJudged("no exact draws")
    return draw_exactly(target.sample, jax.random.key(1), DRAWS)


def _test_points(target: Target) -> Float[np.ndarray, "points dim"]:
    """Draws of the base, and exact draws of the target where it has an exact sampler."""
    samplers = [sampler for sampler in (target.density.base.sample, target.sample) if sampler is not None]
    return np.concatenate([draw_exactly(sampler, jax.random.key(0), POINTS) for sampler in samplers])
