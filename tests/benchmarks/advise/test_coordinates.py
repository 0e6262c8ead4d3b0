"""Coordinates are called after the parameter that changes with them alone."""

import jax.numpy as jnp
import numpy as np

from bridgemark.benchmarks.adapters.model import Model
from bridgemark.benchmarks.advise.coordinates import coordinate_name, coordinate_names
from bridgemark.targets.base import Density, gaussian_base


def constrain(points):
    """A scale, two effects, and what is derived from all of them; the last coordinate does nothing."""
    tau = np.exp(points[:, 0])
    effects = points[:, 1:3]
    return {
        "derived": tau[:, None] * np.sum(effects, axis=1, keepdims=True) * np.ones(2),
        "tau": tau,
        "theta": effects,
    }


def test_names_are_those_of_the_parameters():
    density = Density(4, lambda x: -0.5 * jnp.sum(x**2), gaussian_base(np.zeros(4), np.ones(4)))
    names = coordinate_names(Model(density, "a model", "", constrain))
    assert names == ("tau", "theta[0]", "theta[1]", "coordinate 3")
    assert coordinate_name(names, 2) == "theta[1]"
    assert coordinate_name((), 2) == "coordinate 2"


def test_a_name_is_text_of_one_line():
    density = Density(1, lambda x: -0.5 * jnp.sum(x**2), gaussian_base(np.zeros(1), np.ones(1)))
    (name,) = coordinate_names(Model(density, "a model", "", lambda points: {"a\x1b\nb": points[:, 0]}))
    assert "\n" not in name
    assert "\x1b" not in name
