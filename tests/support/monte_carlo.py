"""How far a Monte Carlo mean may be from its exact value before a test fails."""

import numpy as np

LIMIT = 5.0  # standard errors: under the normal law a comparison fails falsely once in 1.7 million


def assert_mean(values, expected, largest_error=np.inf):
    """The mean of independent `values` (n, ...) is `expected` within LIMIT standard errors.

    The standard error, measured from the values, must lie between zero and `largest_error`: values that are
    all alike would prove nothing, and a large error would hide a bias.
    """
    values = np.asarray(values, float)
    error = np.std(values, axis=0) / np.sqrt(len(values))
    assert np.all(error > 0)
    assert np.all(error < largest_error)
    np.testing.assert_array_less(np.abs(np.mean(values, axis=0) - expected), LIMIT * error)
