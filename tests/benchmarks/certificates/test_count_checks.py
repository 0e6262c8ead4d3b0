"""Checks of declared evaluations, on samplers whose evaluations are known."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.certificates.count_checks import (
    PhaseCount,
    count_full_size,
    count_phases,
    declared_at_full_size,
    executed_work,
)
from bridgemark.benchmarks.certificates.exam_targets import draw_posterior
from bridgemark.benchmarks.certificates.small_runs import FAST_COMPILATION
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.samplers.base import Draws, Sampler, evals

from support.mutants import Importance

POSTERIOR = draw_posterior(np.random.default_rng(0))
# Samplers are written here as plug-ins are: they leave it to JAX to add axes.
pytestmark = pytest.mark.implicit_broadcasting


@dataclass(frozen=True, kw_only=True)
class UnequalChains(Sampler):
    """Chain k makes k + 1 steps, a gradient each, of which the share `share` is declared."""

    chains: int = 4
    share: float = 1.0

    def sample(self, key, density, state, n):
        def run(steps, x):
            return jax.lax.fori_loop(0, steps, lambda _, x: x + 0.1 * jax.grad(density.log_prob)(x), x)

        steps = jnp.arange(self.chains) + 1
        x = jax.vmap(run)(steps, density.base.sample(key, self.chains))
        return state, Draws(x[:, None], None, None, evals(gradients=int(self.share * 10)), {})


def gradients(count):
    return Cost(values=0, gradients=count, simulations=0)


def test_chains_that_wait_are_counted_as_executed_and_not_as_needed():
    counts = count_phases(UnequalChains(), POSTERIOR, (20,), 1, FAST_COMPILATION)
    assert counts == (
        PhaseCount("fit", gradients(0), gradients(0), gradients(0)),
        PhaseCount("sample of 20", gradients(10), gradients(10), gradients(16)),
    )


@pytest.mark.parametrize(("share", "passes"), [(0.9, False), (1.0, True), (1.6, True), (1.7, False)])
def test_what_is_declared_lies_between_what_was_needed_and_what_was_executed(share, passes):
    complaint = declared_at_full_size(
        count_phases(UnequalChains(share=share), POSTERIOR, (20,), 1, FAST_COMPILATION)
    )
    if passes:
        assert complaint is None
    else:
        assert complaint == (
            f"sample of 20 declares (0, {int(share * 10)}, 0) values, gradients, simulations; "
            "(0, 10, 0) to (0, 16, 0) were made"
        )


def test_the_seed_chooses_the_numbers_of_draws():
    first, second = (count_full_size(Importance(), POSTERIOR, seed) for seed in (1, 2))
    for counts in (first, second):
        few, several, many = (count.declared.values for count in counts[1:])
        assert 4 <= few < 64 <= several < 1_000 <= many <= 5_000
    assert [count.declared for count in first] != [count.declared for count in second]


def test_executed_work_is_what_is_executed_for_each_evaluation_declared():
    declared = PhaseCount("sample of 20", gradients(10), gradients(10), gradients(16))
    with pytest.raises(NotJudged, match=r"^1\.60 for each that is counted$"):
        executed_work((declared,))
    with pytest.raises(NotJudged, match="no evaluations are declared"):
        executed_work((replace(declared, declared=gradients(0)),))
