"""A script: the shapes in annotations hold while targets, samplers or metrics run.

It takes one argument, `targets`, `samplers` or `scores`. jaxtyping's import hook has beartype check every
annotated function; it must be there before anything of the project is imported, hence a process of its own.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import TypeCheckError, install_import_hook

with install_import_hook(
    ["bridgemark.targets", "bridgemark.samplers", "bridgemark.benchmarks.scores"], "beartype.beartype"
):
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.scores.metrics import evaluate
    from bridgemark.benchmarks.scores.pareto import pareto_k
    from bridgemark.benchmarks.sweep.phases import with_exact_draws
    from bridgemark.samplers.base import Draws, Unsupported, evals
    from bridgemark.samplers.common.gaussian import log_standard_normal

    from support.sampler_runs import ONE_OF_EACH_CLASS, SAMPLERS

    BUILDERS = registry.targets()  # imports every file of targets

KEY = jax.random.key(0)
POINTS = 3


def check_targets() -> None:
    """Densities map a point to a number, samplers give points, statistics and modes have their sizes."""
    for name, build in BUILDERS.items():
        if "1600" not in name:
            check_target(build())


def check_target(target) -> None:
    """Every function of one target, traced with the right shapes and, for its densities, with a batch."""
    density = target.density
    x = jax.ShapeDtypeStruct((POINTS, density.dim), "float32")
    for sample in filter(None, (target.sample, density.base.sample)):
        assert jax.eval_shape(lambda sample=sample: sample(KEY, POINTS)).shape == x.shape
    for log_prob in (density.log_prob, density.base.log_prob):
        assert jax.eval_shape(jax.vmap(log_prob), x).shape == (POINTS,)
        assert_refused(lambda log_prob=log_prob: jax.eval_shape(log_prob, x))
    if target.modes:
        shape = jax.eval_shape(jax.vmap(target.modes.responsibilities), x).shape
        assert shape == (POINTS, *target.modes.masses.shape)
    for statistic in target.statistics:
        assert jax.eval_shape(jax.vmap(statistic.fn), x).shape == (POINTS, *statistic.mean.shape)


def check_samplers() -> None:
    """Fit, draws and retraced paths of one sampler of each class, traced at full size."""
    assert_refused(lambda: log_standard_normal(jnp.zeros((POINTS, 2))))
    target = BUILDERS["linear-gaussian-4-a"]()
    density, x = target.density, jax.ShapeDtypeStruct((POINTS, target.density.dim), "float32")
    for name in ONE_OF_EACH_CLASS:
        sampler = with_exact_draws(SAMPLERS[name], target.sample)
        state = jax.eval_shape(lambda key, s=sampler: s.fit(key, density), KEY).state
        jax.eval_shape(lambda key, state, s=sampler: s.sample(key, density, state, 40), KEY, state)
        try:
            jax.eval_shape(lambda key, state, x, s=sampler: s.retrace(key, density, state, x), KEY, state, x)
        except Unsupported:
            continue


def check_scores() -> None:
    """All metrics of weighted draws, of chains and of particles, on targets with and without exact draws."""
    assert_refused(lambda: pareto_k(np.zeros((POINTS, 2))))
    for name in ("gmm9", "linear-gaussian-4-a", "ionosphere-35"):
        target = BUILDERS[name]()
        rng = np.random.default_rng(0)
        x = jnp.asarray(rng.standard_normal((4, 50, target.density.dim)))
        log_weights = jnp.asarray(rng.standard_normal((4, 50)))
        weighted = Draws(x.reshape(200, 1, -1), log_weights.reshape(200, 1), None, evals(), {})
        chains = Draws(x, None, None, evals(), {})
        particles = Draws(x, log_weights, jnp.zeros(4), evals(), {})
        for draws in (weighted, chains, particles):
            evaluate(target, draws, 300, 100, 3.0, 1.0, KEY)


def assert_refused(call) -> None:
    """The call fails by its shapes: else the hook is not there."""
    try:
        call()
    except TypeCheckError:
        return
    raise AssertionError("a batch passed for a point: the shapes are not checked")


if __name__ == "__main__":
    {"targets": check_targets, "samplers": check_samplers, "scores": check_scores}[sys.argv[1]]()
