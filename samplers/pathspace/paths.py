"""The core of every path-space sampler: a reference chain, two controls, and log weights of paths.

A sampler moves x_0 ~ mu through kernels F_k to x_K, and scores the path against backward kernels B_k:

    log w = log gamma(x_K) + sum_k log B_k(x_k | x_{k+1}) - log mu(x_0) - sum_k log F_k(x_{k+1} | x_k),

which is proper, E[w] = Z, for any kernels and any number of steps. Both kernels are Gaussian
perturbations of one reference chain R, run forwards and run backwards,

    F_k = N(a_k x + g_k u_k(x), s_k e^{2 l_k(x)}),   B_k = N(b_k x' + h_k v_{k+1}(x'), r_k e^{2 m_{k+1}(x')}),

so that log B/F needs no difference of large numbers: the time reversal of R leaves
log R_0(x_0) - log R_K(x_K) and the two Girsanov-like terms of `_log_ratio`. Controls are in units of a
gradient of a log potential: the exact bridge has u = grad log phi, v = grad log phi-hat (Heng, De
Bortoli, Doucet 2024; the exponential integrator is that of Vargas, Grathwohl, Doucet 2023). The log
scales l and m, a number per coordinate, vanish as the grid is refined; on a coarse one the kernels of an
exact bridge, R_k(x' | x) phi(x') / phi(x), have variances of their own.

In the code gamma is `log_target`, mu is `log_initial`, a_k and b_k are 1 - `decay`, g_k and h_k are `gain`,
s_k and r_k are `variance`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.pathspace.chain import Chain, Kernels
from bridgemark.samplers.pathspace.path_measure import KernelShift, PathMeasure, features_at, reverse
from bridgemark.samplers.pathspace.sticking_the_landing import with_copy, with_fixed_copy
from bridgemark.targets.base import LogProb

BLOCK = 8  # steps of a stored path scored at once: a batch of them stays in a core's cache

BEFORE = slice(None, -1)  # of the points of a grid, those that a forward step starts from
AFTER = slice(1, None)  # those that a forward step leads to


class Path(NamedTuple):
    """A simulated path: its points, the displacement x' - (1 - decay) x of every step, guidance at points."""

    x: Float[Array, "points dim"]
    displacement: Float[Array, "steps dim"]
    guidance: Any


class _WeightedPoint(NamedTuple):
    """Where a path is, with the guidance there and the log weight so far."""

    x: Float[Array, " dim"]
    guidance: Any
    log_weight: Float[Array, ""]


class _RunInputs(NamedTuple):
    """What `run` needs for one step: kernels, features of both of its points, and noise (dim,)."""

    forward_kernel: Kernels
    backward_kernel: Kernels
    guidance_features: Any  # of the point that the step leads to
    forward_features: Any  # of the point that it starts from
    backward_features: Any  # of the point that it leads to
    noise: Float[Array, "..."]


class _StepResult(NamedTuple):
    """What one step adds to a path."""

    x: Float[Array, "..."]
    displacement: Float[Array, "..."]
    guidance: Any


