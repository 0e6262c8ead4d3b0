"""A plug-in of wrong targets: each is a Gaussian of two dimensions with one thing that cannot be."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from bridgemark.targets.base import Modes, Statistic, Truth, gaussian_base

sys.path.insert(0, str(Path(__file__).parent))
from toys import toy_gaussian


def _with_density(**changes):
    target = toy_gaussian()
    return replace(target, density=replace(target.density, **changes))


def _raise(error):
    raise error


def _statistic(sd):
    return Statistic("x", lambda x: x, np.zeros(2), np.asarray(sd, float), np.zeros(2))


# Targets whose claims or values are impossible, by name.
WRONG = {
    "nan-density": lambda: _with_density(log_prob=lambda x: x.sum() * jnp.nan),
    "infinite-density": lambda: _with_density(log_prob=lambda x: jnp.inf + 0 * x.sum()),
    "vector-density": lambda: _with_density(log_prob=lambda x: x),
    "complex-density": lambda: _with_density(log_prob=lambda x: x.sum() * 1j),
    "text-density": lambda: _with_density(log_prob=lambda x: "0.0"),
    "branching-density": lambda: _with_density(log_prob=lambda x: 0.0 if x[0] > 0 else 1.0),
    "no-density": lambda: _with_density(log_prob=None),
    "no-dimension": lambda: _with_density(dim=0),
    "other-dimension": lambda: _with_density(base=gaussian_base(np.zeros(3), np.ones(3))),
    "negative-scale": lambda: _with_density(base=gaussian_base(np.zeros(2), -np.ones(2))),
    "negative-sd": lambda: replace(toy_gaussian(), statistics=(_statistic([-1, 1]),)),
    "nan-sd": lambda: replace(toy_gaussian(), statistics=(_statistic([np.nan, 1]),)),
    "sd-of-three": lambda: replace(toy_gaussian(), statistics=(_statistic([1, 1, 1]),)),
    "impossible-masses": lambda: replace(
        toy_gaussian(), modes=Modes(lambda x: jnp.array([0.5, 0.5]), np.array([3.0, -1.0]))
    ),
    "nan-log-z": lambda: replace(toy_gaussian(), log_z=Truth(np.nan, 0.0, "")),
    "negative-error": lambda: replace(toy_gaussian(), log_z=Truth(0.0, -1.0, "")),
    "draws-of-three": lambda: replace(toy_gaussian(), sample=gaussian_base(np.zeros(3), np.ones(3)).sample),
}


def _wrong(name):
    return lambda: replace(WRONG[name](), name=name)


TARGETS = {name: _wrong(name) for name in WRONG}
TARGETS |= {
    "none": lambda: None,
    "other-name": toy_gaussian,
    "sys-exits": lambda: sys.exit("no data here"),
    "interrupts": lambda: _raise(KeyboardInterrupt()),
    "escapes": lambda: _raise(ValueError("\x1b[31mred\n[bold]next\u202e")),
    "exits-well": lambda: os._exit(0),
    "sleeps": lambda: time.sleep(10_000),
}
