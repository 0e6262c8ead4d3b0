"""Gaussian variational inference, mean field or full rank, with importance weights."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import optax
from blackjax.vi import fullrank_vi, meanfield_vi
from jaxtyping import PRNGKeyArray

from bridgemark.samplers.base import Draws, Limits, Sampler, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.learnt import LearntSampler, Trace, adam
from bridgemark.targets.base import Density


class GaussianFamily(NamedTuple):
    """A family of Gaussians in BlackJAX's parameters: a mean and a vector of scales, both zero at N(0, I).

    Attributes:
        state: class of BlackJAX's state, made of the mean, the scales and the optimiser's state.
        scale_size: length of the vector of scales, given the dimension.
        step: one step of the optimiser.
        sample: draws of the Gaussian.
        log_density: makes its log density of a mean and scales.
    """

    state: Any
    scale_size: Callable[[int], int]
    step: Callable
    sample: Callable
    log_density: Callable


@dataclass(frozen=True, kw_only=True)
class GaussianVI(LearntSampler):
    """The Gaussian q in a family with the smallest KL(q || target); draws are weighted by gamma / q.

    Training starts at the Gaussian base and follows reparameterised gradients of the ELBO, estimated from
    `batch` draws and without the score of q (Roeder, Wu and Duvenaud 2017, "sticking the landing"): their
    noise vanishes where q is the target. An update that is not finite is skipped. Raises Unsupported where
    the base is not Gaussian.
    """

    unbiased_z: ClassVar[bool] = True
    updates: int = 3_000
    batch: int = 32
    learning_rate: float = 0.02

    @abstractmethod
    def family(self) -> GaussianFamily:
        """The family that q belongs to."""

    def at_most(self, limits: Limits) -> Sampler:
        return replace(super().at_most(limits), batch=min(self.batch, limits.batch))

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[State, Trace]:
        base_coordinates(density.base)  # raises Unsupported before any work is done
        family = self.family()
        mean, scales = jnp.zeros(density.dim), jnp.zeros(family.scale_size(density.dim))
        optimiser_state = self.optimiser().init((mean, scales))
        return family.state(mean, scales, optimiser_state), Trace(evals(), {})

    def update(self, key: PRNGKeyArray, density: Density, state: State) -> tuple[State, Trace]:
        log_gamma = base_coordinates(density.base).pull_back(density.log_prob)
        updated, info = self.family().step(key, state, log_gamma, self.optimiser(), self.batch)
        mean, scales, _ = updated
        finite = jnp.isfinite(optax.tree.norm((mean, scales)))
        kept = jax.tree.map(lambda new, old: jnp.where(finite, new, old), updated, state)
        return kept, Trace(evals(gradients=self.batch), {"loss": info.elbo, "skipped": ~finite})

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        coordinates, family = base_coordinates(density.base), self.family()
        z = family.sample(key, state, n)
        mean, scales, _ = state
        log_q = jax.vmap(family.log_density(mean, scales))(z)
        log_weights = jax.vmap(coordinates.pull_back(density.log_prob))(z) - log_q
        return state, Draws(coordinates.forward(z)[:, None], log_weights[:, None], None, evals(values=n), {})

    def optimiser(self) -> optax.GradientTransformation:
        return adam(self.learning_rate, self.updates)


@dataclass(frozen=True, kw_only=True)
class MeanFieldVI(GaussianVI):
    """Gaussians with independent coordinates, in the coordinates in which the base is N(0, I)."""

    def family(self) -> GaussianFamily:
        return GaussianFamily(
            state=meanfield_vi.MFVIState,
            scale_size=lambda dim: dim,
            step=meanfield_vi.step,
            sample=meanfield_vi.sample,
            log_density=meanfield_vi.generate_meanfield_logdensity,
        )


@dataclass(frozen=True, kw_only=True)
class FullRankVI(GaussianVI):
    """Gaussians with any covariance, parameterised by its Cholesky factor."""

    def family(self) -> GaussianFamily:
        return GaussianFamily(
            state=fullrank_vi.FRVIState,
            scale_size=lambda dim: dim * (dim + 1) // 2,
            step=fullrank_vi.step,
            sample=fullrank_vi.sample,
            log_density=fullrank_vi.generate_fullrank_logdensity,
        )


SAMPLERS = {"meanfield-vi": MeanFieldVI(), "fullrank-vi": FullRankVI()}
