"""What amortised posterior samplers share: they learn from simulations of the joint, for all y at once."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Limits, Sampler, State, Unsupported, evals
from bridgemark.samplers.common.affine import Affine, base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.common.learnt import LearntSampler, Trace, adam
from bridgemark.samplers.pathspace.chain import Chain, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.control import Features, Network
from bridgemark.samplers.pathspace.draws import retraced_weights, weighted_draws
from bridgemark.samplers.pathspace.path_measure import (
    NO_CONTROL,
    NO_GUIDANCE,
    Direction,
    KernelShift,
    PathMeasure,
)
from bridgemark.targets.base import Density, Joint

SMALLEST_SCALE = 1e-6  # added to the standard deviations of y, which may be zero


class Pairs(NamedTuple):
    """Simulations in working coordinates: parameters x and the observations y simulated from them."""

    x: Float[Array, "n dim"]
    y: Float[Array, "n dim_y"]


@dataclass(frozen=True, kw_only=True)
class PosteriorSampler(LearntSampler):
    """Paths of an Ornstein-Uhlenbeck chain whose controls depend on y, trained on pairs (x, y) alone.

    In working coordinates the prior is N(0, I), and every coordinate of y is standardised by its mean and
    standard deviation over `pilot` simulations (0: y is left as it is). `fit` evaluates neither the
    likelihood nor the observation; both enter only the weights computed in `sample`. `batch` is the number
    of pairs in an update; `horizon`, `steps` and `power` are as in `PathSampler`.
    """

    amortised: ClassVar[bool] = True

    horizon: float
    steps: int = 32
    power: float = 2.5
    batch: int = 256
    learning_rate: float = 3e-3
    width: int = 128
    pilot: int = 1_000

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            super().at_most(limits),
            steps=min(self.steps, limits.steps),
            batch=min(self.batch, limits.batch),
            pilot=min(self.pilot, limits.pilot),
        )

    def chain(self) -> Chain:
        """The reference chain on this sampler's grid."""
        return ornstein_uhlenbeck(self.horizon, self.steps, self.power)

    def optimiser(self) -> optax.GradientTransformation:
        """Adam, with a learning rate that decays over all updates."""
        return adam(self.learning_rate, self.updates)

    def network(self, key: PRNGKeyArray, joint: Joint) -> Network:
        """A network of x and y before training."""
        return Network(key, joint.dim, self.width, observed=joint.dim_y)

    def find_y_coordinates(self, key: PRNGKeyArray, joint: Joint) -> tuple[Affine, Trace]:
        """Mean and standard deviation of y over `pilot` simulations, and their cost."""
        if not self.pilot:
            return Affine(jnp.zeros(joint.dim_y), jnp.ones(joint.dim_y)), Trace(evals(), {})
        y = simulate_pairs(key, joint, self.pilot).y
        coordinates = Affine(jnp.mean(y, axis=0), jnp.std(y, axis=0) + SMALLEST_SCALE)
        return coordinates, Trace(evals(simulations=self.pilot), {})

    def forward_direction(self, network: Network, y: Float[Array, " dim_y"]) -> Direction:
        """The forward control u = a / sqrt(1 - a^2) NN, with a = `decay_to_end`.

        The exact control is u = E[grad log phi(X_K) | X_t = x]. It equals a / sqrt(1 - a^2) times the
        conditional mean of (X_K - a x) / sqrt(1 - a^2), the residual of X_K given x under the prior, which
        has mean 0 and variance 1 at every time; the network learns that mean. At the last point, where no
        step starts and a = 1, a is set to 0.
        """
        decay = self.chain().decay_to_end()
        decay[-1] = 0.0
        return self._direction(network, y, decay / np.sqrt(1.0 - decay**2))

    def backward_direction(self, network: Network, y: Float[Array, " dim_y"]) -> Direction:
        """The backward control v = b NN, with b the factor of E[X_k | X_0 = x] = b x.

        The exact control, grad log phi-hat, fades with b as the starting point is forgotten.
        """
        decay_to_end = self.chain().decay_to_end()
        decay_from_start = decay_to_end[0] / decay_to_end
        return self._direction(network, y, decay_from_start)

    def _direction(self, network: Network, y: Array, scales: np.ndarray) -> Direction:
        """The control scale * NN(t, x, y), for scales (points,)."""

        def shift(features: tuple[Array, Features], x: Array, guidance: None) -> KernelShift:
            scale, network_features = features
            control, log_scale = network(network_features, jnp.concatenate([x, y]))
            return KernelShift(scale * control, log_scale)

        return Direction(shift, (jnp.asarray(scales, float), network.features(self.chain().times)))

    def path_measure(self, forward: Direction, backward: Direction = NO_CONTROL) -> PathMeasure:
        """Paths from N(0, I) to the posterior of one y, which the directions know."""
        return PathMeasure(self.chain(), NO_GUIDANCE, forward, backward, log_standard_normal)

    @abstractmethod
    def trained_measure(self, state: State, density: Density) -> PathMeasure:
        """The path measure that the trained networks make for the density's y."""

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        """Weighted draws of the posterior: only the weights evaluate its density, the paths do not."""
        coordinates = base_coordinates(joint_of(density).prior)
        log_target = coordinates.pull_back(density.log_prob)
        measure = self.trained_measure(state, density)
        return state, weighted_draws(key, n, measure, log_target, coordinates, gradients_per_path=0)

    def retrace(
        self, key: PRNGKeyArray, density: Density, state: State, x: Float[Array, "n dim"]
    ) -> Float[Array, " n"]:
        coordinates = base_coordinates(joint_of(density).prior)
        log_target = coordinates.pull_back(density.log_prob)
        return retraced_weights(key, x, self.trained_measure(state, density), log_target, coordinates)


def joint_of(density: Density) -> Joint:
    """The joint distribution that a posterior comes from. Raises Unsupported for any other density."""
    if density.joint is None:
        raise Unsupported("the density is no posterior with a joint to simulate from")
    return density.joint


def standardised_observation(density: Density, y_coordinates: Affine) -> Float[Array, " dim_y"]:
    """The density's y in the working coordinates of y."""
    return (jnp.asarray(density.y, float) - y_coordinates.loc) / y_coordinates.scale


def simulate_pairs(key: PRNGKeyArray, joint: Joint, n: int, y_coordinates: Affine | None = None) -> Pairs:
    """Simulate n pairs (x, y) of the joint, in working coordinates; y is left as it is without any.

    Raises Unsupported where the prior is not Gaussian.
    """
    key_x, key_y = jax.random.split(key)
    z = jax.random.normal(key_x, (n, joint.dim))
    keys_y = jax.random.split(key_y, n)
    y = jax.vmap(joint.simulate)(keys_y, base_coordinates(joint.prior).forward(z))
    return Pairs(z, y if y_coordinates is None else y_coordinates.inverse(y))
