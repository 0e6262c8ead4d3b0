"""Two correct samplers, and mutants of them with one wrong line, each with the check that must catch it.

Those that cheat at the exam are in `support.cheats`.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.samplers.base import Draws, Fit, Limits, Sampler, evals

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True, kw_only=True)
class Importance(Sampler):
    """Importance sampling from the base, inflated by a tenth."""

    unbiased_z: ClassVar[bool] = True
    scale: float = 1.1

    def noise(self, key, n, dim):
        return jax.random.normal(key, (n, dim))

    def log_density(self, z):
        """log of the proposal's density at loc + scale z, without the log determinant of the scale."""
        return -jnp.sum(0.5 * z**2 + HALF_LOG_2PI, axis=1)

    def log_volume(self, scale):
        return jnp.sum(jnp.log(scale))

    def spent(self, n):
        return evals(values=n)

    def finish(self, x, log_weights):
        return x, log_weights

    def retrace(self, key, density, state, x):
        scale = self.scale * jnp.asarray(density.base.scale, float)
        z = (x - jnp.asarray(density.base.loc, float)) / scale
        return jax.vmap(density.log_prob)(x) - self.log_density(z) + self.log_volume(scale)

    def sample(self, key, density, state, n):
        scale = self.scale * jnp.asarray(density.base.scale, float)
        z = self.noise(key, n, density.dim)
        x = jnp.asarray(density.base.loc, float) + scale * z
        log_proposal = self.log_density(z) - self.log_volume(scale)
        x, log_weights = self.finish(x, jax.vmap(density.log_prob)(x) - log_proposal)
        return state, Draws(x[:, None], log_weights[:, None], None, self.spent(n), {})


class SignFlipped(Importance):
    def finish(self, x, log_weights):
        return x, -log_weights


class JacobianMissing(Importance):
    def log_volume(self, scale):
        return 0.0


class NormaliserDropped(Importance):
    def log_density(self, z):
        return -0.5 * jnp.sum(z**2, axis=1)


class NormaliserTooOften(Importance):
    """The ELBO is above log Z."""

    def log_density(self, z):
        return super().log_density(z) - 2 * HALF_LOG_2PI * z.shape[1]


class RetracedFromItsDraws(Importance):
    """Returns weights of the sampler's draws instead of exact ones: the EUBO is an ELBO."""

    def retrace(self, key, density, state, x):
        return self.sample(key, density, state, len(x))[1].log_weights[:, 0]


class SharedStarts(Importance):
    """Every draw has the right distribution, but the draws of a run are correlated."""

    def noise(self, key, n, dim):
        key_shared, key_single = jax.random.split(key)
        shared = jax.random.normal(key_shared, (1, dim))
        return (shared + jax.random.normal(key_single, (n, dim))) / np.sqrt(2)


