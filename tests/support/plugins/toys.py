"""A plug-in: a Gaussian with everything known, and a sampler that draws from it exactly."""

import os
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.samplers.base import Draws, Fit, Sampler, evals
from bridgemark.targets.base import About, Density, Statistic, Target, Truth, gaussian_base

MEAN, SD = np.array([1.0, -2.0]), np.array([0.5, 2.0])
LOG_Z = 3.0


def toy_gaussian():
    """N(MEAN, SD^2) times e^LOG_Z in two dimensions."""
    law = gaussian_base(MEAN, SD)
    zeros = np.zeros(2)
    return Target(
        name="toy-gaussian",
        version=1,
        density=Density(
            dim=2, log_prob=lambda x: LOG_Z + law.log_prob(x), base=gaussian_base(zeros, np.full(2, 3.0))
        ),
        about=About(source="tests", definition="a Gaussian"),
        log_z=Truth(LOG_Z, 0.0, "by definition"),
        sample=law.sample,
        statistics=(Statistic("x", lambda x: x, MEAN, SD, zeros),),
    )


@dataclass(frozen=True, kw_only=True)
class ToyExact(Sampler):
    """Exact draws whose weights are all Z; `fit` spends and keeps something, so that it can be seen."""

    spent: int = 3

    def fit(self, key, density):
        print(f"a library prints here, on {len(os.sched_getaffinity(0))} core")
        return Fit(jax.random.normal(key), evals(gradients=self.spent), {"trace": jnp.arange(5.0)})

    def sample(self, key, density, state, n):
        x = gaussian_base(MEAN, SD).sample(key, n)[:, None, :]
        log_weights = jnp.full((n, 1), LOG_Z)
        return state, Draws(x, log_weights, None, evals(values=5 * 2**31), {"fitted": state})


SAMPLERS = {"toy-exact": ToyExact()}
TARGETS = {"toy-gaussian": toy_gaussian}
