"""Two learnt controls on one chain, their half-step losses, and draws: shared by diffusion and bridge."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from samplers.affine import Affine
from samplers.base import Draws, evals
from samplers.control import Features, Network
from samplers.noise import normal
from samplers.paths import Chain, Side, backward_log_likelihood, no_control, run, simulate
from targets.base import LogProb


def guided(chain: Chain, network: Network, log_gamma: LogProb, clip: float) -> Side:
    """u = NN + (1 + s) a grad log(gamma / N(0, I))(a x), with a the reference's memory of the end.

    Tweedie: grad log phi_t(x) = a E[grad log phi_T(X_T) | X_t = x], and a x is the reference's mean of
    X_T; so at s = 0, NN = 0 this is exact for a linear log phi_T and a good start near a Gaussian. Its
    entries are clipped so that they move a step by at most `clip` standard deviations of its noise: a
    score too stiff for the step would throw the path out instead.
    """
    limit = clip * np.sqrt(chain.variance) / chain.gain
    limits = np.append(limit, limit[-1])
    memory = jnp.exp(-0.5 * (chain.times[-1] - chain.times))
    score = jax.grad(log_gamma)

    def control(inputs: tuple[Features, Array, Array], x: Array) -> Array:
        features, decay, limit = inputs
        contracted = decay * x
        guide = decay * (score(contracted) + contracted)
        return network(features, x) + features.guide * jnp.clip(guide, -limit, limit)

    return Side(control, (network.features(chain.times / chain.times[-1]), memory, limits))


def free(chain: Chain, network: Network) -> Side:
    """v = NN: a backward control has no score to lean on."""
    return Side(network, network.features(chain.times / chain.times[-1]))


def reference(chain: Chain) -> Side:
    """The reference chain itself as backward kernel."""
    return Side(no_control, jnp.zeros(chain.times.shape[0]))


def log_normal(x: Float[Array, " dim"]) -> Float[Array, ""]:
    """log N(x; 0, I), the law that paths start from."""
    return -0.5 * jnp.sum(x**2) - 0.5 * x.shape[0] * jnp.log(2 * jnp.pi)


class Batch(NamedTuple):
    """Starting points and noise of a batch of paths."""

    start: Float[Array, "batch dim"]
    noise: Float[Array, "batch steps dim"]


def draw_batch(key: PRNGKeyArray, batch: int, chain: Chain, dim: int) -> Batch:
    """Everything random about a batch of paths, drawn at once."""
    drawn = normal(key, (batch, chain.gain.shape[0] + 1, dim))
    return Batch(drawn[:, 0], drawn[:, 1:])


def log_weights(
    chain: Chain, forward: Side, backward: Side, log_gamma: LogProb, batch: Batch, scored: Side | None = None
) -> tuple[Array, Array]:
    """End points (batch, dim) and log weights (batch,) of a batch of paths."""
    judge = None if scored is None else scored.control

    def one(start: Array, noise: Array) -> tuple[Array, Array]:
        return run(chain, forward, backward, log_gamma, log_normal, start, noise, judge)

    return jax.vmap(one)(batch.start, batch.noise)


def backward_loss(chain: Chain, forward: Side, backward: Callable[..., Side], batch: Batch) -> Callable:
    """Minus the mean log-likelihood of the backward kernels on the forward side's own paths."""
    paths = jax.vmap(lambda start, noise: simulate(chain, forward, start, noise).x)(batch.start, batch.noise)

    def loss(network: Network) -> Array:
        side = backward(network)
        return -jnp.mean(jax.vmap(lambda points: backward_log_likelihood(chain, side, points))(paths))

    return loss


def draw(
    key: PRNGKeyArray,
    n: int,
    chain: Chain,
    forward: Side,
    backward: Side,
    coordinates: Affine,
    log_gamma: LogProb,
    block: int,
) -> Draws:
    """n independent weighted draws, `block` paths at a time."""
    dim = coordinates.loc.shape[0]

    def one(key: PRNGKeyArray) -> tuple[Array, Array]:
        drawn = normal(key, (chain.gain.shape[0] + 1, dim))
        return run(chain, forward, backward, log_gamma, log_normal, drawn[0], drawn[1:])

    ends, weights = jax.lax.map(one, jax.random.split(key, n), batch_size=min(block, n))
    spent = evals(values=n, gradients=n * chain.gain.shape[0])
    return Draws(coordinates.forward(ends)[:, None], weights[:, None], None, spent, {})