class HalfTheCount(Importance):
    def spent(self, n):
        return evals(values=n // 2)


class CountedBelow512(Importance):
    """Counts a tenth of the evaluations where there are more than 512 draws."""

    def spent(self, n):
        return evals(values=n if n <= 512 else n // 10)


@dataclass(frozen=True, kw_only=True)
class SmallPilotCounted(Importance):
    """Counts no more of a pilot than a reduced size has."""

    pilot: int = 256

    def at_most(self, limits: Limits):
        return replace(self, pilot=min(self.pilot, limits.pilot))

    def fit(self, key, density):
        x = density.base.sample(key, self.pilot)
        values = jax.vmap(density.log_prob)(x)
        return Fit((), evals(values=min(self.pilot, 64)), {"pilot": jnp.mean(values)})


class Collapsed(Importance):
    """Draws one side of the first coordinate only, with the density of that half."""

    def noise(self, key, n, dim):
        z = super().noise(key, n, dim)
        return z.at[:, 0].set(jnp.abs(z[:, 0]))

    def log_density(self, z):
        return super().log_density(z) + np.log(2)


class LiteralKey(Importance):
    def noise(self, key, n, dim):
        return super().noise(jax.random.key(7), n, dim)


class KeyIgnored(Importance):
    """Draws with NumPy, so that no key is seen in the program."""

    def noise(self, key, n, dim):
        return jnp.asarray(np.random.default_rng(0).standard_normal((n, dim)), float)


class Normalised(Importance):
    """Weights with mean one, as if log Z were 0."""

    def finish(self, x, log_weights):
        return x, log_weights - jax.nn.logsumexp(log_weights) + jnp.log(len(x))


class Exchanged(Importance):
    def finish(self, x, log_weights):
        return x[:, ::-1], log_weights


class Inflated(Importance):
    def finish(self, x, log_weights):
        return 1.1 * x, log_weights


class NoOneDimension(Importance):
    """Divides by dim - 1."""

    def log_volume(self, scale):
        return super().log_volume(scale) * (len(scale) - 1) / jnp.asarray(len(scale) - 1.0)


class DrawnWhenTraced(Importance):
    """Uses random numbers of the host, new ones whenever it is compiled."""

    def noise(self, key, n, dim):
        return super().noise(jax.random.fold_in(key, np.random.default_rng().integers(2**30)), n, dim)


class SingleOnly(Importance):
    """Has a constant that is right in single precision only."""

    def log_volume(self, scale):
        return super().log_volume(scale) + jnp.where(scale.dtype == jnp.float64, 0.2, 0.0)


@dataclass(frozen=True, kw_only=True)
class Walk(Sampler):
    """Random-walk Metropolis that returns every tenth state."""

    chains: int = 4
    step: float = 0.7
    every: int = 10

    def at_most(self, limits: Limits):
        return replace(self, chains=min(self.chains, limits.chains))

    def accept(self, key, rise):
        return jnp.log(jax.random.uniform(key)) < rise

    def keep(self, key, x):
        return x

    def spent(self, chains, steps):
        return evals(values=chains * steps)

    def fit(self, key, density):
        fit = super().fit(key, density)
        return fit._replace(state=density.base.sample(key, self.chains))

    def sample(self, key, density, state, n):
        length = max(n // self.chains, 1)

        def move(x, key):
            key_move, key_accept = jax.random.split(key)
            proposed = x + self.step * jax.random.normal(key_move, x.shape)
            rise = density.log_prob(proposed) - density.log_prob(x)
            return jnp.where(self.accept(key_accept, rise), proposed, x), None

        def draw(x, key):
            x, _ = jax.lax.scan(move, x, jax.random.split(key, self.every))
            return x, x

        def chain(key, start):
            return jax.lax.scan(draw, start, jax.random.split(key, length))

        keys = jax.random.split(key, self.chains + 1)
        state, x = jax.vmap(chain)(keys[1:], state)
        spent = self.spent(self.chains, 2 * length * self.every)
        return state, Draws(self.keep(keys[0], x), None, None, spent, {})


class AcceptLeftOut(Walk):
    """Accepts nearly every step; it still refuses long steps downwards, so that the chain stays near."""

    def accept(self, key, rise):
        return rise > -2.0


class OneChainCounted(Walk):
    def spent(self, chains, steps):
        return evals(values=steps)


class CopiedChain(Walk):
    """Returns the first chain in place of all."""

    def keep(self, key, x):
        return jnp.broadcast_to(x[:1], x.shape)


class Shuffled(Walk):
    """Returns the draws of slow chains in random order, which hides their autocorrelation."""

    def keep(self, key, x):
        return jax.random.permutation(key, x, axis=1)


CORRECT = {"importance": Importance(), "walk": Walk()}
MUTANTS = {
    "sign flipped": (SignFlipped(), "unbiased on a posterior"),
    "Jacobian missing": (JacobianMissing(), "unbiased on a mixed target"),
    "normaliser dropped": (NormaliserDropped(), "unbiased on a posterior"),
    "normaliser thrice": (NormaliserTooOften(scale=0.5), "ELBO at most log Z, mixed target"),
    "its own draws retraced": (RetracedFromItsDraws(), "EUBO at least log Z"),
    "shared starts": (SharedStarts(), "independent chains"),
    "one chain for all": (CopiedChain(), "independent chains"),
    "half the count": (HalfTheCount(), "evaluations as declared"),
    "a tenth of the count beyond 512": (CountedBelow512(), "evaluations as declared, full size"),
    "a small pilot counted": (SmallPilotCounted(), "evaluations as declared, full size"),
    "one chain counted": (OneChainCounted(), "evaluations as declared, full size"),
    "mode collapse": (Collapsed(), "unbiased on a mixed target"),
    "literal key": (LiteralKey(), "no key made inside"),
    "key ignored": (KeyIgnored(), "repeatable"),
    "weights normalised": (Normalised(), "unbiased on a posterior"),
    "coordinates exchanged": (Exchanged(), "unbiased on a mixed target"),
    "draws inflated": (Inflated(), "unbiased on a mixed target"),
    "single precision only": (SingleOnly(), "unbiased with few draws, in float64"),
    "not in one dimension": (NoOneDimension(), "unbiased in one dimension"),
    "drawn when traced": (DrawnWhenTraced(), "same when traced again"),
    "accept step left out": (AcceptLeftOut(), "unbiased on a posterior"),
    "autocorrelation hidden": (
        replace(Shuffled(), chains=1, every=1, step=0.15),
        "effective size not overstated",
    ),
}