def run(
    measure: PathMeasure,
    log_target: LogProb,
    start: Float[Array, " dim"],
    noise: Float[Array, "steps dim"],
    sticking_the_landing: bool = False,
) -> tuple[Path, Float[Array, ""]]:
    """Simulate one path and return it with its log weight, both differentiable through the path.

    With `sticking_the_landing` the path is scored by the forward control with its parameters held fixed, so
    that minus the mean log weight has the gradient of Roeder, Wu, Duvenaud (2017).
    """
    chain, guidance, forward, backward, log_initial = measure
    forward_shift = with_fixed_copy(forward.shift) if sticking_the_landing else with_copy(forward.shift)

    @jax.checkpoint  # derivatives store the carry of every step and compute the rest again
    def step(before: _WeightedPoint, inputs: _RunInputs) -> tuple[_WeightedPoint, _StepResult]:
        shifts = forward_shift(inputs.forward_features, before.x, before.guidance)
        displacement = _displacement(inputs.forward_kernel, shifts.to_move, inputs.noise)
        x = before.x - inputs.forward_kernel.decay * before.x + displacement
        guidance_at_x = guidance.evaluate(inputs.guidance_features, x)

        backward_shift = backward.shift(inputs.backward_features, x, guidance_at_x)
        backward_displacement = before.x - x + inputs.backward_kernel.decay * x
        log_backward = _log_ratio(inputs.backward_kernel, backward_shift, backward_displacement)
        log_forward = _log_ratio(inputs.forward_kernel, shifts.to_score, displacement)
        log_weight = before.log_weight + (log_backward - log_forward)
        return _WeightedPoint(x, guidance_at_x, log_weight), _StepResult(x, displacement, guidance_at_x)

    forward_kernels, backward_kernels = _as_jax_arrays(chain, start)
    inputs = _RunInputs(
        forward_kernels,
        backward_kernels,
        guidance_features=features_at(guidance.features, AFTER),
        forward_features=features_at(forward.features, BEFORE),
        backward_features=features_at(backward.features, AFTER),
        noise=noise,
    )
    guidance_at_start = guidance.evaluate(features_at(guidance.features, 0), start)
    first = _WeightedPoint(start, guidance_at_start, chain.log_start(start) - log_initial(start))
    last, steps = jax.lax.scan(step, first, inputs)
    path = _joined(start, guidance_at_start, steps)
    return path, last.log_weight + log_target(last.x) - chain.log_end(last.x)


def simulate(measure: PathMeasure, start: Float[Array, " dim"], noise: Float[Array, "steps dim"]) -> Path:
    """Simulate one path without its weight; `score_path` can compute that afterwards."""
    guidance, forward = measure.guidance, measure.forward
    forward_kernels, _ = _as_jax_arrays(measure.chain, start)

    def step(before: tuple[Array, Any], inputs: tuple) -> tuple[tuple[Array, Any], _StepResult]:
        x, guidance_at_x = before
        kernel, guidance_features, forward_features, noise = inputs
        displacement = _displacement(kernel, forward.shift(forward_features, x, guidance_at_x), noise)
        next_x = x - kernel.decay * x + displacement
        next_guidance = guidance.evaluate(guidance_features, next_x)
        return (next_x, next_guidance), _StepResult(next_x, displacement, next_guidance)

    guidance_at_start = guidance.evaluate(features_at(guidance.features, 0), start)
    guidance_features = features_at(guidance.features, AFTER)
    forward_features = features_at(forward.features, BEFORE)
    inputs = (forward_kernels, guidance_features, forward_features, noise)
    _, steps = jax.lax.scan(step, (start, guidance_at_start), inputs)
    return _joined(start, guidance_at_start, steps)


def score_path(measure: PathMeasure, path: Path) -> Float[Array, ""]:
    """The log weight of a stored path, without the term log gamma(x_K) of its end point."""
    chain = measure.chain
    start, end = path.x[0], path.x[-1]
    forward_kernels, _ = _as_jax_arrays(chain, start)

    def log_forward_ratio(inputs: tuple[Kernels, Any, Array, Any, Array]) -> Array:
        kernel, features, x, guidance, displacement = inputs
        return _log_ratio(kernel, measure.forward.shift(features, x, guidance), displacement)

    forward_features = features_at(measure.forward.features, BEFORE)
    points, guidance = path.x[BEFORE], features_at(path.guidance, BEFORE)
    inputs = (forward_kernels, forward_features, points, guidance, path.displacement)
    log_forward = _sum_over_steps(log_forward_ratio, inputs)
    log_end_points = chain.log_start(start) - measure.log_initial(start) - chain.log_end(end)
    return log_end_points + backward_log_likelihood(measure, path) - log_forward


