"""Four families of samplers that share nothing but the density, each run as long as its time lasts."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.references import bridge_sampling
from bridgemark.benchmarks.references.estimators import MAX_R_HAT
from bridgemark.benchmarks.scores.diagnostics import r_hat
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.benchmarks.scores.host_draws import HostDraws, on_host
from bridgemark.samplers.base import Draws, Sampler, State, Unsupported
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.pathfinder import Pathfinder
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import Density

SEED = 161803
BATCH = 1_000  # points whose density is computed at the same time
RETRACED = 512  # draws of the chains at which paths end
DIVERGENCES = "divergences"  # what chains call the number of their divergent transitions
MAX_DRAWS = 50_000  # of a family, all rounds together: more would only fill the memory


class Family(NamedTuple):
    """A sampler, how many draws it makes in a round, and how many rounds it makes at least.

    Every round continues where the last one ended, or is independent of it.
    """

    sampler: Sampler
    draws: int
    rounds: int = 1


FAMILIES: dict[str, Family] = {
    "nuts": Family(NUTS(chains=4, target_acceptance=0.9), draws=4_000),
    "pathfinder": Family(Pathfinder(runs=32), draws=8_000),
    "smc": Family(SMC(runs=8, ess_fraction=0.85), draws=4_000, rounds=4),
    "dds": Family(DDS(updates=600), draws=4_096),
}


def run_family(
    family: Family,
    density: Density,
    seconds: float,
    chains: Float[np.ndarray, "n dim"] | None = None,
    seed: int = SEED,
) -> FamilyDraws:
    """Fit the sampler, then draw rounds until the time is up, at most MAX_DRAWS draws; at least its rounds.

    `chains` are draws of Markov chains, if there are any: paths that end there bound log Z from above. Raises
    Unsupported where the sampler cannot serve the density.
    """
    begin = time.monotonic()
    key_fit, key_draw, key_retrace, key_bridge = jax.random.split(jax.random.key(seed), 4)
    fitted = jax.jit(lambda key: family.sampler.fit(key, density).state)(key_fit)
    rounds = _draw_rounds(family, density, fitted, key_draw, begin + seconds)
    draws, divergences = _join(rounds)
    log_prob, gradient = _evaluate(density, draws.x)
    is_chain = draws.log_weights is None
    return FamilyDraws(
        draws,
        log_prob,
        gradient,
        _bridge(key_bridge, density, draws.x) if is_chain else None,
        divergences,
        None if chains is None else _retrace(family.sampler, key_retrace, density, fitted, chains),
    )


def _draw_rounds(
    family: Family, density: Density, state: State, key: PRNGKeyArray, deadline: float
) -> list[Draws]:
    """Draw at least the least number of rounds, and more as long as another is likely to end in time."""
    draw = jax.jit(lambda key, state: family.sampler.sample(key, density, state, family.draws))
    rounds: list[Draws] = []
    while len(rounds) < MAX_DRAWS // family.draws:
        begin = time.monotonic()
        state, draws = jax.device_get(draw(jax.random.fold_in(key, len(rounds)), state))
        rounds.append(draws)
        end = time.monotonic()
        if len(rounds) >= family.rounds and end + (end - begin) > deadline:
            break
    return rounds


def _join(rounds: list[Draws]) -> tuple[HostDraws, int | None]:
    """The draws of all rounds, and the number of divergent transitions.

    The rounds of Markov chains continue each other; those of runs or paths are further runs or paths.
    """
    parts = [on_host(draws) for draws in rounds]
    is_chain = parts[0].log_weights is None
    divergences = [np.sum(draws.info[DIVERGENCES]) for draws in rounds if DIVERGENCES in draws.info]
    joined = HostDraws(
        np.concatenate([part.x for part in parts], axis=int(is_chain)),
        _concatenated([part.log_weights for part in parts]),
        _concatenated([part.log_z for part in parts]),
    )
    return joined, int(sum(divergences)) if divergences else None


def _concatenated(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    known_arrays = [array for array in arrays if array is not None]
    return np.concatenate(known_arrays) if known_arrays else None


def _evaluate(density: Density, x: Float[np.ndarray, "chains length dim"]) -> tuple[np.ndarray, np.ndarray]:
    """The log density and its gradient at draws."""
    points = jnp.asarray(x.reshape(-1, x.shape[2]))
    function: Callable[[Any], Any] = jax.value_and_grad(density.log_prob)
    values, gradients = jax.jit(lambda points: jax.lax.map(function, points, batch_size=BATCH))(points)
    return np.asarray(values, float).reshape(x.shape[:2]), np.asarray(gradients, float).reshape(x.shape)


def _bridge(key: PRNGKeyArray, density: Density, x: np.ndarray) -> Estimate | None:
    """Log Z of Markov chains, by bridges to Gaussians fitted to them.

    None where the chains disagree, because a Gaussian sees one region, and for too few draws.
    """
    if not np.max(r_hat(x)) <= MAX_R_HAT:
        return None
    try:
        return Estimate(*bridge_sampling.estimate_log_z(key, density.log_prob, x))
    except ValueError:
        return None


def _retrace(
    sampler: Sampler, key: PRNGKeyArray, density: Density, state: State, x: Float[np.ndarray, "n dim"]
) -> np.ndarray | None:
    """Log weights of paths that end at draws of chains; None for a sampler without such paths."""
    chosen = x[np.linspace(0, len(x) - 1, min(RETRACED, len(x))).astype(int)]
    try:
        weights = jax.jit(lambda key, x: sampler.retrace(key, density, state, x))(key, jnp.asarray(chosen))
    except Unsupported:
        return None
    return np.asarray(weights, float)
