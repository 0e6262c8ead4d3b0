"""A few draws for a picture, small enough to be kept with the row."""

import numpy as np

from bridgemark.samplers.base import Draws

SHOWN_DRAWS = 400
DIGITS = 4


def shown_draws(draws: Draws) -> list[list[float]]:
    """The first two coordinates of at most SHOWN_DRAWS draws, as points of equal weight.

    Weighted draws are resampled, others are taken at equal distances. Draws in one dimension have no points.
    """
    x = np.reshape(draws.x, (-1, draws.x.shape[-1]))
    if x.shape[1] < 2:
        return []
    if draws.log_weights is None:
        chosen = np.linspace(0, len(x) - 1, min(SHOWN_DRAWS, len(x))).astype(int)
    else:
        log_weights = np.ravel(draws.log_weights).astype(np.float64)
        weights = np.exp(log_weights - np.max(log_weights))
        chosen = np.random.default_rng(0).choice(len(x), SHOWN_DRAWS, p=weights / np.sum(weights))
    return [[float(f"{value:.{DIGITS}g}") for value in point] for point in x[chosen, :2].tolist()]
