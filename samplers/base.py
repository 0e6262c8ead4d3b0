"""The contract of a sampling algorithm: two pure functions of a random key, and the records that they return.

A sampler is a frozen dataclass whose fields are its hyper-parameters. `fit` warms up, adapts or trains on a
density and returns a state; `sample` draws from that state. Both are pure functions of their key and are
compiled whole by `jax.jit`. A sampler is given a `Density`: it knows neither the target's name nor its
truths, and no clock, file or metric.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.targets.base import Density

UNLIMITED = 2**31 - 1
LARGEST_PART = 2**30  # of a count: two of them still fit into a signed 32-bit integer
State: TypeAlias = Any  # a pytree of arrays, different for every sampler
Info: TypeAlias = dict[str, Array]  # named arrays for diagnosis; no score is computed from them


class Unsupported(Exception):
    """The density lacks something that the sampler needs; the runner stores the message in the row."""


class Evals(NamedTuple):
    """Numbers of evaluations, each given as an integer array whose entries add up to it.

    One unit is one evaluation, at one point, of log gamma (`values`), of its gradient with or without the
    value (`gradients`; a Hessian-vector product counts as one), or of the simulator of p(y | x)
    (`simulations`). Every entry fits into 32 bits. Only the host adds the entries up, in Python integers, so
    that no count can overflow.
    """

    values: Int[Array, "..."]
    gradients: Int[Array, "..."]
    simulations: Int[Array, "..."]


def evals(values: Any = 0, gradients: Any = 0, simulations: Any = 0) -> Evals:
    """Build an `Evals` from counts: Python integers of any size, or integer arrays of partial counts.

    Raises ValueError for a negative integer.
    """
    return Evals(_as_parts(values), _as_parts(gradients), _as_parts(simulations))


def add_evals(*terms: Evals) -> Evals:
    """Add several `Evals` by concatenating their partial counts."""
    return Evals(
        *(jnp.concatenate([jnp.ravel(part) for part in parts]) for parts in zip(*terms, strict=True))
    )


def _as_parts(count: Any) -> Int[Array, "..."]:
    """Split a Python integer into entries of 32 bits; an array is one of partial counts already."""
    if not isinstance(count, int):
        return jnp.asarray(count)
    if count < 0:
        raise ValueError(f"a count of evaluations cannot be negative: {count}")
    whole, rest = divmod(count, LARGEST_PART)
    return jnp.asarray([LARGEST_PART] * whole + [rest], dtype=np.int32)


class Fit(NamedTuple):
    """The result of `Sampler.fit`.

    `state` is what `sample` starts from, `evals` the evaluations spent, `info` arrays for diagnosis.
    """

    state: State
    evals: Evals
    info: Info


class Draws(NamedTuple):
    """The result of `Sampler.sample`.

    Attributes:
        x: draws, in `chains` independent groups of `length` dependent draws. A group is a Markov chain or one
            run of a particle method; independent draws are groups of length one.
        log_weights: logarithms of properly weighted draws, E[mean(w f(x))] = Z E[f(x)] with the mean over all
            draws of all groups, and the expectation on the right under the target. None for Markov chains.
        log_z: logarithm of one estimate of Z per run, given where weights were resampled: the mean and the
            effective size of the final weights say nothing then. None where log mean(w) is the estimate.
        evals: evaluations spent on these draws.
        info: arrays for diagnosis.
    """

    x: Float[Array, "chains length dim"]
    log_weights: Float[Array, "chains length"] | None
    log_z: Float[Array, " runs"] | None
    evals: Evals
    info: Info


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest sizes that a quick run may have, in tests and in certificates; see `Sampler.at_most`.

    Attributes:
        chains: Markov chains.
        warm_up: iterations of a warm-up.
        runs: independent runs of a particle, tempering or optimisation method.
        particles: particles that `fit` moves.
        pilot: particles or simulations that `fit` spends on finding working coordinates.
        steps: grid steps of a path, and leapfrog steps of a trajectory.
        updates: training updates, and iterations of an optimiser.
        batch: paths, points or coordinates in a training batch.
        temperatures: temperatures of a schedule, and likelihood levels of nested sampling.
    """

    chains: int = UNLIMITED
    warm_up: int = UNLIMITED
    runs: int = UNLIMITED
    particles: int = UNLIMITED
    pilot: int = UNLIMITED
    steps: int = UNLIMITED
    updates: int = UNLIMITED
    batch: int = UNLIMITED
    temperatures: int = UNLIMITED


@dataclass(frozen=True, kw_only=True)
class Sampler(ABC):
    """A sampling algorithm; its fields are its hyper-parameters.

    A subclass implements `sample`, and `fit` if it has anything to adapt. Where it has a size, it also
    overrides `scaled` and `at_most`. Both `fit` and `sample` raise `Unsupported` for a density that the
    algorithm cannot serve.

    Attributes:
        unbiased_z: whether the estimate of Z is unbiased, E[Z-hat] = Z.
        asymptotically_exact: whether long runs have the target's expectations. Otherwise discretisation
            leaves a bias, however long they are.
        amortised: whether one fit serves every observation y of the density's joint.
        fit_share: the share of a budget of evaluations that goes to `fit`; the rest goes to draws.
        needs_exact_draws: whether the runner must set the field `exact_draws` to the target's exact sampler.
            Such a sampler is a yardstick and is never ranked.
    """

    unbiased_z: ClassVar[bool] = False
    asymptotically_exact: ClassVar[bool] = True
    amortised: ClassVar[bool] = False
    fit_share: ClassVar[float] = 0.5
    needs_exact_draws: ClassVar[bool] = False

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        """Warm up, adapt or train, and return the state that `sample` starts from. By default, do nothing."""
        return Fit(state=(), evals=evals(), info={})

    @abstractmethod
    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        """Draw about `n` points (`n` rounded down to whole chains or runs).

        Returns the state from which a later call goes on, and the draws.
        """

    def serves(self) -> tuple[str, ...] | None:
        """Names of the only targets that this configuration was published for; None for all targets.

        The runner asks for it: a sampler itself never sees a target's name.
        """
        return None

    def scaled(self, effort: float) -> "Sampler":
        """Return the same sampler with about `effort` times the work in `fit`; itself if that has no size."""
        return self

    def at_most(self, limits: Limits) -> "Sampler":
        """Return the same algorithm with no size above `limits`; itself if it has no size."""
        return self

    def retrace(
        self, key: PRNGKeyArray, density: Density, state: State, x: Float[Array, "n dim"]
    ) -> Float[Array, " n"]:
        """Return log weights of paths that end at exact draws `x` of the target.

        The paths are drawn backwards from their end points; a weight is the ratio of the two path densities,
        as in `sample`, so that the mean log weight is an upper bound of log Z (EUBO). Raises `Unsupported`
        for an algorithm without such paths.
        """
        raise Unsupported("no paths that end at a given point")


def scaled_size(size: int, effort: float, at_least: int = 1) -> int:
    """Return `effort` times `size`, rounded, and no less than `at_least`: the size that `scaled` gives."""
    return max(round(effort * size), at_least)
