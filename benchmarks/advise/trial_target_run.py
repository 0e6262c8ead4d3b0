"""Advises on one registered target, and compares the answer with the truth that `advise` has not seen."""

from itertools import chain
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.advise.errors_of_means import error_of_means
from bridgemark.benchmarks.advise.families import run_family
from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.family_evidence import weigh
from bridgemark.benchmarks.advise.log_z import LogZ
from bridgemark.benchmarks.advise.pilot import look_at
from bridgemark.benchmarks.advise.plan import lanes_for, working_density
from bridgemark.benchmarks.advise.trial_run import MAX_GAP, MIN_ERROR, SMALL
from bridgemark.benchmarks.advise.verdict import Verdict, judge
from bridgemark.benchmarks.text import one_line
from bridgemark.samplers.base import Unsupported
from bridgemark.targets.base import Density, Target

FAMILIES = {name: family._replace(draws=2 * family.draws) for name, family in SMALL.items()}


class JudgedDraws(NamedTuple):
    """A verdict and the draws that it is about."""

    verdict: Verdict
    families: dict[str, FamilyDraws]


def advise_on_target(name: str) -> dict[str, Any]:
    """The verdict on a registered target and its distance from the truth, as it is stored."""
    target = registry.build(name, registry.targets()[name])
    verdict, families = advise_on(target.density)
    log_z, truth = verdict.log_z, target.log_z
    gap = log_z_gap(target, log_z)
    mean_gap = largest_gap(target, families[verdict.draws_of]) if verdict.draws_of else None
    gaps = [item for item in (gap, mean_gap) if item is not None]
    return {
        "target": name,
        "trusted": verdict.trusted,
        "reasons": verdict.reasons,
        "missed": verdict.missed,
        "draws_of": verdict.draws_of,
        "log_z": None if log_z.value is None else (log_z.value, log_z.standard_error),
        "log_z_trusted": log_z.trusted,
        "true_log_z": None if truth is None else (truth.value, truth.standard_error),
        "log_z_gap": gap,
        "mean_gap": mean_gap,
        "right": max(gaps) <= MAX_GAP if verdict.trusted and gaps else None,
    }


def advise_on(density: Density) -> JudgedDraws:
    """What `advise` says of a density, by smaller families in this process."""
    pilot = look_at(density)
    working = working_density(pilot, density)
    families: dict[str, FamilyDraws] = {}
    failed: dict[str, str] = {}
    for name in chain(*lanes_for(pilot)):
        nuts = families.get("nuts")
        chains = None if nuts is None else nuts.weighted_sample().x
        try:
            families[name] = run_family(FAMILIES[name], working, 0.0, chains)
        except (Unsupported, ValueError, FloatingPointError) as error:
            failed[name] = one_line(error)
    evidence = {name: weigh(draws) for name, draws in families.items()}
    return JudgedDraws(judge(pilot, evidence, failed), families)


def log_z_gap(target: Target, log_z: LogZ) -> float | None:
    """How far a log Z that is trusted is from the truth, in standard errors; None without the two."""
    if target.log_z is None or log_z.value is None or not log_z.trusted:
        return None
    error = np.hypot(log_z.standard_error or 0.0, target.log_z.standard_error)
    return float(abs(log_z.value - target.log_z.value) / error)


def largest_gap(target: Target, chosen: FamilyDraws) -> float | None:
    """How far the mean of a statistic of the target is from the truth, in standard errors; None without one.

    A standard error counts as MIN_ERROR standard deviations at least.
    """
    sample = chosen.weighted_sample()
    gaps = []
    for statistic in target.statistics:
        values = np.asarray(jax.jit(jax.vmap(statistic.fn))(jnp.asarray(sample.x)), float)
        known_within = np.hypot(statistic.standard_error, MIN_ERROR * statistic.sd)
        errors = np.hypot(error_of_means(chosen, values), known_within)
        gaps.append(np.max(np.abs(sample.weights @ values - statistic.mean) / errors))
    return float(max(gaps)) if gaps else None
