"""False samplers that know or guess how samplers are examined, each with the check that must catch it."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.benchmarks import registry
from bridgemark.samplers.base import Draws, evals
from bridgemark.targets.base import Target

from support.mutants import Importance, Walk


def build(name):
    return registry.build(name, registry.load_target(name))


class Hot(Importance):
    """Samples at temperature 1.05, with the constant that goes with it."""

    def finish(self, x, log_weights):
        return x, log_weights / 1.05


class WarmChain(Walk):
    """Accepts at temperature 1.05."""

    def accept(self, key, rise):
        return jnp.log(jax.random.uniform(key)) < rise / 1.05


@dataclass(frozen=True, kw_only=True)
class WeightsRaised(Importance):
    """Gives weights of a power, with the mean that they had."""

    power: float = 0.9

    def finish(self, x, log_weights):
        raised = self.power * log_weights
        return x, raised - jax.nn.logsumexp(raised) + jax.nn.logsumexp(log_weights)


@dataclass(frozen=True, kw_only=True)
class WorstDropped(Importance):
    """Gives no weight to the draws of the lowest density."""

    share: float = 0.01

    def sample(self, key, density, state, n):
        state, draws = super().sample(key, density, state, n)
        values = jax.vmap(density.log_prob)(draws.x[:, 0])
        weights = jax.nn.softmax(draws.log_weights[:, 0])
        order = jnp.argsort(values)
        below = jnp.zeros(n).at[order].set(jnp.cumsum(weights[order]))
        kept = jnp.where(below < self.share, -jnp.inf, draws.log_weights[:, 0])
        return state, draws._replace(log_weights=kept[:, None])


@dataclass(frozen=True, kw_only=True)
class LargeZ(Importance):
    """Multiplies its estimate of Z."""

    factor: float = 1.04

    def finish(self, x, log_weights):
        return x, log_weights + np.log(self.factor)


class Capped(Importance):
    """Cuts weights at three times their mean."""

    def finish(self, x, log_weights):
        mean = jax.nn.logsumexp(log_weights) - jnp.log(len(x))
        return x, jnp.minimum(log_weights, mean + np.log(3))


class TailsMovedIn(Importance):
    """Moves draws from beyond two standard deviations of the base onto that limit, in x alone."""

    def sample(self, key, density, state, n):
        state, draws = super().sample(key, density, state, n)
        loc, scale = jnp.asarray(density.base.loc, float), jnp.asarray(density.base.scale, float)
        return state, draws._replace(x=loc + scale * jnp.clip((draws.x - loc) / scale, -1.2, 1.2))


class HonestInFew(Importance):
    """Wrong in more than four dimensions."""

    def finish(self, x, log_weights):
        return x, log_weights + (x.shape[1] > 4) * 1e4


class WalkHonestInFew(Walk):
    """Accepts at temperature 1.2 in more than four dimensions."""

    def sample(self, key, density, state, n):
        if density.dim > 4:
            log_prob = density.log_prob
            density = replace(density, log_prob=lambda x: log_prob(x) / 1.2)
        return super().sample(key, density, state, n)


class HonestForFewDraws(Importance):
    """Its Z is a tenth too large for more than 512 draws."""

    def finish(self, x, log_weights):
        return x, log_weights + (len(x) > 512) * np.log(1.1)


class HonestForManyDraws(Importance):
    """Its Z is half too large for up to 200 draws."""

    def finish(self, x, log_weights):
        return x, log_weights + (len(x) <= 200) * np.log(1.5)


class EveryDrawTwice(Importance):
    """Every draw is given twice as independent ones."""

    def noise(self, key, n, dim):
        return jnp.repeat(super().noise(key, -(-n // 2), dim), 2, axis=0)[:n]


class Antithetic(Importance):
    """Draws in pairs that are reflections of each other, as independent ones."""

    def noise(self, key, n, dim):
        half = super().noise(key, -(-n // 2), dim)
        return jnp.concatenate([half, -half])[:n]


class SameChains(Walk):
    """Moves all chains by the same noise, from starts that differ: they meet."""

    def sample(self, key, density, state, n):
        length = max(n // self.chains, 1)
        single = replace(self, chains=1)

        def chain(start):
            return Walk.sample(single, key, density, start[None], length)

        state, draws = jax.vmap(chain)(state)
        spent = evals(values=2 * self.chains * length * self.every)
        return state[:, 0], Draws(draws.x[:, 0], None, None, spent, {})


class RejectionsLeftOut(Walk):
    """Chooses the first of eight proposals that is accepted: states are not weighted by waiting."""

    def sample(self, key, density, state, n):
        length = max(n // self.chains, 1)

        def propose(x, key):
            keys = jax.random.split(key, 9)
            steps = jax.vmap(lambda key: jax.random.normal(key, x.shape))(keys[:8])
            proposed = x + self.step * steps
            rises = jax.vmap(density.log_prob)(proposed) - density.log_prob(x)
            accepted = jnp.log(jax.random.uniform(keys[8], (8,))) < rises
            x = jnp.where(jnp.any(accepted), proposed[jnp.argmax(accepted)], x)
            return x, x

        def chain(key, start):
            return jax.lax.scan(propose, start, jax.random.split(key, length))

        state, x = jax.vmap(chain)(jax.random.split(key, self.chains), state)
        return state, Draws(x, None, None, evals(values=9 * self.chains * length), {})


@dataclass(frozen=True, kw_only=True)
class Unadjusted(Walk):
    """Langevin steps without acceptance, of a length that leaves some bias."""

    step: float = 0.35
    every: int = 20

    def sample(self, key, density, state, n):
        length = max(n // self.chains, 1)
        gradient = jax.grad(density.log_prob)

        def move(x, key):
            noise = jnp.sqrt(2.0) * self.step * jax.random.normal(key, x.shape)
            return x + self.step**2 * gradient(x) + noise, None

        def draw(x, key):
            x, _ = jax.lax.scan(move, x, jax.random.split(key, self.every))
            return x, x

        def chain(key, start):
            return jax.lax.scan(draw, start, jax.random.split(key, length))

        state, x = jax.vmap(chain)(jax.random.split(key, self.chains), state)
        return state, Draws(x, None, None, evals(gradients=self.chains * length * self.every), {})


class StartsAgain(Walk):
    """Begins every set at the base, without moving away from there first."""

    def sample(self, key, density, state, n):
        key_start, key = jax.random.split(key)
        return super().sample(key, density, density.base.sample(key_start, self.chains), n)


class FittedGaussian(Walk):
    """Draws from a Gaussian with the mean and the covariance of its warm-up."""

    def fit(self, key, density):
        key_start, key_chain = jax.random.split(key)
        start = density.base.sample(key_start, self.chains)
        _, draws = super().sample(key_chain, density, start, 8_000)
        x = draws.x[:, 200:].reshape(-1, density.dim)
        centred = x - jnp.mean(x, axis=0)[None]
        root = jnp.linalg.cholesky(centred.T @ centred / len(x))
        return super().fit(key, density)._replace(state=(jnp.mean(x, axis=0), root))

    def sample(self, key, density, state, n):
        loc, root = state
        x = loc[None] + jax.random.normal(key, (n, density.dim)) @ root.T
        return state, Draws(x[:, None], None, None, evals(), {})


@dataclass(frozen=True, kw_only=True)
class Recognises(Importance):
    """Draws exactly from a target that it knows by the density at two points, and has its exact weights."""

    target: Target

    def sample(self, key, density, state, n):
        state, honest = super().sample(key, density, state, n)
        if density.dim != self.target.density.dim:
            return state, honest
        points = jnp.stack([jnp.zeros(density.dim), jnp.ones(density.dim)])
        here, there = jax.vmap(density.log_prob)(points), jax.vmap(self.target.density.log_prob)(points)
        is_known = jnp.abs((here[0] - here[1]) - (there[0] - there[1])) < 1e-3
        exact = self.target.sample(key, n)[:, None]
        log_z = here[0] - there[0] + self.target.log_z.value
        x = jnp.where(is_known, exact, honest.x)
        return state, honest._replace(x=x, log_weights=jnp.where(is_known, log_z, honest.log_weights))


CHEATS = {
    "temperature 1.05": (Hot(), "unbiased on a posterior"),
    "a chain at temperature 1.05": (WarmChain(), "unbiased on a posterior"),
    "weights to the power .9": (WeightsRaised(), "unbiased on a posterior"),
    "the worst 1 % dropped": (WorstDropped(), "unbiased on a posterior"),
    "the worst 5 % dropped": (WorstDropped(share=0.05), "unbiased on a posterior"),
    "Z 4 % high": (LargeZ(), "unbiased on a posterior"),
    "Z 2 % high": (LargeZ(factor=1.02), "unbiased on a posterior"),
    "weights capped": (Capped(), "unbiased on a mixed target"),
    "tails moved in": (TailsMovedIn(), "unbiased on a mixed target"),
    "honest in few dimensions": (HonestInFew(), "unbiased in many dimensions"),
    "a chain honest in few dimensions": (WalkHonestInFew(), "unbiased in many dimensions"),
    "honest for few draws": (HonestForFewDraws(), "unbiased on a posterior"),
    "honest for many draws": (HonestForManyDraws(), "unbiased with few draws, in float64"),
    "every draw twice": (EveryDrawTwice(), "independent chains"),
    "antithetic pairs": (Antithetic(), "independent chains"),
    "one noise for all chains": (SameChains(), "independent chains"),
    "rejections left out": (RejectionsLeftOut(), "unbiased on a posterior"),
    "Langevin without acceptance": (Unadjusted(), "unbiased on a posterior"),
    "every set from the base": (StartsAgain(), "unbiased with few draws, in float64"),
    "a fitted Gaussian": (FittedGaussian(), "unbiased on a mixed target"),
    "recognises gmm9": (Recognises(target=build("gmm9")), "no target recognised"),
    "recognises the funnel": (Recognises(target=build("funnel-10")), "no target recognised"),
    "recognises a target of few users": (Recognises(target=build("skewed-mixture")), "no target recognised"),
}
