"""The ELBO gap by the number of steps on a Gaussian target: diffusion at its best horizon, and a bridge.

Target N(2, 1/4), source N(0, 1), reference the stationary Ornstein-Uhlenbeck process, equidistant steps and
kernels with the variances of the reference. Everything is linear and Gaussian, so that the gap of exact
drifts is a sum of moments. The diffusion sampler has the exponential integrator and exact noising
kernels (Vargas, Grathwohl, Doucet 2023), the bridge Euler-Maruyama steps both ways.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bridgemark.benchmarks.studies.learnt import learn, normal_starts
from bridgemark.benchmarks.studies.line_gaussian import ABOUT, MEAN, VARIANCE, line_gaussian
from bridgemark.benchmarks.studies.study import Study
from bridgemark.samplers.bridge import Bridge
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.pathspace.path_sampler import PathSampler

STEPS = 2 ** np.arange(1, 9)
HORIZONS = np.arange(0.25, 8.01, 0.25)
BRIDGE_HORIZON = 1.0
LEARNT_STEPS = np.array([8, 16, 32])
DRAWS = 4_000


class Kernel(NamedTuple):
    """N(slope x + intercept, variance)."""

    slope: float
    intercept: float
    variance: float


class Step(NamedTuple):
    """The two kernels of one step: `backward` leads from its end to its start."""

    forward: Kernel
    backward: Kernel


def gap(steps: Sequence[Step]) -> float:
    """KL of the sampler's paths to the target's: log Z less the mean log weight."""
    mean, variance = 0.0, 1.0
    mean_log_weight = 0.5 * np.log(2 * np.pi) + 0.5  # minus E log N(x_0; 0, 1)
    for forward, backward in steps:
        slope = 1 - backward.slope * forward.slope
        offset = slope * mean - backward.slope * forward.intercept - backward.intercept
        square = offset**2 + slope**2 * variance + backward.slope**2 * forward.variance
        mean_log_weight += 0.5 * (
            1 - square / backward.variance + np.log(forward.variance / backward.variance)
        )
        mean = forward.slope * mean + forward.intercept
        variance = forward.slope**2 * variance + forward.variance
    square = (mean - MEAN) ** 2 + variance
    return -(mean_log_weight - 0.5 * np.log(2 * np.pi * VARIANCE) - 0.5 * square / VARIANCE)


def diffusion_steps(horizon: float, count: int) -> list[Step]:
    """Denoising with the exact score."""
    step = horizon / count
    decay = np.exp(-0.5 * step)
    noise = 1 - decay**2
    steps = []
    for time in step * np.arange(count):
        remaining = np.exp(-0.5 * (horizon - time))  # the target's share in the noised x
        precision = 1 / (remaining**2 * VARIANCE + 1 - remaining**2)
        gain = 2 * (1 - decay)
        forward = Kernel(decay + gain * (1 - precision), gain * precision * remaining * MEAN, noise)
        steps.append(Step(forward, Kernel(decay, 0.0, noise)))
    return steps


def bridge_steps(horizon: float, count: int) -> list[Step]:
    """Euler-Maruyama steps of the exact bridge, log phi_t = -a x²/2 + l x."""
    step = horizon / count
    drifts = [_bridge_drifts(horizon, time) for time in step * np.arange(count + 1)]
    steps = []
    for before, after in pairwise(drifts):
        (slope, intercept), (back_slope, back_intercept) = before[0], after[1]
        forward = Kernel(1 + step * slope, step * intercept, step)
        steps.append(Step(forward, Kernel(1 + step * back_slope, step * back_intercept, step)))
    return steps


def _bridge_drifts(horizon: float, time: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """(slope, intercept) of the forward and of the backward drift of the bridge at a time."""
    decay = np.exp(-0.5 * horizon)
    noise = 1 - decay**2
    covariance = (np.sqrt(decay**2 * VARIANCE + noise**2 / 4) - noise / 2) / decay
    conditional = VARIANCE - covariance**2
    a, l = 1 / conditional - 1 / noise, MEAN / conditional  # noqa: E741
    a_hat = 1 - decay**2 * a / (1 + noise * a)
    l_hat = -decay * l / (1 + noise * a)
    remaining, passed = np.exp(-0.5 * (horizon - time)), np.exp(-0.5 * time)
    shrink = 1 + (1 - remaining**2) * a
    a, l = remaining**2 * a / shrink, remaining * l / shrink  # noqa: E741
    grow = passed**2 + (1 - passed**2) * a_hat
    # phi-hat is a density against Lebesgue measure; its drift is that of its ratio to N(0, 1).
    a_hat, l_hat = a_hat / grow, passed * l_hat / grow
    return (-0.5 - a, l), (0.5 - a_hat, l_hat)


def best(make: Callable[[float, int], list[Step]]) -> tuple[np.ndarray, np.ndarray]:
    """The smallest gap over HORIZONS for each of STEPS, and its horizon."""
    gaps = np.array([[gap(make(horizon, int(count))) for horizon in HORIZONS] for count in STEPS])
    return gaps.min(axis=1), HORIZONS[gaps.argmin(axis=1)]


def learnt_gap(sampler: PathSampler) -> float:
    """The gap of a sampler that was trained on the target."""
    paths = learn(sampler, line_gaussian()).forward(normal_starts(DRAWS, 1, seed=1), seed=2)
    return float(-paths.log_weights.mean())


def compute() -> Mapping[str, np.ndarray]:
    """Gaps and best horizons over STEPS, and gaps of trained samplers over LEARNT_STEPS."""
    diffusion, diffusion_horizons = best(diffusion_steps)
    bridge_at_best, _ = best(bridge_steps)
    learnt: dict[str, list[float]] = {"diffusion": [], "bridge": []}
    for count in LEARNT_STEPS:
        index = list(STEPS).index(count)
        plain = {"steps": int(count), "pilot": 0, "power": 1.0, "learn_variance": False}
        learnt["diffusion"].append(learnt_gap(DDS(horizon=float(diffusion_horizons[index]), **plain)))
        learnt["bridge"].append(learnt_gap(Bridge(horizon=BRIDGE_HORIZON, **plain)))
    return {
        "steps": STEPS,
        "diffusion": diffusion,
        "diffusion horizons": diffusion_horizons,
        "bridge": np.array([gap(bridge_steps(BRIDGE_HORIZON, int(count))) for count in STEPS]),
        "bridge at its best": bridge_at_best,
        "learnt steps": LEARNT_STEPS,
        "learnt diffusion": np.array(learnt["diffusion"]),
        "learnt bridge": np.array(learnt["bridge"]),
    }


SETTINGS = {
    "target": ABOUT.definition,
    "source": "N(0, 1)",
    "horizons of diffusion": f"{HORIZONS[0]:g} to {HORIZONS[-1]:g}, the best",
    "horizon of the bridge": BRIDGE_HORIZON,
    "updates": Bridge().updates,
    "bridge rounds": Bridge().rounds,
    "draws": DRAWS,
    "seeds": 1,
}
STUDIES = {"steps": Study(SETTINGS, compute)}
