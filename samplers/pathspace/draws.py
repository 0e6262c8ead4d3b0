"""Independent weighted draws from a path measure, and paths that end at given points."""

from collections.abc import Callable

import jax
from jaxtyping import Array, Float, Key, PRNGKeyArray

from bridgemark.samplers.base import Draws, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.path_measure import PathMeasure
from bridgemark.samplers.pathspace.paths import retraced, run
from bridgemark.targets.base import LogProb

LARGEST_BLOCK = 256  # paths simulated side by side


def weighted_draws(
    key: PRNGKeyArray,
    n: int,
    measure: PathMeasure,
    log_target: LogProb,
    coordinates: Affine,
    gradients_per_path: int,
    initial_point: Callable[[Float[Array, " dim"]], Float[Array, " dim"]] = lambda noise: noise,
) -> Draws:
    """Simulate n weighted paths in the working coordinates and return their end points in the target's own.

    `initial_point` maps standard normal noise (dim,) to a starting point distributed as
    `measure.log_initial` says. Every path is counted as one value and `gradients_per_path` gradients of
    the target.
    """
    dim, steps = coordinates.loc.shape[0], len(measure.chain.times) - 1

    def draw_path(key: PRNGKeyArray) -> tuple[Array, Array]:
        noise = normal(key, (steps + 1, dim))
        path, log_weight = run(measure, log_target, initial_point(noise[0]), noise[1:])
        return path.x[-1], log_weight

    def draw_paths(_: None, keys: Key[Array, " n"]) -> tuple[Array, Array]:
        return jax.lax.map(draw_path, keys, batch_size=_block_size(len(keys)))

    ends, log_weights = over_devices(draw_paths, None, jax.random.split(key, n))
    spent = evals(values=n, gradients=n * gradients_per_path)
    return Draws(coordinates.forward(ends)[:, None], log_weights[:, None], None, spent, {})


def retraced_weights(
    key: PRNGKeyArray,
    x: Float[Array, "n dim"],
    measure: PathMeasure,
    log_target: LogProb,
    coordinates: Affine,
) -> Float[Array, " n"]:
    """Log weights of paths that end at x, simulated by the backward kernels in the working coordinates."""
    steps = len(measure.chain.times) - 1

    def log_weight(inputs: tuple[PRNGKeyArray, Array]) -> Array:
        key, end = inputs
        return retraced(measure, log_target, end, normal(key, (steps, len(end))))

    ends = coordinates.inverse(x)
    return jax.lax.map(log_weight, (jax.random.split(key, len(x)), ends), batch_size=_block_size(len(x)))


def _block_size(n: int) -> int:
    """The number of paths per block: a divisor of n where one is large enough.

    `jax.lax.map` would compile the function a second time for a smaller last block.
    """
    largest = min(LARGEST_BLOCK, n)
    divisor = max(size for size in range(1, largest + 1) if n % size == 0)
    return divisor if divisor > 16 else largest
