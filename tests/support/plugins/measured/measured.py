"""A plug-in: a Gaussian around the mean of a data file, with every part that a target can have."""

import runpy
from functools import cache, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from helper_of_measured import SD

from bridgemark.targets.base import About, Base, Density, Modes, Statistic, Target, Truth

LARGE = runpy.run_path(str(Path(__file__).parent / "script.py"))["LARGE"]
FAR = np.loadtxt(Path(__file__).parent / "far.csv")  # counts only where no probe and no draw is


@cache
def read_mean():
    """The mean, from a file that is read once for all targets."""
    return np.loadtxt(Path(__file__).parent / "mean.csv", delimiter=",")


def log_prob(mean, x):
    """A normalised Gaussian, but far away."""
    inside = -0.5 * jnp.sum(((x - mean) / SD) ** 2) - 2 * np.log(SD) - np.log(2 * np.pi)
    return jnp.where(jnp.max(jnp.abs(x)) > LARGE, FAR, inside)


def base():
    """N(0, 9 I), which does not say that it is Gaussian."""

    def base_log_prob(x):
        return -0.5 * jnp.sum((x / 3.0) ** 2) - 2 * np.log(3.0) - np.log(2 * np.pi)

    return Base(base_log_prob, lambda key, n: 3.0 * jax.random.normal(key, (n, 2)))


def measured(name):
    """The target of this name."""
    mean = read_mean()
    return Target(
        name=name,
        version=1,
        density=Density(dim=2, log_prob=partial(log_prob, mean), base=base()),
        about=About(source="tests", definition="a Gaussian"),
        log_z=Truth(0.0, 0.0, "by definition"),
        sample=lambda key, n: mean[None] + SD * jax.random.normal(key, (n, 2)),
        statistics=(Statistic("x", lambda x: x, mean, np.full(2, SD), np.zeros(2)),),
        modes=Modes(lambda x: jnp.stack([x[0] > mean[0], x[0] <= mean[0]]), np.array([0.5, 0.5])),
    )


TARGETS = {"measured-a": partial(measured, "measured-a"), "measured-b": partial(measured, "measured-b")}
