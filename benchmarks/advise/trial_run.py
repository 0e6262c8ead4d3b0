"""Advises on random models in one process, with families that are small and compiled once per kind."""

import time
from itertools import chain
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from bridgemark.benchmarks.advise.agreement import summarise
from bridgemark.benchmarks.advise.families import Family, run_programs
from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.family_evidence import CHAINS, TEMPERED, FamilyEvidence, weigh
from bridgemark.benchmarks.advise.modes import basins
from bridgemark.benchmarks.advise.objections import about_pilot
from bridgemark.benchmarks.advise.pilot import Pilot, look_at
from bridgemark.benchmarks.advise.plan import covering_moments, lanes_for
from bridgemark.benchmarks.advise.programs import Programs, compile_steps
from bridgemark.benchmarks.advise.trial_models import Kind
from bridgemark.benchmarks.advise.verdict import judge
from bridgemark.benchmarks.text import one_line
from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.parallel_tempering import ParallelTempering
from bridgemark.samplers.pathfinder import Pathfinder
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import Base, Density

SMALL: dict[str, Family] = {
    "nuts": Family(NUTS(chains=4, warm_up=500, target_acceptance=0.9), draws=4_000),
    "pathfinder": Family(Pathfinder(runs=8, iterations=50), draws=2_000),
    "smc": Family(SMC(runs=16, fit_particles=200, ess_fraction=0.7, max_temperature_step=0.2), draws=3_200),
    "dds": Family(DDS(steps=16, updates=150, batch_coordinates=320, width=32, pilot=64), draws=2_048),
    "parallel-tempering": Family(ParallelTempering(temperatures=12, warm_up=500), draws=6_000),
}
MAX_GAP, MIN_ERROR = 4.0, 0.02  # of a right mean, in standard errors, and in standard deviations


class Trial:
    """Compiled families of every kind of models."""

    def __init__(self, kinds: dict[str, Kind]) -> None:
        self._kinds = kinds
        self._programs: dict[tuple[str, str], Programs] = {}

    def advise_on(self, name: str, seed: int) -> dict[str, Any]:
        """The verdict on the model with this seed of the kind with this name, as it is stored."""
        begin = time.process_time()
        kind = self._kinds[name]
        # The name is part of the seed, so that kinds do not share random numbers.
        model = kind.draw(np.random.default_rng([seed, *name.encode()]), kind.dim)
        pilot = look_at(density_of(kind, {"model": model, **_base(None, kind.dim)}))
        numbers = {"model": model, **_base(pilot, kind.dim)}
        evidence, failed = self._run(name, numbers, pilot)
        verdict = judge(pilot, evidence, failed)
        chosen = evidence[verdict.draws_of].family if verdict.draws_of else None
        return {
            "kind": name,
            "seed": seed,
            "trusted": verdict.trusted,
            "right": verdict.trusted and chosen is not None and is_right(kind, model, chosen),
            "reasons": verdict.reasons,
            "missed": verdict.missed,
            "modes": len(basins(pilot.modes)),
            "seconds": round(time.process_time() - begin, 2),
        }

    def _run(
        self, kind: str, numbers: dict[str, Any], pilot: Pilot
    ) -> tuple[dict[str, FamilyEvidence], dict[str, str]]:
        """The evidence of every family, and why the others returned nothing; no more where that decides."""
        evidence: dict[str, FamilyEvidence] = {}
        failed: dict[str, str] = {}
        for name in chain(*lanes_for(pilot)):
            if is_decided(pilot, evidence):
                break
            chains = evidence[CHAINS].family.weighted_sample().x if CHAINS in evidence else None
            try:
                draws = run_programs(self._compiled(kind, name), SMALL[name], numbers, 0.0, chains)
                evidence[name] = weigh(draws)
            except (Unsupported, ValueError, FloatingPointError) as error:
                failed[name] = one_line(error)
        return evidence, failed

    def _compiled(self, kind: str, family: str) -> Programs:
        if (kind, family) not in self._programs:
            sampler, draws, _ = SMALL[family]
            self._programs[kind, family] = compile_steps(
                sampler, draws, lambda numbers: density_of(self._kinds[kind], numbers)
            )
        return self._programs[kind, family]


def is_decided(pilot: Pilot, evidence: dict[str, FamilyEvidence]) -> bool:
    """Whether nothing that further families might return could make the draws trusted."""
    if about_pilot(pilot):
        return True
    if CHAINS not in evidence:
        return False
    has_tempered = TEMPERED in chain(*lanes_for(pilot))
    return any(not (has_tempered and finding.is_mixing) for finding in evidence[CHAINS].findings)


def density_of(kind: Kind, numbers: dict[str, Any]) -> Density:
    """The density of a model, with a Gaussian base that is given by numbers, too."""
    loc, scale = numbers["loc"], numbers["scale"]
    constant = -0.5 * kind.dim * np.log(2 * np.pi)

    def log_base(x: Array) -> Array:
        z = jax.scipy.linalg.solve_triangular(scale, x - loc, lower=True)
        return constant - jnp.sum(jnp.log(jnp.diag(scale))) - 0.5 * jnp.sum(z**2)

    def sample(key: Array, n: int) -> Array:
        return loc[None] + jax.random.normal(key, (n, kind.dim)) @ scale.T

    return Density(kind.dim, kind.density(numbers["model"]), Base(log_base, sample, loc, scale))


def is_right(kind: Kind, model: dict[str, Any], chosen: FamilyDraws) -> bool:
    """Whether the means of the draws are the true ones; False where there is none."""
    if kind.mean is None:
        return False
    summary = summarise(chosen)
    errors = np.hypot(summary.errors[0], MIN_ERROR * summary.values[1])
    return bool(np.all(np.abs(summary.values[0] - kind.mean(model)) <= MAX_GAP * errors))


def _base(pilot: Pilot | None, dim: int) -> dict[str, np.ndarray]:
    """N(0, I), or what covers all basins that the pilot found, where they are several."""
    covered = [] if pilot is None else basins(pilot.modes)
    loc, scale = covering_moments(covered) if len(covered) > 1 else (np.zeros(dim), np.eye(dim))
    return {"loc": loc, "scale": scale}
