"""The Adjoint Schrödinger Bridge Sampler: adjoint and corrector matching on stored end points."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.control import Network, position_guided
from bridgemark.samplers.pathspace.endpoints import BridgePoint, Endpoints, bridge_coefficients
from bridgemark.samplers.pathspace.path_measure import Direction, PathMeasure, features_at
from bridgemark.samplers.pathspace.path_sampler import backward_of_round
from bridgemark.samplers.pathspace.replay import ReplaySampler, ReplayState
from bridgemark.targets.base import Density, LogProb


class RegressionTarget(NamedTuple):
    """What one path implies for the backward control at a point, and the weight of its squared error."""

    value: Float[Array, " dim"]
    weight: Float[Array, ""]


CorrectorTarget: TypeAlias = Callable[[PathMeasure, BridgePoint], RegressionTarget]


@dataclass(frozen=True, kw_only=True)
class ASBS(ReplaySampler):
    """Adjoint Schrödinger Bridge Sampler (Liu et al. 2025) from N(0, I), with weights added.

    Each of `rounds` is two half bridges: adjoint matching of the forward control, with the backward control
    of the round before as its corrector (at first the reference's, zero), and corrector matching of the
    backward control on uniformly drawn end points. Both regressions share every optimiser step. The
    published corrector is a function of the end point; here a backward control is learnt at all times,
    which gives paths weights.

    With `symmetric` the backward control is regressed on the adjoint of reversed paths, at their starting
    point. That has less noise than the published target, the reference's score given the starting point.
    """

    horizon: float = 2.0
    rounds: int = 8
    symmetric: bool = True

    def networks(self, key: PRNGKeyArray, dim: int) -> tuple[Network, Network]:
        forward, backward = (Network(key, dim, self.width) for key in jax.random.split(key))
        return forward, backward

    def path_measure(self, networks: tuple[Network, Network], log_target: LogProb) -> PathMeasure:
        chain, (forward_network, backward_network) = self.chain(), networks
        guidance, forward = self.forward_direction(forward_network, log_target)
        backward = position_guided(backward_network, chain)
        return PathMeasure(chain, guidance, forward, backward, log_standard_normal)

    def update(self, key: PRNGKeyArray, density: Density, state: ReplayState) -> tuple[ReplayState, Trace]:
        _, newest_backward = state.trained.parameters
        frozen_backward = backward_of_round(
            self.rounds,
            self.updates_for(density.dim),
            state.updates_made,
            newest=newest_backward,
            frozen=state.frozen_backward,
        )
        return super().update(key, density, state._replace(frozen_backward=frozen_backward))

    def regression_losses(
        self,
        measure: PathMeasure,
        frozen_backward: Direction,
        key: PRNGKeyArray,
        stored: Endpoints,
        probabilities: Float[Array, " n"],
    ) -> Float[Array, " points"]:
        key_forward, key_backward = jax.random.split(key)
        forward_losses = super().regression_losses(
            measure, frozen_backward, key_forward, stored, probabilities
        )
        bridge_points = self.draw_bridge_points(key_backward, measure.chain, stored, None, first_index=1)
        target = reversed_adjoint_target if self.symmetric else reference_score_target

        def backward_loss(bridge_point: BridgePoint) -> Array:
            return corrector_matching_loss(measure, target, bridge_point)

        return forward_losses + jax.vmap(backward_loss)(bridge_points)


def corrector_matching_loss(
    measure: PathMeasure, target: CorrectorTarget, bridge_point: BridgePoint
) -> Float[Array, ""]:
    """weight |v - target|^2 / 2 at a bridge point and at its end point, added.

    The mean over bridges is least at v = grad log phi-hat.
    """

    def squared_error(bridge_point: BridgePoint) -> Array:
        value, weight = target(measure, bridge_point)
        features = features_at(measure.backward.features, bridge_point.index)
        control = measure.backward.control(features, bridge_point.x, None)
        return 0.5 * weight * jnp.sum((control - value) ** 2)

    last_index = jnp.asarray(len(measure.chain.times) - 1)
    end_point = BridgePoint(bridge_point.endpoints, last_index, bridge_point.endpoints.end)
    return squared_error(bridge_point) + squared_error(end_point)


def reference_score_target(measure: PathMeasure, bridge_point: BridgePoint) -> RegressionTarget:
    """grad log(R(x | X_0) / R(x)), weighted by its inverse variance (Liu et al. 2025, theorem 4.2).

    The reference's own density R(x) is taken to be the same at all times.
    """
    endpoints, index, x = bridge_point
    coefficients = bridge_coefficients(measure.chain)
    decay = jnp.asarray(coefficients.decay_from_start, x.dtype)[index]
    variance = jnp.asarray(coefficients.variance, x.dtype)[index]
    value = (decay * endpoints.start - x) / variance - jax.grad(measure.chain.log_end)(x)
    return RegressionTarget(value, weight=variance)


def reversed_adjoint_target(measure: PathMeasure, bridge_point: BridgePoint) -> RegressionTarget:
    """b grad log(mu / (R_0 phi))(X_0), with b the factor of E[X_k | X_0 = x] = b x, and weight one.

    This is adjoint matching in reversed time: the mean given X_t is grad log phi-hat.
    """
    endpoints, index, _ = bridge_point
    start, features = endpoints.start, features_at(measure.forward.features, 0)
    control = jax.lax.stop_gradient(measure.forward.control(features, start, endpoints.start_guidance))
    log_ratio_gradient = jax.grad(lambda x: measure.log_initial(x) - measure.chain.log_start(x))(start)
    decay = jnp.asarray(bridge_coefficients(measure.chain).decay_from_start, start.dtype)[index]
    return RegressionTarget(decay * (log_ratio_gradient - control), weight=jnp.ones((), start.dtype))


SAMPLERS = {
    "asbs": ASBS(),
    "asbs-plain": ASBS(pilot=0),
    "asbs-published": ASBS(use_score=False, least_share=1.0, symmetric=False),
}
