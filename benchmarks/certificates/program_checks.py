"""Checks of a sampler's compiled programs at its smallest size: that they are functions of their keys."""

import re

import jax
import numpy as np

from bridgemark.benchmarks.certificates.sampler_under_test import SamplerUnderTest
from bridgemark.benchmarks.certificates.small_runs import DRAWS, run_small
from bridgemark.benchmarks.sweep.phases import bind_phases

MEMORY_ADDRESS = re.compile(r"0x[0-9a-f]+")


def repeatable(subject: SamplerUnderTest) -> str | None:
    """Equal keys give equal draws, and other keys other draws, in both phases."""
    first, second = run_small(subject.tiny_phases), run_small(subject.tiny_phases)
    if not all(map(np.array_equal, first.draws, second.draws)):
        return "the same keys gave other draws"
    if _share_points(first.draws[0], run_small(subject.tiny_phases, sample_seed=3).draws[0]):
        return "another key for sampling gave some of the same draws"
    other_fit = run_small(subject.tiny_phases, fit_seed=3)
    if first.state and all(map(np.array_equal, first.state, other_fit.state)):
        return "another key for fitting gave the same state"
    return None


def _share_points(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether any point is among both sets of draws."""
    points = {point.tobytes() for point in first.reshape(-1, first.shape[-1])}
    return any(point.tobytes() in points for point in second.reshape(-1, second.shape[-1]))


def no_key_inside(subject: SamplerUnderTest) -> str | None:
    """No key is made from a constant inside the sampler: it would be the same for every seed."""
    if any("random_seed" in text for text, _ in trace_programs(subject)):
        return "a key is made inside, the same for every seed"
    return None


def same_when_traced_again(subject: SamplerUnderTest) -> str | None:
    """The programs of both phases are the same, constants included, when they are traced again."""
    first = trace_programs(subject)
    jax.clear_caches()
    if trace_programs(subject) != first:
        return "traced again it is another program: it draws or remembers something while it is traced"
    return None


def trace_programs(subject: SamplerUnderTest) -> list[tuple[str, list[bytes]]]:
    """The text and the constants of the program of each phase."""
    phases = bind_phases(subject.tiny, subject.exam.posterior.target, DRAWS)
    key = jax.eval_shape(lambda: jax.random.key(0))
    fit_program, fit = jax.make_jaxpr(phases.fit, return_shape=True)(key)
    programs = [fit_program, jax.make_jaxpr(phases.sample)(key, fit.state)]
    return [
        (MEMORY_ADDRESS.sub("", str(program)), [np.asarray(part).tobytes() for part in program.consts])
        for program in programs
    ]
