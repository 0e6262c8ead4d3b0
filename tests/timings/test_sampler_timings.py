"""The cores of the samplers, compiled: one transition, one temperature, one training step."""

from functools import partial

import jax
import jax.numpy as jnp

from bridgemark.benchmarks import registry
from bridgemark.samplers.annealed.adaptive_smc import tempered_smc
from bridgemark.samplers.annealed.schedule import SMCSettings, TemperingSchedule
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.targets.base import Target

PARTICLES = 1_024


def build(name: str) -> Target:
    return registry.build(name, registry.targets()[name])


def timed(benchmark, function, *arguments):
    """The output of the compiled function, once it is there."""
    compiled = jax.jit(function).lower(*arguments).compile()
    return benchmark(lambda: jax.block_until_ready(compiled(*arguments)))


def test_nuts_transition(benchmark):
    """Four warmed-up chains on ionosphere: as long as the deepest of their trees."""
    target, sampler = build("ionosphere-35"), NUTS(warm_up=200)
    key = jax.random.key(0)
    state = jax.jit(partial(sampler.fit, density=target.density))(key).state

    def transition(key, state):
        return sampler.sample(key, target.density, state, sampler.chains)[1]

    draws = timed(benchmark, transition, key, state)
    benchmark.extra_info["gradients"] = int(jnp.sum(draws.evals.gradients))
    assert jnp.all(jnp.isfinite(draws.x))


def test_smc_temperature(benchmark):
    """A thousand particles on ionosphere: reweight, resample, two transitions of five leapfrog steps."""
    target = build("ionosphere-35")
    settings = SMCSettings(
        transitions=2,
        leapfrog_steps=5,
        target_acceptance=0.8,
        ess_fraction=0.8,
        max_temperature_step=1.0,
        max_temperatures=1,
    )
    schedule = TemperingSchedule(
        jnp.array([0.05]), jnp.array([0.2]), jnp.ones((1, target.density.dim)), jnp.asarray(1)
    )
    key = jax.random.key(0)
    start = target.density.base.sample(key, PARTICLES)

    def temperature(key, start):
        return tempered_smc(
            key, target.density.base.log_prob, target.density.log_prob, start, schedule, settings
        )

    result = timed(benchmark, temperature, key, start)
    assert 0 < float(result.acceptance[0]) <= 1


def test_training_step_of_the_diffusion_sampler(benchmark):
    """One update on the funnel."""
    target, sampler = build("funnel-10"), DDS()
    key = jax.random.key(0)
    state, _ = jax.jit(partial(sampler.init, density=target.density))(key)
    _, trace = timed(benchmark, lambda key, state: sampler.update(key, target.density, state), key, state)
    assert all(jnp.all(jnp.isfinite(value)) for value in trace.info.values())
