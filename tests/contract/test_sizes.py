"""`Sampler.at_most` over the whole registry: small really is small, and no limit changes nothing."""

import jax
import numpy as np

from bridgemark.benchmarks.sweep.phases import with_exact_draws
from bridgemark.samplers.base import Limits

from support.sampler_runs import SAMPLERS, SMALL, every_sampler
from support.small_targets import mixture

DRAWS = 40
# Under SMALL, in two dimensions, the largest numbers of evaluations (values, gradients and simulations
# together) that a fit and DRAWS draws may declare.
MOST_IN_FIT, MOST_IN_DRAWS = 10_000, 10_000
HAS_NO_SIZE = {"oracle"}


@every_sampler
def test_no_limit_changes_nothing(name):
    assert SAMPLERS[name].at_most(Limits()) == SAMPLERS[name]


@every_sampler
def test_limits_make_a_new_sampler_of_the_same_class(name):
    sampler, before = SAMPLERS[name], repr(SAMPLERS[name])
    small = sampler.at_most(SMALL)
    assert type(small) is type(sampler)
    assert (small == sampler) == (name in HAS_NO_SIZE)
    assert small.at_most(SMALL) == small
    assert repr(sampler) == before


@every_sampler
def test_a_small_sampler_spends_little(name):
    """Only the counts are asked for, so that little but what they depend on is compiled."""
    target = mixture(2)
    small = with_exact_draws(SAMPLERS[name].at_most(SMALL), target.sample)

    def counts(key):
        fit = small.fit(key, target.density)
        return fit.evals, small.sample(key, target.density, fit.state, DRAWS)[1].evals

    fit_evals, sample_evals = jax.jit(counts)(jax.random.key(0))
    assert total(fit_evals) <= MOST_IN_FIT
    assert total(sample_evals) <= MOST_IN_DRAWS


def total(evals):
    """All evaluations together, as a Python integer."""
    return sum(int(np.sum(np.asarray(count), dtype=np.int64)) for count in evals)
