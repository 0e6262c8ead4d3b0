"""A plug-in of many samplers that do nearly nothing, on a target of one dimension."""

import os
import time
from dataclasses import dataclass

import numpy as np

from bridgemark.samplers.base import Draws, Sampler, evals
from bridgemark.targets.base import About, Density, Target, gaussian_base


@dataclass(frozen=True, kw_only=True)
class Quick(Sampler):
    """Draws from the base.

    It appends its number, cores and GPU to the file that QUICK_LOG names, and waits for QUICK_SECONDS, where
    the environment has these variables.
    """

    number: int

    def sample(self, key, density, state, n):
        if path := os.environ.get("QUICK_LOG"):
            with open(path, "a") as log:
                gpu = os.environ.get("CUDA_VISIBLE_DEVICES")
                log.write(f"quick-{self.number} {sorted(os.sched_getaffinity(0))} {gpu}\n")
        time.sleep(float(os.environ.get("QUICK_SECONDS", "0")))
        return state, Draws(density.base.sample(key, n)[:, None, :], None, None, evals(), {})


def quick():
    base = gaussian_base(np.zeros(1), np.ones(1))
    return Target(
        name="quick",
        version=1,
        density=Density(dim=1, log_prob=base.log_prob, base=base),
        about=About(source="tests", definition="N(0, 1)"),
    )


SAMPLERS = {f"quick-{number}": Quick(number=number) for number in range(200)}
TARGETS = {"quick": quick}
