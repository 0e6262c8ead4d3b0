"""Microcanonical Langevin Monte Carlo, without a Metropolis step."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
from blackjax.mcmc import mclmc
from blackjax.mcmc.integrators import IntegratorState
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Fit, Unsupported, evals
from bridgemark.samplers.mcmc.self_tuned import ChainDraw, SelfTunedChains
from bridgemark.targets.base import Density

GRADIENTS_PER_STEP = 2  # of McLachlan's integrator
TUNING_SHARES = {"frac_tune1": 0.2, "frac_tune2": 0.3, "frac_tune3": 0.4}  # step size, scales, length


class MicrocanonicalState(NamedTuple):
    """Where a chain is, and its tuned parameters.

    `length` is the distance after which the momentum is forgotten; `inverse_mass` is diagonal.
    """

    chain: IntegratorState
    length: Float[Array, ""]
    step_size: Float[Array, ""]
    inverse_mass: Float[Array, " dim"]


@dataclass(frozen=True, kw_only=True)
class MCLMC(SelfTunedChains):
    """MCLMC (Robnik, De Luca, Silverstein and Seljak 2023) with BlackJAX's tuning.

    No step is rejected: the bias is bounded through the step size, which is tuned to `energy_variance`, the
    variance of the energy error per dimension. In `warm_up` steps each chain tunes its step size, a diagonal
    mass matrix and the decoherence length; afterwards it keeps one draw in `thinning` steps. Raises
    Unsupported in one dimension.
    """

    asymptotically_exact: ClassVar[bool] = False
    warm_up: int = 4_000
    thinning: int = 4
    energy_variance: float = 5e-4

    def tune(self, key: PRNGKeyArray, density: Density, start: Float[Array, " dim"]) -> Fit:
        if density.dim < 2:
            raise Unsupported("microcanonical dynamics need at least two dimensions")
        key_start, key_tune = jax.random.split(key)
        shares: Any = TUNING_SHARES
        chain, parameters, _ = blackjax.mclmc_find_L_and_step_size(
            mclmc.build_kernel(),
            self.warm_up,
            mclmc.init(start, density.log_prob, key_start),
            key_tune,
            logdensity_fn=density.log_prob,
            desired_energy_var=self.energy_variance,
            **shares,
        )
        state = MicrocanonicalState(chain, *(jnp.asarray(value) for value in parameters))
        info = {"step_size": state.step_size, "length": state.length}
        return Fit(state, evals(gradients=1 + GRADIENTS_PER_STEP * steps_of_tuning(self.warm_up)), info)

    def draw(
        self, key: PRNGKeyArray, density: Density, state: MicrocanonicalState
    ) -> tuple[MicrocanonicalState, ChainDraw]:
        kernel: Any = mclmc.build_kernel()

        def step(chain: IntegratorState, key: PRNGKeyArray) -> tuple[IntegratorState, Array]:
            chain, info = kernel(
                key, chain, density.log_prob, state.inverse_mass, state.length, state.step_size
            )
            return chain, jnp.asarray(info.energy_change)

        chain, energy_errors = jax.lax.scan(step, state.chain, jax.random.split(key, self.thinning))
        info = {"energy_variance": jnp.mean(energy_errors**2) / density.dim}
        spent = evals(gradients=GRADIENTS_PER_STEP * self.thinning)
        return state._replace(chain=chain), ChainDraw(jnp.asarray(chain.position), spent, info)


def steps_of_tuning(warm_up: int) -> int:
    """Number of steps that BlackJAX's tuning makes for `warm_up`, rounded as its phases round.

    The number that the tuning itself returns is rounded differently.
    """
    for_step_size, for_scales, for_length = (round(share * warm_up) for share in TUNING_SHARES.values())
    return for_step_size + for_scales + round(for_scales / 3) + (for_length if for_length >= 2 else 0)


SAMPLERS = {"mclmc": MCLMC()}
