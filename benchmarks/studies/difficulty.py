"""How difficult the targets of this project are, before any sampler has seen them.

Conditioning and tails are those of exact draws in coordinates in which the base is N(0, I). Where there are
no exact draws, the known variances of the coordinates bound the conditioning from below. What a gradient
costs is counted by XLA and not timed: the number does not depend on the machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.linalg import solve_triangular
from scipy.stats import norm

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.studies import stored
from bridgemark.benchmarks.studies.study import Study
from bridgemark.targets.base import Base, LogProb, Target

DRAWS = 50_000  # of each of two sets
AGREEMENT = 0.1  # of the two sets; a number on which they do not agree is not known
SECOND_MOMENT = 2.0
TAIL = 0.001  # share of the draws beyond each end of the wide range
OWN_MODULES = "bridgemark.targets."
NAME = "difficulty"


@dataclass(frozen=True)
class Difficulty:
    """The difficulty of a target; what is not known is None.

    Attributes:
        condition: condition number of the covariance in the base's coordinates.
        least_condition: a lower bound of it, by the variances of the coordinates.
        tails: range of all but 0.2 % of the draws over the range of their middle half, of the worst
            coordinate, in units of that ratio for a Gaussian.
        modes: number of components of the mixture.
        operations: operations of a value with its gradient, those of transcendental functions included.
        gaussians: the same in units of N(0, I) of this dimension.
    """

    condition: float | None = None
    least_condition: float | None = None
    tails: float | None = None
    modes: float | None = None
    operations: float | None = None
    gaussians: float | None = None


def read(folders: Sequence[Path]) -> dict[str, Difficulty]:
    """The stored difficulties by target, of the last folder of results that has the study; {} without one."""
    path = stored.find(folders, NAME)
    by_target: dict[str, dict[str, float]] = {}
    for key, number in ({} if path is None else stored.read(path).numbers).items():
        target, _, quantity = key.partition(", ")
        by_target.setdefault(target, {})[quantity] = float(number)
    return {target: Difficulty(**numbers) for target, numbers in by_target.items()}


def compute() -> Mapping[str, np.ndarray]:
    """Every known quantity of every target of this project, by "target, quantity"."""
    numbers: dict[str, np.ndarray] = {}
    modules = registry.target_modules()
    for name, builder in registry.targets().items():
        if modules[name].startswith(OWN_MODULES):
            measured = vars(difficulty(registry.build(name, builder)))
            measurable = {key: value for key, value in measured.items() if value is not None}
            numbers |= {f"{name}, {key}": np.array(value) for key, value in measurable.items()}
    return numbers


def difficulty(target: Target) -> Difficulty:
    """Measure the difficulty of a target."""
    density = target.density
    operations = gradient_operations(density.log_prob, density.dim)
    condition = tails = None
    if target.sample is not None:
        sets = [
            to_base(np.asarray(target.sample(jax.random.key(seed), DRAWS)), density.base) for seed in (0, 1)
        ]
        tails = _agreed([tail_ratio(draws) for draws in sets])
        if target.about.finite_moment > SECOND_MOMENT:
            condition = _agreed([condition_number(draws) for draws in sets])
    return Difficulty(
        condition=condition,
        least_condition=least_condition_number(target) if condition is None else None,
        tails=tails,
        modes=None if target.modes is None else float(len(target.modes.masses)),
        operations=operations,
        gaussians=operations / gradient_operations(standard_gaussian, density.dim),
    )


def to_base(draws: Float[np.ndarray, "n dim"], base: Base) -> Float[np.ndarray, "n dim"]:
    """The draws in coordinates in which a Gaussian base is N(0, I); as they are where it is not Gaussian."""
    if base.loc is None or base.scale is None:
        return draws
    centred = np.asarray(draws, float) - base.loc
    if base.scale.ndim == 1:
        return centred / base.scale
    return solve_triangular(base.scale, centred.T, lower=True).T


def condition_number(draws: Float[np.ndarray, "n dim"]) -> float:
    """The largest over the smallest eigenvalue of the covariance of draws."""
    eigenvalues = np.linalg.eigvalsh(np.atleast_2d(np.cov(draws.T)))
    return float(eigenvalues[-1] / eigenvalues[0])


def least_condition_number(target: Target) -> float | None:
    """The largest over the smallest variance of a coordinate; None unless the target and a base know them."""
    base, dim = target.density.base, target.density.dim
    probe = jnp.arange(1.0, dim + 1)
    for statistic in target.statistics:
        value = statistic.fn(probe)
        if base.scale is not None and base.scale.ndim == 1 and np.array_equal(value, probe):
            variances = (statistic.sd / base.scale) ** 2
            return float(variances.max() / variances.min())
    return None


def tail_ratio(draws: Float[np.ndarray, "n dim"]) -> float:
    """The wide range over the middle half, of the coordinate with the largest ratio; 1 for a Gaussian."""
    low, first, third, high = np.quantile(draws, [TAIL, 0.25, 0.75, 1 - TAIL], axis=0)
    of_a_gaussian = norm.ppf(1 - TAIL) / norm.ppf(0.75)
    return float(np.max((high - low) / (third - first)) / of_a_gaussian)


def gradient_operations(log_prob: LogProb, dim: int) -> float:
    """The operations of log_prob with its gradient at one point, as XLA counts them before it optimises."""
    point = jax.ShapeDtypeStruct((dim,), jnp.float32)
    counted = jax.jit(jax.value_and_grad(log_prob)).lower(point).cost_analysis() or {}
    return float(counted.get("flops", 0.0) + counted.get("transcendentals", 0.0))


def standard_gaussian(x: Float[Array, " dim"]) -> Float[Array, ""]:
    """The log density of N(0, I) up to a constant."""
    return -0.5 * jnp.sum(x**2)


def _agreed(pair: Sequence[float]) -> float | None:
    """The mean of two numbers; None where they differ by more than AGREEMENT."""
    low, high = sorted(pair)
    return (low + high) / 2 if high <= (1 + AGREEMENT) * low else None


SETTINGS = {
    "draws": 2 * DRAWS,
    "agreement of halves": AGREEMENT,
    "beyond each end": TAIL,
    "yardstick of operations": "value and gradient of N(0, I)",
}
STUDIES = {NAME: Study(SETTINGS, compute)}
