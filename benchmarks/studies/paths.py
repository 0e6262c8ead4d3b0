"""Noising, denoising and bridge of a mixture on the line: exact densities, and paths of trained samplers."""

from collections.abc import Mapping

import numpy as np
from scipy.stats import norm

from bridgemark.benchmarks.studies.learnt import LearntPaths, learn, normal_starts
from bridgemark.benchmarks.studies.line_bridge import LineBridge, Mixture, line_bridge
from bridgemark.benchmarks.studies.study import Study
from bridgemark.samplers.bridge import Bridge
from bridgemark.samplers.dds import DDS
from bridgemark.targets.base import About
from bridgemark.targets.mixtures import mixture

WEIGHTS, MEANS, SDS = np.array([0.15, 0.3, 0.55]), np.array([-2.2, 0.0, 2.0]), np.full(3, 0.3)
TARGET = Mixture(WEIGHTS, MEANS, SDS**2)
ABOUT = About(source="bridgemark", definition="0.15 N(-2.2, 0.3²) + 0.3 N(0, 0.3²) + 0.55 N(2, 0.3²)")
GRID = np.linspace(-6.0, 6.0, 601)
SHOWN = slice(140, 461, 4)  # of the grid: from -3.2 to 3.2
TIMES = 40  # of a density map
PATHS = 15
DRAWS = 4_000
EDGES = np.linspace(-3.2, 3.2, 41)
DENOISING = DDS(horizon=4.0, steps=64, pilot=0)
BRIDGE = Bridge(horizon=0.5, steps=64, pilot=0)


def compute() -> Mapping[str, np.ndarray]:
    """Densities (times, points), shown paths (paths, points), histograms of draws, gaps and divergences."""
    target = mixture("line-mixture", WEIGHTS, MEANS[:, None], SDS, 1.0, ABOUT)
    denoising, bridge = learn(DENOISING, target.density), learn(BRIDGE, target.density)
    exact = line_bridge(TARGET, BRIDGE.horizon, GRID)
    starts_of_noising = np.interp(_levels(), _distribution(), GRID)[:, None]
    return {
        "x": GRID[SHOWN],
        "target": TARGET.density(GRID[SHOWN]),
        "denoising density": _noised_densities(DENOISING.horizon),
        "bridge density": _bridge_densities(exact),
        "denoising times": denoising.times,
        "bridge times": bridge.times,
        "noising paths": denoising.backward(starts_of_noising, seed=3)[:, :, 0],
        "edges": EDGES,
        **_learnt("denoising", denoising),
        **_learnt("bridge", bridge),
        "exact divergences at the bridge's horizon": exact.terminal_kl[:4],
    }


def _levels() -> np.ndarray:
    """Probabilities (paths,) in the middle of equal shares, so that few paths show a whole law."""
    return (np.arange(PATHS) + 0.5) / PATHS


def _distribution() -> np.ndarray:
    """The target's distribution function on the grid."""
    return norm.cdf((GRID[:, None] - MEANS) / SDS) @ WEIGHTS


def _noised_densities(horizon: float) -> np.ndarray:
    """The density of denoising, which is that of noising reversed: from almost N(0, 1) to the target."""
    return np.stack([TARGET.noised(time).density(GRID[SHOWN]) for time in _middles(horizon)[::-1]])


def _bridge_densities(bridge: LineBridge) -> np.ndarray:
    return np.stack([bridge.marginal(time)[SHOWN] for time in _middles(bridge.horizon)])


def _middles(horizon: float) -> np.ndarray:
    """Times in the middle of the columns of a density map."""
    return horizon * (np.arange(TIMES) + 0.5) / TIMES


def _learnt(name: str, learnt: LearntPaths) -> dict[str, np.ndarray]:
    """The shown paths, the histogram of draws without their weights, and the gap of the ELBO: log Z is 0.

    Paths are shown whose end points have the probabilities `_levels` among all draws.
    """
    drawn = learnt.forward(normal_starts(DRAWS, 1, seed=4), seed=5)
    ends = drawn.x[:, -1, 0]
    shown = np.argsort(ends)[(_levels() * DRAWS).astype(int)]
    heights, _ = np.histogram(ends, EDGES, density=True)
    return {
        f"{name} paths": drawn.x[shown, :, 0],
        f"{name} histogram": heights,
        f"{name} gap": np.array(-drawn.log_weights.mean()),
    }


SETTINGS = {
    "target": ABOUT.definition,
    "source": "N(0, 1)",
    "denoising horizon": DENOISING.horizon,
    "bridge horizon": BRIDGE.horizon,
    "bridge rounds": BRIDGE.rounds,
    "steps": BRIDGE.steps,
    "updates": BRIDGE.updates,
    "draws": DRAWS,
    "seeds": 1,
}
STUDIES = {"paths": Study(SETTINGS, compute)}
