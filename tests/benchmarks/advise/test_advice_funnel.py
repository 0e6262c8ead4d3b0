"""A scale that changes with a coordinate is seen, and named in the verdict; elsewhere there is none."""

import jax.numpy as jnp
import numpy as np

from bridgemark.benchmarks.advise.family_evidence import weigh
from bridgemark.benchmarks.advise.funnel import scale_dependence
from bridgemark.benchmarks.advise.verdict import judge

from support.family_draws import chains, four_families, pilot, unit_mode


def log_funnel(x):
    return -(x[0] ** 2) / 18 - 0.5 * jnp.sum(x[1:] ** 2) * jnp.exp(-x[0]) - 0.5 * (len(x) - 1) * x[0]


def draw_funnel(rng, n):
    neck = 3 * rng.standard_normal((n, 1))
    return np.concatenate([neck, np.exp(neck / 2) * rng.standard_normal((n, 2))], axis=1)


def test_the_neck_of_a_funnel_is_seen():
    x = draw_funnel(np.random.default_rng(0), 4_000).reshape(4, 1_000, 3)
    seen = scale_dependence(chains(log_funnel, x))
    assert (seen.along, seen.narrow > 0) == (0, True)
    # log |g| = -x_0 / 2 + log |N(0, 1)|, whose standard deviations are 1.5 and 1.11.
    assert abs(seen.correlation + 1.5 / np.hypot(1.5, 1.11)) < 0.05


def test_correlated_coordinates_are_no_funnel():
    factor = np.array([[1.0, 0.0], [0.99, 0.1]])
    inverse = np.linalg.inv(factor)
    x = np.random.default_rng(0).standard_normal((4, 1_000, 2)) @ factor.T
    assert scale_dependence(chains(lambda x: -0.5 * jnp.sum((inverse @ x) ** 2), x)) is None
    assert scale_dependence(chains(lambda x: -0.5 * jnp.sum(x**2), np.zeros((4, 10, 2)))) is None


def test_the_verdict_on_chains_that_diverge_in_a_funnel_says_so_first():
    families = four_families(log_funnel, draw_funnel)
    families["nuts"] = families["nuts"]._replace(divergences=100)
    evidence = {name: weigh(family) for name, family in families.items()}
    verdict = judge(pilot(unit_mode(np.zeros(3)), dim=3), evidence, {}, ("log_tau", "theta[0]", "theta[1]"))
    assert verdict.reasons[0].startswith("a funnel: the scale of theta[")
    assert "changes with log_tau" in verdict.reasons[0]
    assert "not centred" in verdict.next_steps[0]
