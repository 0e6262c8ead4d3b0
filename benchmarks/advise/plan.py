"""Which families run on a model, from where and how large: what the pilot has seen decides."""

import jax
import numpy as np

from bridgemark.benchmarks.advise.families import FAMILIES, Family
from bridgemark.benchmarks.advise.modes import Mode, basins
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.targets.base import Base, Density, gaussian_base

# Families that run one after the other on a core. The path sampler comes after the chains, at whose draws it
# lets paths end. A Gaussian fit sees one basin, so that tempering takes its part where there are several.
ONE_BASIN = (("nuts", "dds"), ("pathfinder", "smc"))
SEVERAL_BASINS = (("nuts", "dds"), ("parallel-tempering", "smc"))
FAMILY_NAMES = tuple(dict.fromkeys(sum(ONE_BASIN + SEVERAL_BASINS, ())))
SAMPLING_SHARE = 0.5  # of a family's seconds; the rest is for compiling
# Gradients, about, that a family takes at its full size, in batches.
GRADIENTS = {"nuts": 1.5e5, "parallel-tempering": 1.5e6, "pathfinder": 5e4, "smc": 4e6, "dds": 1e7}
LEAST_EFFORT = 0.05  # of a full size; less than that is no sampler any more
LEAST_DRAWS = 0.25  # of those of a full round


def lanes_for(pilot: Pilot | None) -> tuple[tuple[str, ...], ...]:
    """The names of the families to run, lane by lane."""
    return SEVERAL_BASINS if pilot is not None and len(basins(pilot.modes)) > 1 else ONE_BASIN


def sized(name: str, pilot: Pilot | None, seconds: float) -> Family:
    """The family at its full size, or smaller where its gradients would take longer than its seconds."""
    family = FAMILIES[name]
    needed = 0.0 if pilot is None else GRADIENTS[name] * pilot.batched_gradient_seconds
    effort = 1.0 if needed == 0 else min(SAMPLING_SHARE * seconds / needed, 1.0)
    if effort == 1.0:
        return family
    draws = round(max(effort, LEAST_DRAWS) * family.draws)
    return family._replace(sampler=family.sampler.scaled(max(effort, LEAST_EFFORT)), draws=draws)


def working_density(pilot: Pilot | None, density: Density) -> Density:
    """The density with a base that covers all basins which the pilot found, where they are several.

    Neither the density nor its Z changes; only where particles, paths and tempered chains start.
    """
    covered = [] if pilot is None else basins(pilot.modes)
    if len(covered) < 2:
        return density
    return Density(density.dim, density.log_prob, covering_base(covered))


def covering_base(modes: list[Mode]) -> Base:
    """The Gaussian with the mean and covariance of the equal mixture of the modes' Laplace approximations."""
    with jax.enable_x64(True):
        return gaussian_base(*covering_moments(modes))


def covering_moments(modes: list[Mode]) -> tuple[np.ndarray, np.ndarray]:
    """The mean (dim,) and a lower Cholesky factor (dim, dim) of the covariance of `covering_base`."""
    centres = np.array([mode.x for mode in modes])
    mean = centres.mean(axis=0)
    within = np.mean([np.linalg.inv(mode.precision) for mode in modes], axis=0)
    between = (centres - mean).T @ (centres - mean) / len(modes)
    return mean, np.linalg.cholesky(within + between)
