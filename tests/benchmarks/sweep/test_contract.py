"""Every mistake of a sampler against its contract is a failed row that names the rule and how to keep it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from bridgemark.benchmarks.rows.cost import total
from bridgemark.benchmarks.sweep.contract import BrokenContract
from bridgemark.benchmarks.sweep.failures import failure_of
from bridgemark.benchmarks.sweep.programs import compile_phases
from bridgemark.benchmarks.text import MAX_LINE
from bridgemark.samplers.base import Draws, Evals, Fit, Sampler, evals

from support.small_targets import mixture

pytestmark = pytest.mark.implicit_broadcasting  # the samplers here are written as plug-ins are

ASKED, DIM = 200, 2
RIGHT_FIT = Fit(state=jnp.zeros(DIM), evals=evals(), info={})


def right_draws(n: int = ASKED) -> Draws:
    return Draws(jnp.zeros((n, 1, DIM)), jnp.zeros((n, 1)), None, evals(values=n), {"steps": jnp.ones(3)})


@dataclass(frozen=True, kw_only=True)
class Faulty(Sampler):
    """Returns from each phase what its fields return; everything is right by default."""

    fitted: Callable[[], Any] = field(default=lambda: RIGHT_FIT)
    sampled: Callable[[Any, int], Any] = field(default=lambda state, n: (state, right_draws(n)))
    retraced: Callable[[int], Any] = field(default=lambda n: jnp.zeros(n))

    def fit(self, key, density):
        return self.fitted()

    def sample(self, key, density, state, n):
        return self.sampled(state, n)

    def retrace(self, key, density, state, x):
        return self.retraced(len(x))


def reason(sampler: Sampler) -> str:
    with pytest.raises(BrokenContract) as caught:
        compile_phases(sampler, mixture(DIM), ASKED)
    text = failure_of(caught.value).reason
    assert len(text) < MAX_LINE, "the cure would be cut off"
    return text


def test_a_right_sampler_passes():
    assert compile_phases(Faulty(), mixture(DIM), ASKED).seconds > 0


@pytest.mark.parametrize(
    ("fitted", "complaint"),
    [
        (None, "fit returned None; it must return Fit(state, evals, info)"),
        ((jnp.zeros(2), evals(), {}), "fit returned a tuple of 3; it must return Fit("),
        (right_draws(), "fit returned a Draws; it must return Fit("),
        (RIGHT_FIT._replace(evals=None), "fit returned None as evals; build it with evals("),
        (
            RIGHT_FIT._replace(evals=5),
            "an array of int32, shape () as evals; build it with evals(",
        ),
        (
            RIGHT_FIT._replace(evals=evals(gradients=2.7)),
            "fit returned an array of float32, shape () as evals.gradients; build it",
        ),
        (
            RIGHT_FIT._replace(evals=evals(values=jnp.nan)),
            "float32, shape () as evals.values; build",
        ),
        (RIGHT_FIT._replace(evals=Evals(evals().values, None, None)), "fit returned None as evals.gradients"),
        (RIGHT_FIT._replace(info=None), "fit returned None as info; it must be a dictionary of arrays"),
        (RIGHT_FIT._replace(info={"a": {"b": jnp.ones(2)}}), "fit returned a dict as info; it must be"),
    ],
)
def test_what_fit_returns(fitted, complaint):
    assert complaint in reason(Faulty(fitted=lambda: fitted))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"x": jnp.zeros((ASKED, DIM))}, "Draws.x of shape (200, 2); the shape must be (chains,"),
        (
            {"x": jnp.zeros((ASKED, 1, 3))},
            "Draws.x of shape (200, 1, 3); the shape must be",
        ),
        (
            {"x": jnp.zeros((ASKED, 1, DIM), complex)},
            "complex64, shape (200, 1, 2) as Draws.x; draws",
        ),
        (
            {"x": jnp.zeros((ASKED, 1, DIM), int)},
            "int32, shape (200, 1, 2) as Draws.x; draws are",
        ),
        ({"x": None}, "sample returned None as Draws.x; draws are real"),
        (
            {"log_weights": jnp.zeros(ASKED)},
            "shape (200,) as Draws.log_weights; it must be None or",
        ),
        ({"log_weights": jnp.zeros((1, ASKED))}, "in shape (200, 1): for independent draws log_weights"),
        ({"log_z": jnp.zeros(())}, "shape () as Draws.log_z; it is one real estimate for each run"),
        ({"log_z": 0.5}, "shape () as Draws.log_z; it is one real estimate for each run"),
        ({"evals": None}, "sample returned None as evals; build it with evals("),
        ({"info": [jnp.ones(2)]}, "sample returned a list as info; it must be a dictionary of arrays"),
    ],
)
def test_what_draws_hold(changes, complaint):
    draws = right_draws()._replace(**changes)
    assert complaint in reason(Faulty(sampled=lambda state, n: (state, draws)))


@pytest.mark.parametrize("number", [1, 10, 100, 201, 1_000])
def test_the_number_of_draws(number):
    complaint = f"sample returned {number:,} draws where 200 were asked for"
    sampler = Faulty(sampled=lambda state, n: (state, right_draws(number if n == ASKED else n)))
    assert complaint in reason(sampler)


@pytest.mark.parametrize("chains", [3, 64, 150, 300])
def test_the_number_is_rounded_to_whole_chains(chains):
    def sampled(state, n):
        length = max(n // chains, 1)
        return state, Draws(jnp.zeros((chains, length, DIM)), None, None, evals(), {})

    compile_phases(Faulty(sampled=sampled), mixture(DIM), ASKED)


@pytest.mark.parametrize(
    ("sampled", "complaint"),
    [
        (
            lambda state, n: right_draws(n),
            "returned a Draws; it must return the pair (state, Draws(...))",
        ),
        (
            lambda state, n: right_draws(n).x,
            "float32, shape (200, 1, 2); it must return the pair",
        ),
        (
            lambda state, n: (right_draws(n), state),
            "a tuple of 2; it must return the pair (state, Draws",
        ),
        (
            lambda state, n: (jnp.zeros(3), right_draws(n)),
            "differ in number, shape or kind from those of fit",
        ),
        (lambda state, n: (None, right_draws(n)), "differ in number, shape or kind from those of fit"),
    ],
)
def test_what_sample_returns(sampled, complaint):
    assert complaint in reason(Faulty(sampled=sampled))


def test_what_retrace_returns():
    complaint = "returned an array of float32, shape (200, 1); it must return a real log weight for each"
    assert complaint in reason(Faulty(retraced=lambda n: jnp.zeros((n, 1))))


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="a count of evaluations cannot be negative: -5000"):
        evals(gradients=-5_000)
    with pytest.raises(ValueError, match="a negative count of values: -3"):
        total(evals(values=jax.numpy.asarray([7, -3])))
