"""Families of samplers that share nothing but the density, each run as long as its time lasts."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.programs import Numbers, Programs, compile_steps
from bridgemark.benchmarks.references import bridge_sampling
from bridgemark.benchmarks.references.estimators import MAX_R_HAT
from bridgemark.benchmarks.scores.diagnostics import r_hat
from bridgemark.benchmarks.scores.evidence import Estimate, log_mean
from bridgemark.benchmarks.scores.host_draws import HostDraws, on_host
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K
from bridgemark.samplers.base import Draws, Sampler, State, Unsupported
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.parallel_tempering import ParallelTempering
from bridgemark.samplers.pathfinder import Pathfinder
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import Density

SEED = 161803
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
    "parallel-tempering": Family(ParallelTempering(warm_up=1_000), draws=8_000, rounds=2),
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
    programs = compile_steps(family.sampler, family.draws, lambda _: density)
    return run_programs(programs, family, None, seconds, chains, seed)


def run_programs(
    programs: Programs,
    family: Family,
    numbers: Numbers,
    seconds: float,
    chains: Float[np.ndarray, "n dim"] | None = None,
    seed: int = SEED,
) -> FamilyDraws:
    """Do what `run_family` does, on the density that these numbers stand for, by its compiled steps."""
    deadline = time.monotonic() + seconds
    density = programs.density_of(numbers)
    key_fit, key_draw, key_retrace, key_bridge = jax.random.split(jax.random.key(seed), 4)
    fitted = programs.fit(numbers, key_fit)
    rounds = _draw_rounds(family, partial(programs.draw, numbers), fitted, key_draw, deadline)
    draws, divergences = _join(rounds)
    log_z = None
    if draws.log_weights is None:
        log_z = _bridge(key_bridge, density, draws.x) if draws.log_z is None else log_mean(draws.log_z)
        draws = draws._replace(log_z=None)  # of tempering: its chains are no runs of weighted particles
    shape = draws.x.shape
    log_prob, gradient = programs.evaluate(numbers, jnp.asarray(draws.x.reshape(-1, shape[2])))
    return FamilyDraws(
        draws,
        np.asarray(log_prob, float).reshape(shape[:2]),
        np.asarray(gradient, float).reshape(shape),
        log_z,
        divergences,
        None if chains is None else _retrace(partial(programs.retrace, numbers, key_retrace, fitted), chains),
    )


def _draw_rounds(
    family: Family, draw: Callable[..., tuple[State, Draws]], state: State, key: PRNGKeyArray, deadline: float
) -> list[Draws]:
    """Draw at least the least number of rounds, and more as long as another is likely to end in time."""
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


def _bridge(key: PRNGKeyArray, density: Density, x: np.ndarray) -> Estimate | None:
    """Log Z of Markov chains, by bridges to Gaussians fitted to them.

    None where the chains disagree, because a Gaussian sees one region, for too few draws, and where the tails
    of the bridge's terms say that its error is not to be trusted.
    """
    if not np.max(r_hat(x)) <= MAX_R_HAT:
        return None
    try:
        bridge = bridge_sampling.estimate_log_z(key, density.log_prob, x)
    except ValueError:
        return None
    return Estimate(bridge.value, bridge.standard_error) if bridge.pareto_k <= MAX_TRUSTED_K else None


def _retrace(retrace: Callable[[Any], Any], x: Float[np.ndarray, "n dim"]) -> np.ndarray | None:
    """Log weights of paths that end at draws of chains; None for a sampler without such paths."""
    chosen = x[np.linspace(0, len(x) - 1, min(RETRACED, len(x))).astype(int)]
    try:
        return np.asarray(retrace(chosen), float)
    except Unsupported:
        return None
