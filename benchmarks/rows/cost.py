"""What a phase of a row cost, in evaluations and in gradients.

One exchange rate joins what samplers pay with: a gradient comes with its value, and in reverse mode costs
about three times the value alone; a simulation of y counts as a value.
"""

from dataclasses import dataclass

import numpy as np

from bridgemark.samplers.base import Evals

RATES = {"gradients": 1.0, "values": 1 / 3, "simulations": 1 / 3}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Evaluations of one phase, as whole numbers."""

    values: int
    gradients: int
    simulations: int


def total(evals: Evals) -> Cost:
    """The sum of the parts, each below 2^32, in 64 bits."""
    values, gradients, simulations = (int(np.sum(np.asarray(part), dtype=np.int64)) for part in evals)
    return Cost(values=values, gradients=gradients, simulations=simulations)


def in_gradients(cost: Cost) -> float:
    """What a phase cost, in gradients."""
    return sum(rate * getattr(cost, name) for name, rate in RATES.items())


def spent(fit: Cost, sample: Cost) -> float:
    """What both phases cost, in gradients."""
    return in_gradients(fit) + in_gradients(sample)
