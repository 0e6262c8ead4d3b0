"""NUTS against NumPyro's: the same chains, warm-up and starts, on one core, in turns in one process."""

from functools import partial
from time import process_time

import jax
import numpy as np
import pytest
from race import on_cores

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.scores.diagnostics import ess_bulk
from bridgemark.samplers.nuts import NUTS

infer = pytest.importorskip("numpyro.infer", reason="NumPyro comes with the extra `test`")
CHAINS, WARM_UP, SEEDS = 4, 1_000, 3
PER_GRADIENT, PER_SECOND = 0.8, 1.0  # ours over theirs, at least


def ours(target, seed, draws):
    """Draws (chains, n, dim), gradients spent and seconds of the second call after the warm-up."""
    sampler = NUTS(chains=CHAINS, warm_up=WARM_UP)
    key_fit, *keys = jax.random.split(jax.random.key(seed), 3)
    state = jax.jit(partial(sampler.fit, density=target.density))(key_fit).state
    draw = jax.jit(lambda key, state: sampler.sample(key, target.density, state, CHAINS * draws)[1])
    jax.block_until_ready(draw(keys[0], state))
    begun = process_time()
    drawn = jax.block_until_ready(draw(keys[1], state))
    return np.asarray(drawn.x), int(np.sum(drawn.evals.gradients)), process_time() - begun


def theirs(target, seed, draws):
    """The same of NumPyro, its chains side by side as ours are, its transitions compiled as one scan."""
    kernel = infer.NUTS(potential_fn=lambda x: -target.density.log_prob(x), target_accept_prob=0.8)
    settings = {"num_chains": CHAINS, "chain_method": "vectorized", "progress_bar": False}
    chains = infer.MCMC(kernel, num_warmup=WARM_UP, num_samples=draws, **settings)
    key_start, key_fit = jax.random.split(jax.random.key(seed))
    chains.warmup(key_fit, init_params=target.density.base.sample(key_start, CHAINS))

    def transition(state, _):
        state = kernel.sample(state, (), {})
        return state, (state.z, state.num_steps)

    draw = jax.jit(lambda state: jax.lax.scan(transition, state, length=draws))
    state, _ = jax.block_until_ready(draw(chains.post_warmup_state))
    begun = process_time()
    _, (x, steps) = jax.block_until_ready(draw(state))
    return np.swapaxes(x, 0, 1), int(np.sum(steps)), process_time() - begun


def compare(name, draws):
    """Geometric means over seeds of ours / theirs, for the smallest ESS of a coordinate.

    The first is of ESS per gradient, the second of ESS per second.
    """
    target, logs = registry.build(name, registry.targets()[name]), []
    for seed in range(SEEDS):
        rates = []
        for contestant in (ours, theirs):
            x, gradients, seconds = contestant(target, seed, draws)
            ess = np.min(ess_bulk(x))
            rates.append([ess / gradients, ess / seconds])
        logs.append(np.log(rates[0]) - np.log(rates[1]))
    return np.exp(np.mean(logs, axis=0)).tolist()


@pytest.mark.parametrize(("name", "draws"), [("ionosphere-35", 2_000), ("lgcp-256", 500)])
def test_nuts_against_numpyro(benchmark, name, draws):
    with on_cores(1) as process:
        per_gradient, per_second = benchmark.pedantic(
            lambda: process.submit(compare, name, draws).result(), rounds=1
        )
    benchmark.extra_info.update(per_gradient=round(per_gradient, 3), per_second=round(per_second, 3))
    assert per_gradient >= PER_GRADIENT
    assert per_second >= PER_SECOND
