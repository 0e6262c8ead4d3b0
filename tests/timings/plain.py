"""The plain reference: the denoising diffusion sampler as a competent user of JAX would write it.

One scan over the steps with `jax.random.normal` in each, log-densities of Gaussians written out,
derivatives by backpropagation through the scan, raw coordinates. It shares the network's shape and the
grid with `dds` but no line of code, so that its speed does not move when that of the core does.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.scipy.stats import norm


class Network(eqx.Module):
    """NN(t, x) + (1 + s(t)) guidance: Fourier features of t, two hidden layers; its last layers are zero."""

    time_in: eqx.nn.Linear
    time_out: eqx.nn.Linear
    first: eqx.nn.Linear
    second: eqx.nn.Linear
    last: eqx.nn.Linear
    scale: eqx.nn.Linear

    def __init__(self, key, dim, width):
        keys = jax.random.split(key, 6)
        sizes = ((16, width), (width, width), (dim, width), (width, width), (width, dim), (width, dim))
        layers = [eqx.nn.Linear(*size, key=key) for size, key in zip(sizes, keys, strict=True)]
        self.time_in, self.time_out, self.first, self.second = layers[:4]
        self.last, self.scale = (jax.tree.map(jnp.zeros_like, layer) for layer in layers[4:])

    def __call__(self, time, x, guidance):
        angles = jnp.pi * jnp.arange(1, 9) * time
        waves = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)])
        embedding = self.time_out(jax.nn.gelu(self.time_in(waves)))
        hidden = jax.nn.gelu(self.first(x) + embedding)
        out = self.last(jax.nn.gelu(self.second(hidden)))
        return out + (1.0 + self.scale(jax.nn.gelu(embedding))) * guidance


class Plain(NamedTuple):
    """What is fixed: the target's log-density on R^dim, and the grid of an Ornstein-Uhlenbeck process."""

    log_prob: object
    dim: int
    steps: int = 128
    batch: int = 256
    horizon: float = 4.0
    power: float = 2.5

    def schedule(self):
        """For every step: time / horizon, its length, and the time that remains until the horizon."""
        times = self.horizon * (1 - (1 - np.arange(self.steps + 1) / self.steps) ** self.power)
        columns = times[:-1] / self.horizon, np.diff(times), self.horizon - times[:-1]
        return tuple(jnp.asarray(column, float) for column in columns)

    def control(self, network, x, time, length, left):
        """The network at one point; its guidance moves no step by more than its noise's deviation."""
        decay = jnp.exp(-0.5 * left)
        ratio = jax.grad(lambda x: self.log_prob(x) - jnp.sum(norm.logpdf(x)))
        limit = jnp.sqrt(1 - jnp.exp(-length)) / (2 * (1 - jnp.exp(-0.5 * length)))
        return network(time, x, jnp.clip(decay * ratio(decay * x), -limit, limit))

    def paths(self, network, key, detach):
        """Ends (batch, dim) and log weights (batch,); `detach` holds the points of the paths fixed."""
        key_start, key_steps = jax.random.split(key)
        start = jax.random.normal(key_start, (self.batch, self.dim))

        def step(carry, inputs):
            x, log_weight = carry
            key, (time, length, left) = inputs
            decay, deviation = jnp.exp(-0.5 * length), jnp.sqrt(1 - jnp.exp(-length))
            controls = jax.vmap(lambda x: self.control(network, x, time, length, left))(x)
            mean = decay * x + 2 * (1 - decay) * controls
            after = mean + deviation * jax.random.normal(key, x.shape)
            after = jax.lax.stop_gradient(after) if detach else after
            log_forward = jnp.sum(norm.logpdf(after, mean, deviation), axis=1)
            log_backward = jnp.sum(norm.logpdf(x, decay * after, deviation), axis=1)
            return (after, log_weight + log_backward - log_forward), None

        first = -jnp.sum(norm.logpdf(start), axis=1)
        keys = jax.random.split(key_steps, self.steps)
        (end, log_weight), _ = jax.lax.scan(step, (start, first), (keys, self.schedule()))
        return end, log_weight + jax.vmap(self.log_prob)(end)

    def reverse_kl(self, network, key):
        """Loss and log weights."""
        log_weights = self.paths(network, key, detach=False)[1]
        return -jnp.mean(log_weights), log_weights

    def log_variance(self, network, key):
        """Loss and log weights."""
        log_weights = self.paths(network, key, detach=True)[1]
        return 0.5 * jnp.var(log_weights, ddof=1), log_weights


def trainer(loss, learning_rate=5e-3, decay=0.95, every=50):
    """(init, update): Adam whose rate falls by `decay` every so many steps, on gradients of norm one."""
    rate = optax.exponential_decay(learning_rate, every, decay, staircase=True)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))

    def init(network):
        return network, optimiser.init(network)

    def update(key, state):
        network, optimiser_state = state
        (_, log_weights), gradient = jax.value_and_grad(loss, has_aux=True)(network, key)
        changes, optimiser_state = optimiser.update(gradient, optimiser_state)
        return (eqx.apply_updates(network, changes), optimiser_state), jnp.mean(log_weights)

    return init, update
