"""KL of the sampler's last law to a Gaussian target by horizon and round: closed form, and trained bridges.

Target N(2, 1/4), source N(0, 1), reference the stationary Ornstein-Uhlenbeck process. In the closed form
log phi_T = -a x²/2 + l x and log phi-hat_0 = -b x²/2 + m x, and round 0 is denoising.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bridgemark.benchmarks.studies.learnt import learn, normal_starts
from bridgemark.benchmarks.studies.line_gaussian import ABOUT, MEAN, VARIANCE, line_gaussian
from bridgemark.benchmarks.studies.study import Study
from bridgemark.samplers.bridge import Bridge

HORIZONS = np.geomspace(0.1, 4.0, 33)
LEARNT_HORIZONS = np.array([0.25, 0.5, 1.0])
ROUNDS = (0, 1, 2)
UPDATES_OF_A_ROUND = 400
DRAWS = 20_000
BRIDGE = Bridge(steps=16, pilot=0)


def exact_divergences(horizon: float, rounds: int) -> np.ndarray:
    """KL (rounds + 1,) to the target after each round of iterative proportional fitting, round 0 included."""
    decay = np.exp(-0.5 * horizon)
    noise = 1 - decay**2
    b, m = 1.0, 0.0
    divergences = []
    for _ in range(rounds + 1):
        spread = decay**2 + noise * b
        a, l = 1 / VARIANCE - b / spread, MEAN / VARIANCE - decay * m / spread  # noqa: E741
        b, m = 1 - decay**2 * a / (1 + noise * a), -decay * l / (1 + noise * a)
        kernel_variance = 1 / (1 / noise + a)
        slope = kernel_variance * decay / noise
        divergences.append(gaussian_divergence(kernel_variance * l, kernel_variance + slope**2))
    return np.array(divergences)


def gaussian_divergence(mean: float, variance: float) -> float:
    """KL of N(mean, variance) to the target."""
    ratio = variance / VARIANCE
    return 0.5 * ((mean - MEAN) ** 2 / VARIANCE + ratio - 1 - np.log(ratio))


def learnt_divergence(horizon: float, rounds: int) -> float:
    """The same of a trained bridge after so many rounds, by the moments of DRAWS draws."""
    updates = UPDATES_OF_A_ROUND * (rounds + 1)
    sampler = replace(BRIDGE, horizon=horizon, rounds=rounds + 1, updates=updates)
    ends = learn(sampler, line_gaussian()).forward(normal_starts(DRAWS, 1, seed=1), seed=2).x[:, -1]
    return gaussian_divergence(float(ends.mean()), float(ends.var()))


def compute() -> Mapping[str, np.ndarray]:
    """Exact (rounds, horizons) and learnt (rounds, learnt horizons) divergences."""
    exact = np.stack([exact_divergences(horizon, max(ROUNDS)) for horizon in HORIZONS], axis=1)
    learnt = [[learnt_divergence(horizon, rounds) for horizon in LEARNT_HORIZONS] for rounds in ROUNDS]
    return {
        "horizons": HORIZONS,
        "exact": exact,
        "learnt horizons": LEARNT_HORIZONS,
        "learnt": np.array(learnt),
    }


SETTINGS = {
    "target": ABOUT.definition,
    "source": "N(0, 1)",
    "steps": BRIDGE.steps,
    "updates of a round": UPDATES_OF_A_ROUND,
    "draws": DRAWS,
    "seeds": 1,
}
STUDIES = {"horizon": Study(SETTINGS, compute)}
