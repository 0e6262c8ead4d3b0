"""Weighted draws made into draws of equal weight."""

import numpy as np
from jaxtyping import Float, Int


def systematic(weights: Float[np.ndarray, " n"], size: int) -> Int[np.ndarray, " size"]:
    """Which draws to take, some of them several times, for `size` draws of equal weight.

    A draw is taken as often as its weight asks for, rounded up or down, and nothing is random.
    """
    cumulated = np.cumsum(weights)
    return np.searchsorted(cumulated, (np.arange(size) + 0.5) / size * cumulated[-1])
