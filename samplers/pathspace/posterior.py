"""What amortised posterior samplers share: they learn from simulations of the joint, for all y at once."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, State, Unsupported, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.common.learnt import Learnt, Trace, adam
from bridgemark.samplers.pathspace.chain import Chain, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.control import Features, Network
from bridgemark.samplers.pathspace.draws import retraced_weights, weighted_draws
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, NO_HINT, Law, Nudge, Side
from bridgemark.targets.base import Density, Joint


class Pairs(NamedTuple):
    """Simulations in working coordinates: parameters x and what they made, y."""

    x: Float[Array, "n dim"]
    y: Float[Array, "n dim_y"]


@dataclass(frozen=True, kw_only=True)
class PosteriorSampler(Learnt):
    """Paths of the exact Ornstein-Uhlenbeck chain whose controls see y, trained on pairs (x, y) alone.

    The prior becomes N(0, I), the y are standardised by `pilot` simulations. Neither the likelihood nor
    the observation is looked at in `fit`; weights are made of them in `sample`.
    """

    amortised: ClassVar[bool] = True

    horizon: float
    steps: int = 32
    power: float = 2.5
    batch: int = 256
    learning_rate: float = 3e-3
    width: int = 128
    pilot: int = 1_000

    def chain(self) -> Chain:
        """The reference chain on this sampler's grid."""
        return ornstein_uhlenbeck(self.horizon, self.steps, self.power)

    def optimiser(self) -> optax.GradientTransformation:
        """Adam over all updates."""
        return adam(self.learning_rate, self.updates)

    def network(self, key: PRNGKeyArray, joint: Joint) -> Network:
        """A control that sees y."""
        return Network(key, joint.dim, self.width, joint.dim_y)

    def measure(self, key: PRNGKeyArray, joint: Joint) -> tuple[Affine, Trace]:
        """Where y lies and how widely, by `pilot` simulations; as it is without any."""
        if not self.pilot:
            return Affine(jnp.zeros(joint.dim_y), jnp.ones(joint.dim_y)), Trace(evals(), {})
        y = simulate_pairs(key, joint, self.pilot).y
        return Affine(jnp.mean(y, axis=0), jnp.std(y, axis=0) + 1e-6), Trace(
            evals(simulations=self.pilot), {}
        )

    def ahead(self, network: Network, y: Float[Array, " dim_y"]) -> Side:
        """u = a/sqrt(1 - a^2) NN, with a the memory of the end: NN = (x_K - a x)/sqrt(1 - a^2) at best.

        u = E[grad log phi_T(X_T) | x] in terms of the residual of x_K given x under the prior, which has
        mean 0 and variance 1 whatever the time. At the end itself no step starts.
        """
        memory = self.chain().memory()
        memory[-1] = 0.0
        return self._side(network, y, memory / np.sqrt(1.0 - memory**2))

    def behind(self, network: Network, y: Float[Array, " dim_y"]) -> Side:
        """v = a NN, with a the reference's memory of its start, as grad log phi-hat_t fades with it."""
        memory = self.chain().memory()
        return self._side(network, y, memory[0] / memory)

    def _side(self, network: Network, y: Array, scales: np.ndarray) -> Side:
        def nudge(features: tuple[Array, Features], x: Array, hint: None) -> Nudge:
            scale, at = features
            control, spread = network(at, jnp.concatenate([x, y]))
            return Nudge(scale * control, spread)

        return Side(nudge, (jnp.asarray(scales, float), network.features(self.chain().times)))

    def law(self, forward: Side, backward: Side = NO_CONTROL) -> Law:
        """Paths from N(0, I), for one y."""
        return Law(self.chain(), NO_HINT, forward, backward, log_standard_normal)

    @abstractmethod
    def trained_law(self, state: State, density: Density) -> Law:
        """The path law that was learnt, for the target's y."""

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        """Weighted draws of the posterior: the weights look at its density, the paths do not."""
        coordinates = prior_coordinates(joint_of(density))
        log_gamma = coordinates.pull_back(density.log_prob)
        law = self.trained_law(state, density)
        return state, weighted_draws(key, n, law, log_gamma, coordinates, gradients=0)

    def retrace(
        self, key: PRNGKeyArray, density: Density, state: State, x: Float[Array, "n dim"]
    ) -> Float[Array, " n"]:
        coordinates = prior_coordinates(joint_of(density))
        log_gamma = coordinates.pull_back(density.log_prob)
        return retraced_weights(key, x, self.trained_law(state, density), log_gamma, coordinates)


def joint_of(density: Density) -> Joint:
    """The joint that a posterior comes from. Raises Unsupported for any other target."""
    if density.joint is None:
        raise Unsupported("the density is no posterior with a joint to simulate from")
    return density.joint


def observed(density: Density, scale: Affine) -> Float[Array, " dim_y"]:
    """The target's y, standardised."""
    return (jnp.asarray(density.y, float) - scale.loc) / scale.scale


def simulate_pairs(key: PRNGKeyArray, joint: Joint, n: int, scale: Affine | None = None) -> Pairs:
    """n pairs of the joint, x in the coordinates in which the prior is N(0, I), y standardised by `scale`."""
    key_x, key_y = jax.random.split(key)
    z = jax.random.normal(key_x, (n, joint.dim))
    y = jax.vmap(joint.simulate)(jax.random.split(key_y, n), prior_coordinates(joint).forward(z))
    return Pairs(z, y if scale is None else (y - scale.loc) / scale.scale)


def prior_coordinates(joint: Joint) -> Affine:
    """The coordinates in which the prior is N(0, I). Raises Unsupported where it is not Gaussian."""
    if joint.prior.loc is None or joint.prior.scale is None:
        raise Unsupported("the prior is not Gaussian")
    return Affine(jnp.asarray(joint.prior.loc, float), jnp.asarray(joint.prior.scale, float))
