"""What a sampler is: two pure functions of a key, and the records they return."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.targets.base import Density

UNLIMITED = 2**31 - 1
State: TypeAlias = Any  # a pytree of arrays
Info: TypeAlias = dict[str, Array]


class Unsupported(Exception):
    """This target lacks what the sampler needs; the runner records it as a row with this reason."""


class Evals(NamedTuple):
    """Evaluations spent, as integer arrays of partial counts: each count is the sum of its parts.

    One unit is one algorithmic evaluation of log gamma, or of its gradient (a Hessian-vector product
    counts one), at one point. A part fits in 32 bits; only the host adds the parts up, in Python
    integers, so that no count can overflow.
    """

    values: Int[Array, "..."]
    gradients: Int[Array, "..."]
    simulations: Int[Array, "..."]


def evals(values: Any = 0, gradients: Any = 0, simulations: Any = 0) -> Evals:
    """Evals from whole numbers of any size or arrays of parts."""
    return Evals(_parts(values), _parts(gradients), _parts(simulations))


def add_evals(*several: Evals) -> Evals:
    """All of them together, as parts side by side."""
    return Evals(
        *(jnp.concatenate([jnp.ravel(part) for part in kind]) for kind in zip(*several, strict=True))
    )


def _parts(count: Any) -> Int[Array, "..."]:
    if not isinstance(count, int):
        return jnp.asarray(count)
    whole, rest = divmod(count, 2**30)
    return jnp.asarray([2**30] * whole + [rest], dtype=np.int32)


class Fit(NamedTuple):
    """What `fit` returns: the state that `sample` starts from, what it cost, and traces for diagnosis."""

    state: State
    evals: Evals
    info: Info


class Draws(NamedTuple):
    """What `sample` returns.

    `x`: `length` is the dependent axis; independent draws are many chains of length one; for particle
    methods chains are independent runs and `length` the particles.
    `log_weights`: proper, E[mean(w f(x))] = Z E[f(x)], over all chains together; None for MCMC.
    `log_z`: one estimate a run, given where the weights were resampled, so that their mean logarithm
    and their Kish size say nothing; None where log mean w is the estimate.
    """

    x: Float[Array, "chains length dim"]
    log_weights: Float[Array, "chains length"] | None
    log_z: Float[Array, " runs"] | None
    evals: Evals
    info: Info


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest size that a run may have where it must be quick: in tests and in certificates.

    `batch` bounds paths, points or coordinates in a batch, `particles` those that `fit` moves, `pilot` those
    that look for coordinates, `steps` the grid of a path, `temperatures` those of an adaptive ladder.
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
    """A sampling algorithm with its hyper-parameters as fields.

    `fit` warms up, adapts or trains; `sample` draws. Both are jittable whole and pure functions of
    their key. A target that cannot be served raises `Unsupported`.
    """

    unbiased_z: ClassVar[bool] = False  # E[Z-hat] = Z exactly
    amortised: ClassVar[bool] = False  # one fit serves every y of the density's joint
    fit_share: ClassVar[float] = 0.5  # of a budget; the rest is for draws
    needs_exact_draws: ClassVar[bool] = (
        False  # handed in by the runner as the field `exact_draws`; never ranked
    )

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        """Nothing to adapt unless a sampler says so."""
        return Fit(state=(), evals=evals(), info={})

    @abstractmethod
    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        """About `n` draws (`n` rounded down to whole chains), and the state that goes on."""

    def serves(self) -> tuple[str, ...] | None:
        """Names of the only targets that this configuration was published for; None for all targets.

        The runner asks for it: a sampler itself never sees a name.
        """
        return None

    def scaled(self, effort: float) -> "Sampler":
        """The same sampler with about `effort` times the work in `fit`; itself where that has no size."""
        return self

    def at_most(self, limits: Limits) -> "Sampler":
        """The same algorithm, no larger than `limits`; itself where it has no size."""
        return self

    def retrace(
        self, key: PRNGKeyArray, density: Density, state: State, x: Float[Array, "n dim"]
    ) -> Float[Array, " n"]:
        """Log weights of paths that end at exact draws x of the target, drawn from the backward law.

        Their mean is the evidence upper bound. Raises Unsupported where there are no such paths.
        """
        raise Unsupported("no paths that end at a given point")
