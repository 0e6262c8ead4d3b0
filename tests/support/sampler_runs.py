"""The registered samplers as tests use them: one of each class, made small, compiled as one program."""

from collections.abc import Callable

import jax
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.sweep.phases import with_exact_draws
from bridgemark.samplers.base import Limits, Sampler
from bridgemark.targets.base import Target

SAMPLERS = registry.samplers()
# The first registered sampler of each class: the others differ from it in numbers, which are made small here.
ONE_OF_EACH_CLASS = sorted({type(sampler): name for name, sampler in reversed(SAMPLERS.items())}.values())
# BlackJAX adds axes to operands by itself in the code that these call.
IMPLICIT_BROADCASTING = {"chees", "fullrank-vi", "meanfield-vi"}


def marked(name: str, *others: object):
    """A sampler's name, and others, as parameters of a test, marked where its code is not ours alone."""
    marks = [pytest.mark.implicit_broadcasting] if name in IMPLICIT_BROADCASTING else []
    return pytest.param(name, *others, marks=marks)


every_class = pytest.mark.parametrize("name", [marked(name) for name in ONE_OF_EACH_CLASS])
every_sampler = pytest.mark.parametrize("name", [marked(name) for name in SAMPLERS])

SMALL = Limits(
    chains=2, warm_up=60, runs=2, particles=32, pilot=32, steps=4, updates=4, batch=32, temperatures=40
)


def small_sampler(name: str, limits: Limits = SMALL) -> Sampler:
    """The registered sampler of this name, made no larger than `limits`."""
    return SAMPLERS[name].at_most(limits)


def fit_and_draw(sampler: Sampler, target: Target, n: int) -> Callable:
    """A compiled function from a key to the fit and to about n draws."""
    sampler = with_exact_draws(sampler, target.sample)

    def both(key):
        key_fit, key_sample = jax.random.split(key)
        fit = sampler.fit(key_fit, target.density)
        return fit, sampler.sample(key_sample, target.density, fit.state, n)[1]

    return jax.jit(both)
