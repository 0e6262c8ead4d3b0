"""Runs so small that everything about them can be done again with other keys, uncompiled or counted."""

from typing import NamedTuple

import jax
import numpy as np

from bridgemark.benchmarks.sweep.phases import Phases, bind_phases
from bridgemark.samplers.base import Evals, Limits, Sampler
from bridgemark.targets.base import Target

TINY = Limits(chains=1, warm_up=5, runs=1, particles=6, pilot=8, steps=3, updates=2, batch=5, temperatures=30)
DRAWS = 10
FAST_COMPILATION = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


class SmallRun(NamedTuple):
    """A fit and a few draws as NumPy arrays, with the evaluations that each phase declares.

    `state` has the leaves of the state of the fit, `draws` the points and, where there are any, their log
    weights and the estimates of log Z.
    """

    state: list[np.ndarray]
    draws: list[np.ndarray]
    fit_evals: Evals
    sample_evals: Evals


def compile_small(sampler: Sampler, target: Target, draws: int = DRAWS) -> Phases:
    """The phases of a sampler that is already small, compiled with little optimisation when first called."""
    phases = bind_phases(sampler, target, draws)
    return phases._replace(
        fit=jax.jit(phases.fit, compiler_options=FAST_COMPILATION),
        sample=jax.jit(phases.sample, compiler_options=FAST_COMPILATION),
    )


def run_small(phases: Phases, fit_seed: int = 1, sample_seed: int = 2) -> SmallRun:
    """Fit and draw once with the keys of these seeds."""
    fit = phases.fit(jax.random.key(fit_seed))
    _, draws = phases.sample(jax.random.key(sample_seed), fit.state)
    arrays = (draws.x, draws.log_weights, draws.log_z)
    return SmallRun(_leaves(fit.state), _leaves(arrays), fit.evals, draws.evals)


def _leaves(tree: object) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
