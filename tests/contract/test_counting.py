"""Costs are what samplers declare; here a target that counts its own evaluations checks every declaration."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.certificates.counting import Tally, count_evaluations
from bridgemark.benchmarks.rows.cost import Cost, total
from bridgemark.benchmarks.sweep.phases import with_exact_draws
from bridgemark.samplers.base import Limits
from bridgemark.samplers.pathspace.losses import LogVariance, ReverseKL
from bridgemark.targets.base import About, Joint, gaussian_base
from bridgemark.targets.posteriors import PosteriorFamily, PosteriorTruths

from support.sampler_runs import ONE_OF_EACH_CLASS, marked, small_sampler

# One chain: under vmap a finished chain of NUTS goes on being evaluated until the others have finished.
TINY = Limits(
    chains=1, warm_up=30, runs=1, particles=6, pilot=8, steps=3, updates=4, batch=5, temperatures=30
)
POINT = jnp.array([0.3, -0.2, 1.0])


def curved():
    """A posterior near a Gaussian, but with a Hessian that moves, and a joint for those who need one."""

    def centre(x):
        return x + 0.1 * x**2

    joint = Joint(
        dim=3,
        dim_y=3,
        prior=gaussian_base(np.zeros(3), np.ones(3)),
        simulate=lambda key, x: centre(x) + jax.random.normal(key, (3,)),
        log_likelihood=lambda x, y: -0.5 * jnp.sum((y - centre(x)) ** 2),
    )
    family = PosteriorFamily("curved", joint, lambda name, y: PosteriorTruths(), {}, About("", ""))
    target = family.condition(np.array([0.5, 1.0, -0.5]))
    return replace(target, name="curved", sample=joint.prior.sample)  # for the count of drawing alone


def counted_by_tally(compute):
    """(values, gradients) that `compute(log_prob)` costs; its result must be the uncounted one's."""
    tally, target = Tally(), curved()
    counted = jax.block_until_ready(compute(count_evaluations(target.density, tally).log_prob))
    np.testing.assert_allclose(counted, compute(target.density.log_prob), rtol=1e-5, atol=1e-6)
    return tally.executed().values, tally.executed().gradients


def after_steps(log_prob, step=lambda step: step):
    """log_prob after seven steps along its gradient."""
    moved = step(lambda x, _: (x + 0.1 * jax.grad(log_prob)(x), None))
    return lambda x: log_prob(jax.lax.scan(moved, x, None, length=7)[0])


@pytest.mark.parametrize(
    ("expected", "transform"),
    [
        ((1, 0), lambda f: f),
        ((0, 1), jax.grad),
        ((0, 2), lambda f: lambda x: jax.jvp(jax.grad(f), (x,), (x,))[1]),
        ((0, 2), lambda f: jax.grad(lambda x: jnp.sum(jax.grad(f)(x) ** 2))),
        ((0, 4), jax.hessian),  # a gradient and three products, forward or in reverse
        ((0, 4), lambda f: jax.jacrev(jax.jacrev(f))),
        ((1, 7), after_steps),
        ((0, 15), lambda f: jax.grad(after_steps(f))),  # a gradient and a product a step, one at the end
        ((0, 22), lambda f: jax.grad(after_steps(f, jax.checkpoint))),  # each step's gradient again
    ],
)
def test_the_counter_counts_under_every_transformation(expected, transform):
    points = jnp.stack([POINT, -POINT, 0.5 * POINT])
    assert counted_by_tally(lambda f: transform(f)(POINT)) == expected
    assert counted_by_tally(lambda f: jax.jit(transform(f))(POINT)) == expected
    lanes = tuple(3 * count for count in expected)
    assert counted_by_tally(lambda f: jax.jit(jax.vmap(transform(f)))(points)) == lanes


@pytest.mark.parametrize(
    ("expected", "transform"),
    [
        ((6, 0), lambda f: lambda x: jax.lax.map(f, x.reshape(6, 3))),
        ((6, 0), lambda f: lambda x: jax.lax.map(f, x.reshape(6, 3), batch_size=4)),
        ((6, 0), lambda f: jax.vmap(jax.vmap(f))),
        ((6, 0), lambda f: lambda x: jax.vmap(jax.vmap(f, in_axes=1), in_axes=2)(x.transpose(2, 1, 0))),
        ((0, 6), lambda f: jax.grad(lambda x: jnp.sum(jax.vmap(jax.vmap(f))(x)))),
        ((0, 12), lambda f: lambda x: jax.jvp(jax.vmap(jax.vmap(jax.grad(f))), (x,), (x,))[1]),
    ],
)
def test_the_counter_counts_batches_of_batches(expected, transform):
    """Of 2 x 3 points."""
    points = jnp.stack([jnp.stack([POINT, -POINT, 0.5 * POINT])] * 2)
    assert counted_by_tally(lambda f: transform(f)(points)) == expected
    assert counted_by_tally(lambda f: jax.jit(transform(f))(points)) == expected


