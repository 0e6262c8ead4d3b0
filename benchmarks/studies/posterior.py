"""Amortised posterior samplers beside exact posteriors, and their calibration by simulation.

Simulation-based calibration (Talts et al. 2018): for pairs (x, y) of the joint, the rank of each coordinate
of x among exact draws of the posterior of y is uniform. A sampler is trained once for each joint and draws
for all y.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.studies.study import Study
from bridgemark.samplers.bridge_posterior import BridgePosterior
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.dds_posterior import DDSPosterior
from bridgemark.samplers.pathspace.paths import simulate
from bridgemark.samplers.pathspace.posterior import PosteriorSampler, joint_of
from bridgemark.targets.base import Density

TARGETS = ("bod-2-a", "smooth-moons-2-a", "linear-gaussian-4-a")
SAMPLERS: Mapping[str, PosteriorSampler] = {"denoising": DDSPosterior(), "bridge": BridgePosterior()}
SHOWN_DRAWS = 250
CELLS = 61  # along an axis of the map of a posterior's density
SIMULATIONS, RANKED_DRAWS = 400, 63


@dataclass(frozen=True)
class Amortised:
    """A sampler that was trained on the joint of a density."""

    sampler: PosteriorSampler
    density: Density
    state: Any

    def draws(self, key: PRNGKeyArray, y: Array, n: int) -> Array:
        """Unweighted draws (n, dim) of the posterior of y, which may be traced."""
        measure = self.sampler.trained_measure(self.state, replace(self.density, y=y))
        steps, dim = self.sampler.steps, self.density.dim
        noise = jax.random.normal(key, (n, steps + 1, dim))
        ends = jax.vmap(lambda noise: simulate(measure, noise[0], noise[1:]).x[-1])(noise)
        return base_coordinates(joint_of(self.density).prior).forward(ends)

    def ranks(self, key: PRNGKeyArray) -> np.ndarray:
        """For each simulated pair (x, y), the ranks (simulations, dim) of x among draws of the posterior."""
        joint = joint_of(self.density)

        def rank(key: PRNGKeyArray) -> Array:
            key_x, key_y, key_draws = jax.random.split(key, 3)
            x = joint.prior.sample(key_x, 1)[0]
            draws = self.draws(key_draws, joint.simulate(key_y, x), RANKED_DRAWS)
            return jnp.sum(draws < x, axis=0)

        keys = jax.random.split(key, SIMULATIONS)
        return np.asarray(jax.jit(lambda keys: jax.lax.map(rank, keys))(keys))


def train(sampler: PosteriorSampler, density: Density) -> Amortised:
    """Train a sampler on the joint of a posterior."""
    fit = jax.jit(lambda key: sampler.fit(key, density).state)
    return Amortised(sampler, density, fit(jax.random.key(0)))


def compute() -> Mapping[str, np.ndarray]:
    """By target: the map of its density, and of each sampler the draws and the ranks of simulated x."""
    numbers: dict[str, np.ndarray] = {}
    for name in TARGETS:
        target = registry.load_target(name)()
        exact = np.asarray(target.sample(jax.random.key(1), 4_000)) if target.sample else np.zeros((1, 2))
        numbers |= {f"{name}, {part}": values for part, values in density_map(target.density, exact).items()}
        for sampler_name, sampler in SAMPLERS.items():
            amortised = train(sampler, target.density)
            y = jnp.asarray(target.density.y, float)
            draws = amortised.draws(jax.random.key(2), y, SHOWN_DRAWS)
            numbers[f"{name}, {sampler_name}, draws"] = np.asarray(draws)[:, :2]
            numbers[f"{name}, {sampler_name}, ranks"] = amortised.ranks(jax.random.key(3))
    return numbers


def density_map(density: Density, exact: np.ndarray) -> dict[str, np.ndarray]:
    """The density of the first two coordinates over a box that holds almost all exact draws (n, dim).

    In two dimensions it is the density itself over its largest value; further coordinates are integrated out
    by the Gaussian that has the moments of the draws, which is exact for a Gaussian posterior.
    """
    low, high = np.quantile(exact[:, :2], [0.002, 0.998], axis=0)
    margin = 0.2 * (high - low)
    x, y = np.linspace(low - margin, high + margin, CELLS).T
    points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    if density.dim == 2:
        logs = np.asarray(jax.vmap(density.log_prob)(jnp.asarray(points, float)), float)
    else:
        centred = points - exact[:, :2].mean(axis=0)
        logs = -0.5 * np.sum(centred @ np.linalg.inv(np.cov(exact[:, :2].T)) * centred, axis=1)
    heights = np.exp(logs - logs.max())
    return {"x": x, "y": y, "density": np.round(heights, 3).reshape(CELLS, CELLS)}


SETTINGS = {
    "targets": ", ".join(TARGETS),
    **{f"horizon of {name}": sampler.horizon for name, sampler in SAMPLERS.items()},
    **{f"updates of {name}": sampler.updates for name, sampler in SAMPLERS.items()},
    "simulations": SIMULATIONS,
    "draws of each": RANKED_DRAWS,
    "seeds": 1,
}
STUDIES = {"posterior": Study(SETTINGS, compute)}
