"""Loops and conditions that are followed compute the same, and say which lanes need what they compute."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.certificates.counting import Tally, count_evaluations
from bridgemark.targets.base import Density, gaussian_base

LIMITS = np.array([3, 0, 7, 1])


def density():
    return Density(2, lambda x: -0.5 * jnp.sum(x**2 + 0.1 * x**4), gaussian_base(np.zeros(2), np.ones(2)))


def climb_while(log_prob, limit, x):
    def step(state):
        i, x = state
        return i + 1, x + 0.1 * jax.grad(log_prob)(x)

    return jax.lax.while_loop(lambda state: state[0] < limit, step, (0, x))[1]


def climb_for(log_prob, limit, x):
    return jax.lax.fori_loop(0, limit, lambda _, x: x + 0.1 * jax.grad(log_prob)(x), x)


def climb_by_jitted_steps(log_prob, limit, x):
    step = jax.jit(lambda x: x + 0.1 * jax.grad(log_prob)(x))
    return jax.lax.fori_loop(0, limit, lambda _, x: step(x), x)


def climb_in_rounds(log_prob, limit, x):
    """As many rounds as the limit says, each of as many steps: a lane waits in both loops."""
    return jax.lax.fori_loop(0, limit, lambda _, x: climb_while(log_prob, limit, x), x)


def climb_once_if_any(log_prob, limit, x):
    return jax.lax.cond(limit > 2, lambda x: jax.grad(log_prob)(x), lambda x: x, x)


def climb_once_with_operands(log_prob, limit, x):
    return jax.lax.cond(limit > 2, x, lambda x: jax.grad(log_prob)(x), x, lambda x: x)


def climb_by_switch(log_prob, limit, x):
    branches = [lambda x: x, jax.grad(log_prob), lambda x: climb_for(log_prob, 2, x)]
    return jax.lax.switch(limit, branches, x)


def scan_of_loops(log_prob, limit, x):
    return jax.lax.scan(lambda x, _: (climb_while(log_prob, limit, x), None), x, None, length=2)[0]


@pytest.mark.parametrize(
    ("climb", "needed", "executed"),
    [
        (climb_while, 11, 28),
        (climb_for, 11, 28),
        (climb_by_jitted_steps, 11, 28),
        (climb_in_rounds, 9 + 49 + 1, 4 * 49),
        (climb_once_if_any, 2, 4),
        (climb_once_with_operands, 2, 4),
        (climb_by_switch, 2 + 2 + 1, 12),
        (scan_of_loops, 22, 56),
    ],
)
def test_a_lane_needs_what_it_would_compute_alone(climb, needed, executed):
    tally = Tally()
    counted, x = (
        count_evaluations(density(), tally),
        jnp.array([[1.0, 2.0], [0.5, 0.1], [-1.0, 3.0], [2.0, 2.0]]),
    )
    expected = jax.vmap(lambda limit, x: climb(density().log_prob, limit, x))(LIMITS, x)
    with tally.lanes.followed():
        climbed = jax.jit(jax.vmap(lambda limit, x: climb(counted.log_prob, limit, x)))(LIMITS, x)
        np.testing.assert_allclose(climbed, expected, rtol=1e-5)
        assert (tally.needed().gradients, tally.executed().gradients) == (needed, executed)
        tally.reset()
        for limit, point in zip(LIMITS, x, strict=True):
            jax.block_until_ready(jax.jit(lambda limit, x: climb(counted.log_prob, limit, x))(limit, point))
    assert tally.needed().gradients == tally.executed().gradients == needed


def test_a_loop_whose_condition_evaluates_the_density():
    """It is evaluated once at the start and once after each step; lanes that wait do not need it."""
    tally = Tally()
    counted = count_evaluations(density(), tally)

    def shrink(x):
        return jax.lax.while_loop(lambda x: counted.log_prob(x) < -1.0, lambda x: x / 2, x)

    x = jnp.array([[0.1, 0.1], [8.0, 0.0], [32.0, 0.0]])  # 0, 3 and 5 steps until |x| is 1
    with tally.lanes.followed():
        jax.block_until_ready(jax.jit(jax.vmap(shrink))(x))
    assert (tally.needed().values, tally.executed().values) == (3 + 8, 3 * 6)


def test_afterwards_jax_is_as_it_was():
    names = ("while_loop", "fori_loop", "cond", "switch")
    before = [getattr(jax.lax, name) for name in names] + [jax.checkpoint]
    with pytest.raises(RuntimeError), Tally().lanes.followed():
        raise RuntimeError
    assert [getattr(jax.lax, name) for name in names] + [jax.checkpoint] == before
