"""Certificates of targets: an honest one passes, and each broken one is caught by the check named for it."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates.certify import ABSENT, FAILED, PASSED, finding
from bridgemark.benchmarks.certificates.certify_target import CHECKS, certify
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.targets.base import About, Density, Statistic, Target, Truth, gaussian_base

BASE = gaussian_base(np.array([1.0, -2.0]), np.array([1.0, 2.0]))
HONEST = Target(
    name="honest",
    version=1,
    density=Density(dim=2, log_prob=BASE.log_prob, base=BASE),
    about=About("", "N((1, -2), diag(1, 4))"),
    log_z=Truth(0.0, 0.0, "normalised"),
    sample=BASE.sample,
    statistics=(Statistic("x", lambda x: x, np.array([1.0, -2.0]), np.array([1.0, 2.0]), np.zeros(2)),),
)


def kinked(x):
    return BASE.log_prob(x) - 0.5 * jnp.abs(x[0] - jnp.round(x[0] * 1e4) / 1e4) * 1e4


@jax.custom_jvp
def wrong_rule(x):
    return BASE.log_prob(x)


@wrong_rule.defjvp
def _(primals, tangents):
    value, change = jax.jvp(BASE.log_prob, primals, tangents)
    return value, 1.001 * change


def separable(prior):
    """Logistic regression on four points that a line parts, with a Gaussian prior of this precision."""
    signed = np.array([[1.0, 0.5], [1.0, 2.0], [0.3, 1.0], [0.1, 0.2]])

    def log_prob(x):
        likelihood = -jnp.sum(jnp.logaddexp(0.0, -signed.astype(x.dtype) @ x))
        return likelihood - 0.5 * prior * jnp.sum(x**2)

    return replace(HONEST, density=replace(HONEST.density, log_prob=log_prob), sample=None, statistics=())


def free_pair(x):
    """Two particles on the line that know only their distance."""
    return -((x[0] - x[1]) ** 2)


def batched(x):
    """Right for a point and not for several: it sums over whatever it is given."""
    return jnp.sum(x, keepdims=True)


def shifted(**changes):
    (stated,) = HONEST.statistics
    return replace(HONEST, statistics=(replace(stated, **changes),))


GRADIENT, BATCH, PROPER, STEIN, STATED = CHECKS
BROKEN = {
    "wrong derivative": (replace(HONEST, density=replace(HONEST.density, log_prob=wrong_rule)), GRADIENT),
    "discontinuous gradient": (replace(HONEST, density=replace(HONEST.density, log_prob=kinked)), GRADIENT),
    "a vector for a number": (replace(HONEST, density=replace(HONEST.density, log_prob=batched)), BATCH),
    "separable without a prior": (separable(prior=0.0), PROPER),
    "free centre of mass": (
        replace(HONEST, density=replace(HONEST.density, log_prob=free_pair), sample=None),
        PROPER,
    ),
    "tail of 1 / r": (
        replace(HONEST, density=replace(HONEST.density, log_prob=lambda x: -0.5 * jnp.log1p(jnp.sum(x**2)))),
        PROPER,
    ),
    "another law's draws": (replace(HONEST, sample=lambda key, n: 1.05 * BASE.sample(key, n)), STEIN),
    "wrong mean": (shifted(mean=np.array([1.0, -1.9])), STATED),
    "wrong sd": (shifted(sd=np.array([1.1, 2.0])), STATED),
}


def judged(target, check):
    with jax.enable_x64(True):
        return finding(check, lambda: CHECKS[check](target))


def test_an_honest_target_passes_every_check():
    """False alarm: about 1e-5 a check, and keys are fixed."""
    made = certify(HONEST)
    assert [(each.check, each.reason) for each in made.findings if each.status != PASSED] == []
    assert made.verdict == "certified (5 of 5)"
    assert len(made.identity) == 16


@pytest.mark.parametrize("name", BROKEN)
def test_every_broken_target_is_caught_by_name(name):
    target, check = BROKEN[name]
    found = judged(target, check)
    assert found.status == FAILED
    assert found.reason


def test_a_prior_makes_the_separable_regression_proper():
    assert judged(separable(prior=0.01), PROPER).status == PASSED


def test_what_is_not_known_is_not_judged():
    bare = replace(HONEST, sample=None, statistics=())
    assert judged(bare, STEIN).status == judged(bare, STATED).status == ABSENT
    with pytest.raises(NotJudged, match="first moment"):
        CHECKS[STEIN](replace(HONEST, about=About("", "", finite_moment=0.9)))


@pytest.mark.parametrize("name", ["mos10-2", "dw4-8", "eight-schools-10"])
def test_registered_targets_are_proper(name):
    assert judged(registry.targets()[name](), PROPER).status == PASSED
