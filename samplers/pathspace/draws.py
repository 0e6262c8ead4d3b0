"""Independent weighted draws from a path law."""

from collections.abc import Callable

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.samplers.pathspace.paths import retraced, run
from bridgemark.targets.base import LogProb


def weighted_draws(
    key: PRNGKeyArray,
    n: int,
    law: Law,
    log_gamma: LogProb,
    coordinates: Affine,
    gradients: int,
    start: Callable[[Float[Array, " dim"]], Float[Array, " dim"]] = lambda noise: noise,
) -> Draws:
    """n paths in `coordinates`, a block at a time; each costs a value and `gradients` of log gamma.

    `start` makes starting points, whose law is the path law's `log_mu`, of standard normal noise.
    """
    dim, steps = coordinates.loc.shape[0], len(law.chain.times) - 1

    def one(key: PRNGKeyArray) -> tuple[Array, Array]:
        drawn = normal(key, (steps + 1, dim))
        path, log_weight = run(law, log_gamma, start(drawn[0]), drawn[1:])
        return path.x[-1], log_weight

    def part(_: None, keys: PRNGKeyArray) -> tuple[Array, Array]:
        return jax.lax.map(one, keys, batch_size=_block(len(keys)))

    ends, weights = over_devices(part, None, jax.random.split(key, n))
    spent = evals(values=n, gradients=n * gradients)
    return Draws(coordinates.forward(ends)[:, None], weights[:, None], None, spent, {})


def retraced_weights(
    key: PRNGKeyArray, x: Float[Array, "n dim"], law: Law, log_gamma: LogProb, coordinates: Affine
) -> Float[Array, " n"]:
    """Log weights of the backward law's paths from each of x, in `coordinates`."""
    steps = len(law.chain.times) - 1

    def one(inputs: tuple[PRNGKeyArray, Array]) -> Array:
        key, end = inputs
        return retraced(law, log_gamma, end, normal(key, (steps, len(end))))

    ends = coordinates.inverse(x)
    return jax.lax.map(one, (jax.random.split(key, len(x)), ends), batch_size=_block(len(x)))


def _block(n: int) -> int:
    """Whole blocks where n allows: a remainder would be compiled a second time."""
    block = max(size for size in range(1, min(256, n) + 1) if n % size == 0)
    return block if block > 16 else min(256, n)
