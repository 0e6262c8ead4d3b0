"""Certificates of targets: a correct one passes, and each broken one is caught by the check meant for it."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates.certify import FAILED, NOT_JUDGED, PASSED, Certificate, run_check
from bridgemark.benchmarks.certificates.certify_target import CHECKS
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.targets.base import About, Density, Statistic, Target, Truth, gaussian_base

from support.small_targets import with_log_prob

BASE = gaussian_base(np.array([1.0, -2.0]), np.array([1.0, 2.0]))
CORRECT = Target(
    name="correct",
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

    return replace(with_log_prob(CORRECT, log_prob), sample=None, statistics=())


def heavy_tailed(x):
    return -0.5 * jnp.log1p(jnp.sum(x**2))


def free_pair(x):
    """Two particles on a line, of which only the distance matters."""
    return -((x[0] - x[1]) ** 2)


def batched(x):
    """Right for one point only: for several it sums over all of them."""
    return jnp.sum(x, keepdims=True)


def shifted(**changes):
    (stated,) = CORRECT.statistics
    return replace(CORRECT, statistics=(replace(stated, **changes),))


GRADIENT, BATCH, PROPER, STEIN, STATED = CHECKS
BROKEN = {
    "wrong derivative": (with_log_prob(CORRECT, wrong_rule), GRADIENT),
    "discontinuous gradient": (with_log_prob(CORRECT, kinked), GRADIENT),
    "a vector for a number": (with_log_prob(CORRECT, batched), BATCH),
    "separable without a prior": (separable(prior=0.0), PROPER),
    "free centre of mass": (replace(with_log_prob(CORRECT, free_pair), sample=None), PROPER),
    "tail of 1 / r": (with_log_prob(CORRECT, heavy_tailed), PROPER),
    "draws of another scale": (replace(CORRECT, sample=lambda key, n: 1.05 * BASE.sample(key, n)), STEIN),
    "wrong mean": (shifted(mean=np.array([1.0, -1.9])), STATED),
    "wrong sd": (shifted(sd=np.array([1.1, 2.0])), STATED),
}


def judged(target, check):
    with jax.enable_x64(True):
        return run_check(check, lambda: CHECKS[check](target))


def test_a_correct_target_passes_every_check():
    """The probability of a false alarm is about 1e-5 per check, and keys are fixed."""
    findings = tuple(judged(CORRECT, check) for check in CHECKS)
    assert [finding for finding in findings if finding.status != PASSED] == []
    assert Certificate("correct", "", "", findings).verdict == "5 passed"


@pytest.mark.parametrize("name", BROKEN)
def test_every_broken_target_is_caught_by_its_check(name):
    target, check = BROKEN[name]
    finding = judged(target, check)
    assert finding.status == FAILED
    assert finding.reason


def test_a_prior_makes_the_separable_regression_proper():
    assert judged(separable(prior=0.01), PROPER).status == PASSED


def test_unknown_truths_are_not_judged():
    bare = replace(CORRECT, sample=None, statistics=())
    assert judged(bare, STEIN).status == judged(bare, STATED).status == NOT_JUDGED
    with pytest.raises(NotJudged, match="first moment"):
        CHECKS[STEIN](replace(CORRECT, about=About("", "", finite_moment=0.9)))


@pytest.mark.parametrize("name", ["mos10-2", "dw4-8", "eight-schools-10"])
def test_registered_targets_are_proper(name):
    assert judged(registry.targets()[name](), PROPER).status == PASSED