def test_evaluations_whose_results_are_not_used_are_counted():
    def step_aside(log_prob):
        def step(x, _):
            log_prob(x), jax.grad(log_prob)(x + 1)
            return x + 1, None

        return jax.jit(lambda x: jax.lax.scan(step, x, None, length=7)[0])(POINT)

    assert counted_by_tally(step_aside) == (7, 7)


def test_the_host_is_called_once_for_a_batch(monkeypatch):
    calls, add = [], Tally.add

    def noted(tally, kind, needed):
        calls.append(needed.size)
        add(tally, kind, needed)

    monkeypatch.setattr(Tally, "add", noted)
    points = jnp.stack([POINT] * 50)
    assert counted_by_tally(lambda f: jax.jit(jax.vmap(after_steps(f)))(points)) == (50, 350)
    assert calls == [50] * 8


def test_the_counter_counts_lanes_inside_a_gradient():
    points = jnp.stack([POINT, -POINT, 0.5 * POINT])

    def slopes(log_prob):
        return jax.jit(jax.grad(lambda x: jnp.sum(jax.vmap(after_steps(log_prob))(x))))(points)

    assert counted_by_tally(slopes) == (0, 45)


@pytest.mark.parametrize("axes", [(None, None), (0, None), (None, 0), (0, 0)])
@pytest.mark.parametrize("compiled", [lambda function: function, jax.jit])
def test_the_counter_counts_simulations(axes, compiled):
    tally, target = Tally(), curved()
    key, lanes = jax.random.key(0), 5 if 0 in axes else 1
    keys = key if axes[0] is None else jax.random.split(key, 5)
    points = POINT if axes[1] is None else jnp.stack([POINT + step for step in range(5)])

    def batched(simulate):
        return compiled(jax.vmap(simulate, axes) if lanes == 5 else simulate)

    counted = jax.block_until_ready(
        batched(count_evaluations(target.density, tally).joint.simulate)(keys, points)
    )
    assert tally.executed() == Cost(values=0, gradients=0, simulations=lanes)
    np.testing.assert_allclose(counted, batched(target.density.joint.simulate)(keys, points), rtol=1e-6)


def test_the_counter_counts_simulations_inside_a_scan():
    tally, target = Tally(), curved()
    simulate = jax.vmap(count_evaluations(target.density, tally).joint.simulate)

    def step(x, key):
        return simulate(jax.random.split(key, 4), x), None

    keys = jax.random.split(jax.random.key(0), 7)
    jax.block_until_ready(jax.jit(lambda: jax.lax.scan(step, jnp.zeros((4, 3)), keys))())
    assert tally.executed().simulations == 28


# Whichever loss the pilot chooses, both are counted.
LOSSES = [{"loss": loss, "loss_one_basin": loss} for loss in (ReverseKL(), LogVariance())]
CASES = [marked(name, {}) for name in ONE_OF_EACH_CLASS] + [("dds", losses) for losses in LOSSES]
CASES += [(name, {"use_score": False}) for name in ("adjoint", "asbs")]


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
def test_samplers_spend_what_they_declare(name, settings):
    """What their lanes need: nested sampling moves several points, which wait for the last of them."""
    tally = Tally()
    density = count_evaluations(curved().density, tally)
    sampler = with_exact_draws(replace(small_sampler(name, TINY), **settings), curved().sample)

    with tally.lanes.followed():  # also without `jax.checkpoint`: recomputing is not an evaluation
        fit = jax.block_until_ready(jax.jit(lambda key: sampler.fit(key, density))(jax.random.key(1)))
        assert total(fit.evals) == tally.needed()
        tally.reset()
        sample = jax.jit(lambda key, state: sampler.sample(key, density, state, 10))
        _, draws = jax.block_until_ready(sample(jax.random.key(2), fit.state))
    assert total(draws.evals) == tally.needed()
