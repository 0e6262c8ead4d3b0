"""Noising, denoising and bridge of nine modes in the plane: exact densities, and draws of trained samplers.

The target `gmm9` is the product of two equal mixtures on the line, and so is its base. The bridge between
them is therefore a product of bridges on the line.
"""

from collections.abc import Mapping

import numpy as np

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.studies.learnt import learn, normal_starts
from bridgemark.benchmarks.studies.line_bridge import Mixture, line_bridge, standard_normal
from bridgemark.benchmarks.studies.study import Study
from bridgemark.samplers.bridge import Bridge
from bridgemark.samplers.dds import DDS

SCALE = 5.0  # of the base: working coordinates are x / SCALE
COORDINATE = Mixture(np.full(3, 1 / 3), np.array([-1.0, 0.0, 1.0]), np.full(3, 0.3 / SCALE**2))
GRID = np.linspace(-6.0, 6.0, 1201)
SHOWN = slice(400, 801, 5)  # of the grid: from -2 to 2
COLUMNS = np.array([0, 16, 32, 48, 64])  # points of the time grid that are shown
POINTS, TRAILS = 120, 4
DENOISING = DDS(horizon=4.0, steps=64, pilot=0)
BRIDGE = Bridge(horizon=0.25, steps=64, pilot=0)


def compute() -> Mapping[str, np.ndarray]:
    """Densities (columns, points) of a coordinate, points (n, columns, 2) and trails (trails, points, 2)."""
    target = registry.load_target("gmm9")()
    denoising, bridge = learn(DENOISING, target.density), learn(BRIDGE, target.density)
    exact = line_bridge(COORDINATE, BRIDGE.horizon, GRID)
    start = normal_starts(POINTS, 2, seed=4)
    forward, bridged = denoising.forward(start, seed=5), bridge.forward(start, seed=5)
    noised_at = DENOISING.horizon - denoising.times[COLUMNS]
    noised = [COORDINATE.noised(time).density(GRID[SHOWN]) for time in noised_at]
    inner = [exact.marginal(time)[SHOWN] for time in bridge.times[COLUMNS[1:-1]]]
    ends = standard_normal(GRID[SHOWN]), COORDINATE.density(GRID[SHOWN])
    numbers = {
        "x": SCALE * GRID[SHOWN],
        "denoising times": denoising.times[COLUMNS],
        "bridge times": bridge.times[COLUMNS],
        "denoising densities": np.stack(noised) / SCALE,
        "bridge densities": np.stack([ends[0], *inner, ends[1]]) / SCALE,
        "denoising gap": -forward.log_weights.mean(),
        "bridge gap": -bridged.log_weights.mean(),
        "exact divergence of denoising at the bridge's horizon": 2 * exact.terminal_kl[0],
    }
    for name, x in {"denoising": forward.x, "bridge": bridged.x}.items():
        numbers |= {f"{name} points": x[:, COLUMNS], f"{name} trails": x[:TRAILS]}
    return numbers


SETTINGS = {
    "target": "gmm9",
    "source": "N(0, 5² I)",
    "denoising horizon": DENOISING.horizon,
    "bridge horizon": BRIDGE.horizon,
    "bridge rounds": BRIDGE.rounds,
    "steps": BRIDGE.steps,
    "updates": BRIDGE.updates,
    "draws": POINTS,
    "seeds": 1,
}
STUDIES = {"plane": Study(SETTINGS, compute)}
