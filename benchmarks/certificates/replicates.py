"""What certificates look at: targets of which all is known, and a sampler's runs on them again and again."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy import integrate, special

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.sweep.programs import with_exact_draws
from bridgemark.samplers.base import Evals, Sampler, Unsupported
from bridgemark.targets.base import About, Density, Statistic, Target, Truth, gaussian_base

REPLICATES, DRAWS = 24, 512
BRIEF = {"updates": 200, "pilot": 64, "warm_up": 500}  # at most: enough to learn two dimensions
TINY = {
    "chains": 1,
    "warm_up": 5,
    "runs": 1,
    "fit_particles": 6,
    "pilot": 8,
    "steps": 3,
    "updates": 2,
    "refills": 2,
    "regressions": 2,
    "points": 5,
    "batch": 3,
    "batch_coordinates": 3,
    "max_temperatures": 30,
}
SEVERAL = {"chains": 4, "runs": 2}  # for what shows in company only
BARE = TINY | {"pilot": 0, "max_temperatures": 2}  # for what runs uncompiled
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}  # compile sooner


def reduced(sampler: Sampler, most: Mapping[str, int]) -> Sampler:
    """The same algorithm with hyper-parameters of these names at most so large."""
    own = {field.name: getattr(sampler, field.name) for field in fields(sampler)}
    smaller = {name: min(own[name], most[name]) for name in own.keys() & most.keys()}
    return replace(sampler, **smaller)


@dataclass(frozen=True)
class Replicates:
    """Repeated runs of one fit. `x` (replicates, chains, length, dim), `log_weights` likewise or None.

    `log_z` (replicates, runs) where weights were resampled; `retraced` (replicates, n) of paths that end at
    exact draws, where there are such draws and paths.
    """

    target: Target
    x: Float[np.ndarray, "replicates chains length dim"]
    log_weights: Float[np.ndarray, "replicates chains length"] | None
    log_z: Float[np.ndarray, "replicates runs"] | None
    retraced: Float[np.ndarray, "replicates n"] | None = None

    def weights(self) -> Float[np.ndarray, "replicates chains length"]:
        """w / Z; ones for Markov chains."""
        assert self.target.log_z is not None
        if self.log_weights is None:
            return np.ones(self.x.shape[:3])
        with np.errstate(over="ignore"):  # an infinite weight fails the checks that follow
            return np.exp(self.log_weights - self.target.log_z.value)

    def chain_errors(self) -> Float[np.ndarray, "replicates chains k"]:
        """Chain means of (w / Z) (f - E f) + (w / Z - 1) E f for every known f, and of w / Z - 1."""
        values, means = zip(
            *(_values(statistic, self.x) for statistic in self.target.statistics), strict=True
        )
        functions, truths = np.concatenate(values, axis=-1), np.concatenate(means)
        weights = self.weights()[..., None]
        with np.errstate(invalid="ignore"):
            errors = np.mean(weights * functions, axis=2) - truths
        return errors if self.log_weights is None else np.append(errors, np.mean(weights, axis=2) - 1, axis=2)


def _values(statistic: Statistic, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = jnp.asarray(x.reshape(-1, x.shape[-1]), jnp.float32)
    return np.asarray(jax.vmap(statistic.fn)(flat), float).reshape(*x.shape[:3], -1), statistic.mean


def replicate(sampler: Sampler, target: Target, seed: int = 0) -> Replicates:
    """One fit, and draws from it again and again; chains go on from where they were."""
    sampler = with_exact_draws(sampler, target.sample)
    key_fit, *keys = jax.random.split(jax.random.key(seed), REPLICATES + 2)
    state = jax.jit(lambda key: sampler.fit(key, target.density))(key_fit).state
    sample = jax.jit(lambda key, state: sampler.sample(key, target.density, state, DRAWS))
    found = []
    for key in keys:
        state, draws = sample(key, state)
        found.append(jax.device_get((draws.x, draws.log_weights, draws.log_z)))
    x, log_weights, log_z = (
        None if part[0] is None else np.stack(part) for part in zip(*found[1:], strict=True)
    )
    assert x is not None
    retraced = None if log_weights is None or log_z is not None else _retraced(sampler, target, state, keys)
    return Replicates(target, x, log_weights, log_z, retraced)


def _retraced(sampler: Sampler, target: Target, state: Any, keys: list[jax.Array]) -> np.ndarray | None:
    exact = target.sample
    if exact is None:
        return None

    @jax.jit
    def log_weights(key: jax.Array, state: Any) -> jax.Array:
        key_exact, key_paths = jax.random.split(jax.random.fold_in(key, 1))
        return sampler.retrace(key_paths, target.density, state, exact(key_exact, DRAWS))

    try:
        return np.stack([np.asarray(log_weights(key, state)) for key in keys[1:]])
    except Unsupported:
        return None


class Parts(NamedTuple):
    """Both phases of a run, as NumPy arrays: the leaves of the state, draws, and counts declared."""

    state: list[np.ndarray]
    draws: list[np.ndarray]
    fit_evals: Evals
    sample_evals: Evals


class Bench:
    """A sampler compiled once on a target, to be run with different keys."""

    def __init__(self, sampler: Sampler, target: Target, draws: int = 10) -> None:
        sampler = with_exact_draws(sampler, target.sample)
        self.fit = jax.jit(lambda key: sampler.fit(key, target.density), compiler_options=QUICK)
        sample = lambda key, state: sampler.sample(key, target.density, state, draws)  # noqa: E731
        self.sample = jax.jit(sample, compiler_options=QUICK)

    def run(self, fit_seed: int = 1, sample_seed: int = 2) -> Parts:
        """A fit, and a few draws."""
        fit = self.fit(jax.random.key(fit_seed))
        _, drawn = self.sample(jax.random.key(sample_seed), fit.state)
        leaves = lambda tree: [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]  # noqa: E731
        arrays = leaves((drawn.x, drawn.log_weights, drawn.log_z))
        return Parts(leaves(fit.state), arrays, fit.evals, drawn.evals)


@cache
def gaussian() -> Target:
    """A linear-Gaussian posterior, off centre, with a joint for those who learn from simulations."""
    name = "linear-gaussian-4-a"
    return registry.build(name, registry.targets()[name])


@cache
def skewed(dim: int, exchanged: bool = False) -> Target:
    """Logarithms of gamma variables, each of its own shape, off centre and asymmetric; log Z = 1.7.

    `exchanged`: the same with its coordinates in the other order.
    """
    shapes = np.array([0.8, 2.5])[:dim][:: -1 if exchanged else 1]

    def log_prob(x: jax.Array) -> jax.Array:
        return 1.7 + jnp.sum(shapes.astype(x.dtype) * x - jnp.exp(x)) - float(np.sum(special.gammaln(shapes)))

    mean, variance = special.digamma(shapes), special.polygamma(1, shapes)
    squares = np.array([_moment(shape, lambda x: x**4) for shape in shapes])
    second, zero = mean**2 + variance, np.zeros(dim)
    statistics = (
        Statistic("x", lambda x: x, mean, np.sqrt(variance), zero),
        Statistic("x2", jnp.square, second, np.sqrt(squares - second**2), zero),
        Statistic(
            "above", lambda x: (x > 0).astype(x.dtype), special.gammaincc(shapes, 1), np.full(dim, 0.5), zero
        ),
    )
    return Target(
        name=f"skewed-{dim}{'-exchanged' * exchanged}",
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(np.zeros(dim), np.full(dim, 2.0))),
        about=About("", "logarithms of gamma variables"),
        log_z=Truth(1.7, 0.0, "by construction"),
        statistics=statistics,
    )


def _moment(shape: float, function: Any) -> float:
    density = lambda x: function(x) * np.exp(shape * x - np.exp(x) - special.gammaln(shape))  # noqa: E731
    return integrate.quad(density, -40, 6)[0]
