"""The cost of one phase of a run, fitting or sampling, in evaluations and in gradients.

One exchange rate converts every kind of evaluation to gradients. A gradient includes the value at its point;
in reverse mode it costs about three times the value alone, so a value counts 1/3. A simulation of y counts as
a value.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # importing JAX takes longer than a run that has nothing to do
    from bridgemark.samplers.base import Evals

RATES = {"gradients": 1.0, "values": 1 / 3, "simulations": 1 / 3}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Numbers of evaluations in one phase."""

    values: int
    gradients: int
    simulations: int


def total(evals: "Evals") -> Cost:
    """Add up the partial counts of each kind, each below 2^32, in 64 bits.

    Raises ValueError for a negative count.
    """
    for name, part in evals._asdict().items():
        if np.any(np.asarray(part) < 0):
            raise ValueError(f"a negative count of {name}: {np.min(part)}")
    values, gradients, simulations = (int(np.sum(np.asarray(part), dtype=np.int64)) for part in evals)
    return Cost(values=values, gradients=gradients, simulations=simulations)


def in_gradients(cost: Cost) -> float:
    """The cost of one phase, converted to gradients."""
    return sum(rate * getattr(cost, name) for name, rate in RATES.items())


def spent(fit: Cost, sample: Cost) -> float:
    """The cost of fitting and sampling together, converted to gradients."""
    return in_gradients(fit) + in_gradients(sample)