def retraced(
    measure: PathMeasure, log_target: LogProb, end: Float[Array, " dim"], noise: Float[Array, "steps dim"]
) -> Float[Array, ""]:
    """The log weight of a path that the backward kernels simulate from x_K = `end` back to the source."""
    backward_path = simulate(reverse(measure), end, noise)
    x = backward_path.x[::-1]
    guidance = features_at(backward_path.guidance, slice(None, None, -1))
    decay = jnp.asarray(measure.chain.forward.decay, x.dtype)[:, None]
    path = Path(x, x[AFTER] - x[BEFORE] + decay * x[BEFORE], guidance)
    return score_path(measure, path) + log_target(end)


def backward_log_likelihood(measure: PathMeasure, path: Path) -> Float[Array, ""]:
    """sum_k log B_k(x_k | x_{k+1}) - log R(x_k | x_{k+1}) of a stored path."""
    _, backward_kernels = _as_jax_arrays(measure.chain, path.x)
    next_points, next_guidance = path.x[AFTER], features_at(path.guidance, AFTER)
    backward_features = features_at(measure.backward.features, AFTER)

    def log_backward_ratio(inputs: tuple[Kernels, Any, Array, Array, Any]) -> Array:
        kernel, features, x, next_x, guidance = inputs
        shift = measure.backward.shift(features, next_x, guidance)
        return _log_ratio(kernel, shift, x - next_x + kernel.decay * next_x)

    inputs = (backward_kernels, backward_features, path.x[BEFORE], next_points, next_guidance)
    return _sum_over_steps(log_backward_ratio, inputs)


def _sum_over_steps(function: Callable[[Any], Array], inputs: Any) -> Array:
    """The sum of function(inputs_k) over the steps k, for inputs stacked along their first axis.

    Blocks of steps are evaluated one after the other; derivatives store their inputs and nothing else.
    """
    return jnp.sum(jax.lax.map(jax.checkpoint(function), inputs, batch_size=BLOCK))


def _joined(start: Array, guidance_at_start: Any, steps: _StepResult) -> Path:
    """The whole path: its starting point, followed by the results of its steps."""

    def prepend(first: Array, rest: Array) -> Array:
        return jnp.concatenate([first[None], rest])

    return Path(
        prepend(start, steps.x),
        steps.displacement,
        jax.tree.map(prepend, guidance_at_start, steps.guidance),
    )


def _displacement(kernel: Kernels, shift: KernelShift, noise: Array) -> Array:
    """x' - (1 - decay) x of one step of a shifted kernel."""
    deviation = jnp.sqrt(kernel.variance)
    deviation = deviation * (1.0 if shift.log_scale is None else jnp.exp(shift.log_scale))
    return kernel.gain * shift.control + deviation * noise


def _log_ratio(kernel: Kernels, shift: KernelShift, displacement: Array) -> Array:
    """The log density of one step under the shifted kernel minus that under the reference's own kernel.

    With d the displacement, g the gain, u the control, s the variance and l the log scale, this is
    log N(d; g u, s e^{2l}) - log N(d; 0, s), expanded so that no two large numbers are subtracted.
    """
    control, log_scale = shift
    # A step whose end point is certain has variance, gain and displacement 0; dividing by 1 gives ratio 0.
    variance = kernel.variance + (kernel.variance == 0.0)
    rate = kernel.gain / variance
    ratio = rate * jnp.sum(control * (displacement - 0.5 * kernel.gain * control))
    if log_scale is None:
        return ratio
    squared_residual = (displacement - kernel.gain * control) ** 2 / variance
    return ratio - jnp.sum(log_scale + 0.5 * jnp.expm1(-2.0 * log_scale) * squared_residual)


def _as_jax_arrays(chain: Chain, like: Array) -> tuple[Kernels, Kernels]:
    """The forward and the backward kernels as JAX arrays of the precision of `like`."""
    return jax.tree.map(lambda array: jnp.asarray(array, like.dtype), (chain.forward, chain.backward))
