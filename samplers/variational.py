"""Gaussian variational inference, mean field and full rank, with importance weights."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import optax
from blackjax.vi import fullrank_vi, meanfield_vi
from jaxtyping import PRNGKeyArray

from bridgemark.samplers.base import Draws, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.learnt import Learnt, Trace, adam
from bridgemark.targets.base import Density


class Family(NamedTuple):
    """Gaussians in BlackJAX's coordinates: `size` of the vector of scales, all zero at N(0, I)."""

    state: Any
    size: Callable[[int], int]
    step: Callable
    sample: Callable
    log_density: Callable


@dataclass(frozen=True, kw_only=True)
class GaussianVI(Learnt):
    """The Gaussian of smallest KL to the target, from the Gaussian base on; draws weigh gamma / q.

    Reparameterised gradients of the ELBO that stick to the landing (Roeder, Wu, Duvenaud 2017), with
    which the noise ends where q is the target; an update that is not finite is skipped.
    """

    unbiased_z: ClassVar[bool] = True
    updates: int = 3_000
    batch: int = 32
    learning_rate: float = 0.02

    @abstractmethod
    def family(self) -> Family:
        """Which Gaussians."""

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[State, Trace]:
        base_coordinates(density)  # refuses a base that is not Gaussian before any work is done
        family = self.family()
        start = jnp.zeros(density.dim), jnp.zeros(family.size(density.dim))
        return family.state(*start, self.optimiser().init(start)), Trace(evals(), {})

    def update(self, key: PRNGKeyArray, density: Density, state: State) -> tuple[State, Trace]:
        log_gamma = base_coordinates(density).pull_back(density.log_prob)
        moved, info = self.family().step(key, state, log_gamma, self.optimiser(), self.batch)
        finite = jnp.isfinite(optax.tree.norm(moved[:2]))
        kept = jax.tree.map(lambda new, old: jnp.where(finite, new, old), moved, state)
        return kept, Trace(evals(gradients=self.batch), {"loss": info.elbo, "skipped": ~finite})

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        coordinates, family = base_coordinates(density), self.family()
        z = family.sample(key, state, n)
        log_q = jax.vmap(family.log_density(*state[:2]))(z)
        log_weights = jax.vmap(coordinates.pull_back(density.log_prob))(z) - log_q
        return state, Draws(coordinates.forward(z)[:, None], log_weights[:, None], None, evals(values=n), {})

    def optimiser(self) -> optax.GradientTransformation:
        return adam(self.learning_rate, self.updates)


@dataclass(frozen=True, kw_only=True)
class MeanFieldVI(GaussianVI):
    """Independent coordinates of the base's whitened space: for a correlated base they are its own."""

    def family(self) -> Family:
        return Family(
            meanfield_vi.MFVIState,
            lambda dim: dim,
            meanfield_vi.step,
            meanfield_vi.sample,
            meanfield_vi.generate_meanfield_logdensity,
        )


@dataclass(frozen=True, kw_only=True)
class FullRankVI(GaussianVI):
    """Any covariance, by its Cholesky factor."""

    def family(self) -> Family:
        return Family(
            fullrank_vi.FRVIState,
            lambda dim: dim * (dim + 1) // 2,
            fullrank_vi.step,
            fullrank_vi.sample,
            fullrank_vi.generate_fullrank_logdensity,
        )


SAMPLERS = {"meanfield-vi": MeanFieldVI(), "fullrank-vi": FullRankVI()}
