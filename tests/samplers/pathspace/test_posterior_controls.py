"""The control of an amortised posterior sampler: exact where its network is the exact conditional mean."""

import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.samplers.dds_posterior import DDSPosterior
from bridgemark.samplers.pathspace.path_measure import KernelShift, features_at

DIM = 2


class ExactMean:
    """In place of a network: E[(X_K - a x) / sqrt(1 - a^2) | X_t = x, y] for X_K given y ~ N(gain y, V).

    Features of a time are its index; `decays` are the a of every time.
    """

    def __init__(self, decays, gain, V):
        self.decays, self.gain, self.precision = jnp.asarray(decays), gain, np.linalg.inv(V)

    def features(self, times):
        return jnp.arange(len(times))

    def __call__(self, index, inputs):
        x, y, a = inputs[:DIM], inputs[DIM:], self.decays[index]
        noise = 1.0 - a**2
        precision = self.precision + a**2 / noise * jnp.eye(DIM)
        mean = jnp.linalg.solve(precision, self.precision @ self.gain @ y + a / noise * x)
        return KernelShift((mean - a * x) / jnp.sqrt(noise))


@pytest.mark.parametrize("horizon", [0.5, 3.0])
def test_the_control_is_the_score_of_the_noised_posterior(horizon, x64):
    """It is grad log(p_t(x | y) / N(x; 0, I)) for p_t = N(a gain y, a^2 V + (1 - a^2) I), but at the end.

    The model is x ~ N(0, I), y = H x + N(0, R) with three observations.
    """
    rng = np.random.default_rng(8)
    H, R = rng.standard_normal((3, DIM)), np.diag([0.3, 0.5, 1.0])
    gain = H.T @ np.linalg.inv(H @ H.T + R)
    V = np.eye(DIM) - gain @ H
    sampler = DDSPosterior(horizon=horizon, steps=6)
    decays = sampler.chain().decay_to_end()
    y = rng.standard_normal(3)
    direction = sampler.forward_direction(ExactMean(decays, gain, V), jnp.asarray(y))
    for index, a in enumerate(decays[:-1]):
        x = rng.standard_normal(DIM)
        variance = a**2 * V + (1 - a**2) * np.eye(DIM)
        score = x - np.linalg.solve(variance, x - a * gain @ y)
        control = direction.control(features_at(direction.features, index), jnp.asarray(x), None)
        np.testing.assert_allclose(control, score, atol=1e-10)
