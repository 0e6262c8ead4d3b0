"""Two Gaussians in three dimensions between which bridges are known in closed form."""

import numpy as np

DIM = 3


def _gaussian_pair():
    """Two laws (mean, variance), the second wide in one direction: the bridge's potentials are indefinite."""
    rng = np.random.default_rng(0)
    (m0, m1), halves = rng.standard_normal((2, DIM)), rng.standard_normal((2, DIM, DIM))
    S0, S1 = (size * half @ half.T + 0.3 * np.eye(DIM) for size, half in zip((0.3, 0.9), halves, strict=True))
    return (m0, S0), (m1, S1)


SOURCE, TARGET = _gaussian_pair()
