"""Correct samplers of unusual kinds: no check may fail them."""

from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri

from bridgemark.samplers.base import Draws, Sampler, evals

from support.mutants import Importance, Walk


class Antithetic(Importance):
    """Pairs of reflections, each a group of two dependent draws."""

    def sample(self, key, density, state, n):
        state, draws = super().sample(key, density, state, 2 * max(n // 2, 1))
        return state, draws._replace(
            x=draws.x.reshape(-1, 2, density.dim), log_weights=draws.log_weights.reshape(-1, 2)
        )

    def noise(self, key, n, dim):
        half = super().noise(key, n // 2, dim)
        return jnp.stack([half, -half], axis=1).reshape(n, dim)


@dataclass(frozen=True, kw_only=True)
class RandomisedLattice(Importance):
    """Randomised quasi-Monte Carlo: a few lattices, each shifted at random and a group of its own."""

    lattices: int = 8

    def sample(self, key, density, state, n):
        size = max(n // self.lattices, 1)
        state, draws = super().sample(key, density, state, self.lattices * size)
        return state, draws._replace(
            x=draws.x.reshape(self.lattices, size, density.dim),
            log_weights=draws.log_weights.reshape(self.lattices, size),
        )

    def noise(self, key, n, dim):
        size = n // self.lattices
        root = 1.5
        for _ in range(50):  # the generalised golden ratio: root^(dim + 1) = root + 1
            root = (1 + root) ** (1 / (dim + 1))
        steps = jnp.asarray(root ** -(1.0 + np.arange(dim)) % 1, float)
        shifts = jax.random.uniform(key, (self.lattices, 1, dim))
        points = (shifts + jnp.arange(size)[None, :, None] * steps) % 1
        return ndtri(jnp.clip(points, 1e-7, 1 - 1e-7)).reshape(n, dim)


class NoisyWeights(Importance):
    """Weights that are only right on average: each is multiplied by a random factor of mean one."""

    def sample(self, key, density, state, n):
        state, draws = super().sample(key, density, state, n)
        noise = 0.5 * jax.random.normal(jax.random.fold_in(key, 1), draws.log_weights.shape)
        return state, draws._replace(log_weights=draws.log_weights + noise - 0.125)


class Resampled(Importance):
    """Draws that are resampled by their weights, in eight runs with an estimate of Z each."""

    runs: ClassVar[int] = 8

    def sample(self, key, density, state, n):
        size = max(n // self.runs, 1)
        state, draws = super().sample(key, density, state, self.runs * size)
        log_weights = draws.log_weights.reshape(self.runs, size)
        log_z = jax.nn.logsumexp(log_weights, axis=1) - jnp.log(size)
        keys = jax.random.split(jax.random.fold_in(key, 1), self.runs)
        chosen = jax.vmap(lambda key, logits: jax.random.categorical(key, logits, shape=(size,)))
        x = jax.vmap(jnp.take, in_axes=(0, 0, None))(
            draws.x.reshape(self.runs, size, -1), chosen(keys, log_weights), 0
        )
        return state, draws._replace(x=x, log_weights=jnp.repeat(log_z[:, None], size, axis=1), log_z=log_z)


class Stratified(Importance):
    """Half of the draws from the base and half from a wider one, weighted by the mixture of both."""

    def noise(self, key, n, dim):
        widths = jnp.where(jnp.arange(n) % 2 == 0, 1.0, 1.5)
        return widths[:, None] * super().noise(key, n, dim)

    def log_density(self, z):
        narrow = super().log_density(z)
        wide = super().log_density(z / 1.5) - z.shape[1] * np.log(1.5)
        return jnp.logaddexp(narrow, wide) - np.log(2)

    def sample(self, key, density, state, n):
        state, draws = super().sample(key, density, state, 2 * max(n // 2, 1))
        return state, draws._replace(
            x=draws.x.reshape(-1, 2, density.dim), log_weights=draws.log_weights.reshape(-1, 2)
        )


@dataclass(frozen=True, kw_only=True)
class Chains(Sampler):
    """Metropolis chains of a kind; `move` makes one transition and `costs` counts its evaluations."""

    chains: int = 4
    every: int = 10
    step: float = 0.7
    costs: ClassVar[dict] = {"values": 2}

    def at_most(self, limits):
        return replace(self, chains=min(self.chains, limits.chains))

    def fit(self, key, density):
        return super().fit(key, density)._replace(state=density.base.sample(key, self.chains))

    def sample(self, key, density, state, n):
        length = max(n // self.chains, 1)

        def draw(x, key):
            x, _ = jax.lax.scan(
                lambda x, key: (self.move(key, density, x), None), x, jax.random.split(key, self.every)
            )
            return x, x

        def chain(key, start):
            return jax.lax.scan(draw, start, jax.random.split(key, length))

        state, x = jax.vmap(chain)(jax.random.split(key, self.chains), state)
        moves = self.chains * length * self.every
        return state, Draws(
            x, None, None, evals(**{kind: moves * cost for kind, cost in self.costs.items()}), {}
        )

    def move(self, key, density, x):
        raise NotImplementedError


class IndependenceMetropolis(Chains):
    """Proposals from the base, whatever the state."""

    def move(self, key, density, x):
        key_move, key_accept = jax.random.split(key)
        proposed = density.base.sample(key_move, 1)[0]
        rise = density.log_prob(proposed) - density.log_prob(x)
        rise += density.base.log_prob(x) - density.base.log_prob(proposed)
        return jnp.where(jnp.log(jax.random.uniform(key_accept)) < rise, proposed, x)


class MultipleTry(Chains):
    """Multiple-try Metropolis (Liu, Liang and Wong 2000) with four symmetric proposals, weighted by pi."""

    costs: ClassVar[dict] = {"values": 8}
    tries: ClassVar[int] = 4

    def move(self, key, density, x):
        key_tries, key_choice, key_back, key_accept = jax.random.split(key, 4)
        tries = x + self.step * jax.random.normal(key_tries, (self.tries, *x.shape))
        log_weights = jax.vmap(density.log_prob)(tries)
        chosen = tries[jax.random.categorical(key_choice, log_weights)]
        back = chosen + self.step * jax.random.normal(key_back, (self.tries - 1, *x.shape))
        log_back = jax.vmap(density.log_prob)(jnp.concatenate([back, x[None]]))
        rise = jax.nn.logsumexp(log_weights) - jax.nn.logsumexp(log_back)
        return jnp.where(jnp.log(jax.random.uniform(key_accept)) < rise, chosen, x)


class OneCoordinate(Chains):
    """Metropolis within Gibbs: each move changes a coordinate that is chosen at random."""

    def move(self, key, density, x):
        key_which, key_move, key_accept = jax.random.split(key, 3)
        which = jax.random.randint(key_which, (), 0, density.dim)
        proposed = x.at[which].add(1.5 * jax.random.normal(key_move))
        rise = density.log_prob(proposed) - density.log_prob(x)
        return jnp.where(jnp.log(jax.random.uniform(key_accept)) < rise, proposed, x)


class SliceWithinGibbs(Chains):
    """A slice sampler of one coordinate at a time, which shrinks from a wide interval (Neal 2003)."""

    shrinks: ClassVar[int] = 12
    costs: ClassVar[dict] = {"values": 1 + 12}
    width: ClassVar[float] = 6.0

    def move(self, key, density, x):
        key_which, key_height, key_place, key_shrink = jax.random.split(key, 4)
        which = jax.random.randint(key_which, (), 0, density.dim)
        height = density.log_prob(x) + jnp.log(jax.random.uniform(key_height))
        left = x[which] - self.width * jax.random.uniform(key_place)

        def shrink(state, key):
            left, right, chosen = state
            proposed = jax.random.uniform(key, minval=left, maxval=right)
            inside = density.log_prob(x.at[which].set(proposed)) > height
            is_done = ~jnp.isnan(chosen)
            chosen = jnp.where(is_done, chosen, jnp.where(inside, proposed, jnp.nan))
            is_left = proposed < x[which]
            left = jnp.where(is_done | ~is_left, left, proposed)
            right = jnp.where(is_done | is_left, right, proposed)
            return (left, right, chosen), None

        start = (left, left + self.width, jnp.asarray(jnp.nan, x.dtype))
        (_, _, chosen), _ = jax.lax.scan(shrink, start, jax.random.split(key_shrink, self.shrinks))
        return x.at[which].set(jnp.where(jnp.isnan(chosen), x[which], chosen))


class Barker(Chains):
    """Barker's proposal (Livingstone and Zanella 2022)."""

    costs: ClassVar[dict] = {"gradients": 2}

    def move(self, key, density, x):
        key_size, key_side, key_accept = jax.random.split(key, 3)
        value, slope = jax.value_and_grad(density.log_prob)(x)
        size = self.step * jax.random.normal(key_size, x.shape)
        goes = jax.random.uniform(key_side, x.shape) < jax.nn.sigmoid(size * slope)
        jump = jnp.where(goes, size, -size)
        value_there, slope_there = jax.value_and_grad(density.log_prob)(x + jump)
        rise = value_there - value
        rise += jnp.sum(jax.nn.log_sigmoid(-jump * slope_there) - jax.nn.log_sigmoid(jump * slope))
        return jnp.where(jnp.log(jax.random.uniform(key_accept)) < rise, x + jump, x)


@dataclass(frozen=True, kw_only=True)
class AnnealedLangevin(Sampler):
    """Annealed importance sampling with Langevin steps that are never refused, weighted by both kernels."""

    unbiased_z: ClassVar[bool] = True
    steps: int = 40
    step: float = 0.06

    def sample(self, key, density, state, n):
        ladder = (1 + jnp.arange(self.steps)) / self.steps

        def log_bridge(x, share):
            return (1 - share) * density.base.log_prob(x) + share * density.log_prob(x)

        def mean(x, share):
            return x + self.step**2 * jax.grad(log_bridge)(x, share)

        def particle(key):
            key_start, key_steps = jax.random.split(key)
            start = density.base.sample(key_start, 1)[0]

            def step(carry, scanned):
                x, log_weight = carry
                share, key = scanned
                noise = jax.random.normal(key, x.shape)
                there = mean(x, share) + np.sqrt(2) * self.step * noise
                back = (x - mean(there, share)) / (np.sqrt(2) * self.step)
                return (there, log_weight + 0.5 * jnp.sum(noise**2 - back**2)), None

            scanned = (ladder, jax.random.split(key_steps, self.steps))
            (x, log_weight), _ = jax.lax.scan(step, (start, -density.base.log_prob(start)), scanned)
            return x, log_weight + density.log_prob(x)

        x, log_weights = jax.vmap(particle)(jax.random.split(key, n))
        spent = evals(gradients=2 * n * self.steps, values=n)
        return state, Draws(x[:, None], log_weights[:, None], None, spent, {})


UNUSUAL = {
    "antithetic pairs": Antithetic(),
    "randomised lattice": RandomisedLattice(),
    "noisy weights": NoisyWeights(),
    "resampled": Resampled(),
    "stratified": Stratified(),
    "independence Metropolis": IndependenceMetropolis(),
    "multiple try": MultipleTry(),
    "one coordinate at a time": OneCoordinate(),
    "slice within Gibbs": SliceWithinGibbs(),
    "Barker": Barker(),
    "annealed Langevin": AnnealedLangevin(),
    "a tenth of the step": Walk(step=0.07),
    "one chain": Walk(chains=1),
}
