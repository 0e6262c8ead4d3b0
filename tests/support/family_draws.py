"""Draws that four families might return for a density in closed form, made without any sampler."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.modes import Mode
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.benchmarks.scores.host_draws import HostDraws

CHAINS, LENGTH, RUNS, PARTICLES, WEIGHTED = 4, 1_000, 32, 200, 4_000
# Draws n points (n, dim) with a generator.
Draw = Callable[[np.random.Generator, int], np.ndarray]


def at_draws(log_prob: Callable, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The log density and its gradient at draws (chains, length, dim), in double precision."""
    with jax.enable_x64(True):
        function = jax.jit(jax.vmap(jax.vmap(jax.value_and_grad(log_prob))))
        values, gradients = function(jnp.asarray(x))
        return np.asarray(values), np.asarray(gradients)


def chains(
    log_prob: Callable, x: np.ndarray, log_z: float | None = None, divergences: int = 0
) -> FamilyDraws:
    """What the chains return: draws (chains, length, dim), and log Z with an error of 0.02."""
    estimate = None if log_z is None else Estimate(log_z, 0.02)
    return FamilyDraws(HostDraws(x, None, None), *at_draws(log_prob, x), estimate, divergences=0)


def particles(log_prob: Callable, x: np.ndarray, log_z: np.ndarray) -> FamilyDraws:
    """What a particle method returns: runs (runs, particles, dim), and a log Z for each."""
    weights = np.broadcast_to(log_z[:, None], x.shape[:2])
    return FamilyDraws(HostDraws(x, weights, log_z), *at_draws(log_prob, x))


def weighted(log_prob: Callable, x: np.ndarray, log_weights: np.ndarray) -> FamilyDraws:
    """Independent draws (n, dim) with log weights (n,)."""
    draws = HostDraws(x[:, None], log_weights[:, None], None)
    return FamilyDraws(draws, *at_draws(log_prob, x[:, None]))


def four_families(
    log_prob: Callable, draw: Draw, log_z: float = 0.0, seed: int = 0
) -> dict[str, FamilyDraws]:
    """Independent draws of `draw` as each of the four families would return them, with noisy weights."""
    rng = np.random.default_rng(seed)
    chain_draws = draw(rng, CHAINS * LENGTH).reshape(CHAINS, LENGTH, -1)
    run_draws = draw(rng, RUNS * PARTICLES).reshape(RUNS, PARTICLES, -1)
    runs = log_z + 0.1 * rng.standard_normal(RUNS) - 0.005
    noise = log_z + 0.3 * rng.standard_normal((2, WEIGHTED)) - 0.045
    return {
        "nuts": chains(log_prob, chain_draws, log_z),
        "smc": particles(log_prob, run_draws, runs),
        "dds": weighted(log_prob, draw(rng, WEIGHTED), noise[0]),
        "pathfinder": weighted(log_prob, draw(rng, WEIGHTED), noise[1]),
    }


def pilot(*modes: Mode, dim: int = 2, gradient: str | None = None, integral: str | None = None) -> Pilot:
    """A pilot that found these modes, and complains of nothing else unless it is told."""
    return Pilot(
        dim,
        gradient,
        integral,
        integral_judged=True,
        modes=list(modes),
        starts=30,
        ended_at_modes=30,
        reach=100.0,
        gradient_seconds=1e-4,
    )


def unit_mode(x: np.ndarray, log_prob: float = 0.0) -> Mode:
    """A mode at x with standard deviations of 1."""
    return Mode(x, log_prob, np.eye(len(x)))
