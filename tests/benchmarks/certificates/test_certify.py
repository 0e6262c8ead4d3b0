"""Certificates of samplers: correct ones pass every check, and every mutant fails the check meant for it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import metadata

import arviz as az
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from bridgemark.benchmarks.certificates.certify import (
    FAILED,
    NOT_JUDGED,
    NOT_REACHED,
    PASSED,
    Certificate,
    Finding,
    Subject,
    certify_now,
    find_valid,
    read,
    read_all,
    require_writable,
    run_check,
    store,
)
from bridgemark.benchmarks.certificates.checks import (
    BATTERY_VERSION,
    CHECKS,
    EXECUTED,
    HALVES,
    SamplerUnderTest,
)
from bridgemark.benchmarks.certificates.closed_form_targets import linear_gaussian, skewed
from bridgemark.benchmarks.certificates.forecast import forecast
from bridgemark.benchmarks.certificates.replicates import Replicates
from bridgemark.benchmarks.certificates.statistical_tests import independent, unbiased
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.results import PUBLISHED, Results, certificates_folder
from bridgemark.benchmarks.scores.pareto import pareto_k

from support.mutants import CORRECT, MUTANTS

# The samplers of `support.mutants` are written as plug-ins are: they leave it to JAX to add axes.
pytestmark = pytest.mark.implicit_broadcasting

VERDICTS = {"importance": "13 passed, 1 does not apply", "walk": "11 passed, 3 do not apply"}
# What a check cannot say of the correct samplers.
EXPECTED_NOT_JUDGED = {
    "importance": {EXECUTED, "effective size not overstated"},
    "walk": {EXECUTED, "ELBO at most log Z", "ELBO at most log Z, skewed target", "EUBO at least log Z"},
}


@pytest.mark.parametrize("name", CORRECT)
def test_correct_samplers_pass_every_check(name):
    """The probability of a false alarm is below one in two thousand, and keys are fixed."""
    subject = SamplerUnderTest(CORRECT[name])
    findings = tuple(run_check(check, partial(CHECKS[check], subject)) for check in CHECKS)
    certificate = Certificate(name, "", "", findings)
    failed = [(finding.check, finding.reason) for finding in certificate.findings if finding.status == FAILED]
    not_judged = {finding.check for finding in certificate.findings if finding.status == NOT_JUDGED}
    assert failed == []
    assert not_judged == EXPECTED_NOT_JUDGED[name]
    assert certificate.passed
    assert certificate.verdict == VERDICTS[name]


@pytest.mark.parametrize(
    ("check", "status", "reason", "words"),
    [
        ("repeatable", PASSED, None, "passed"),
        ("repeatable", FAILED, "other draws", "failed: other draws"),
        ("one dimension", NOT_JUDGED, "two at least", "does not apply: two at least"),
        ("one dimension", NOT_JUDGED, NOT_REACHED, "not reached"),
        (EXECUTED, NOT_JUDGED, "1.79 for each that is counted", "1.79 for each that is counted"),
    ],
)
def test_a_result_is_said_in_words(check, status, reason, words):
    assert Finding(check, status, reason, 1.0).in_words == words


@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_mutant_is_caught_by_its_check(mutant):
    sampler, check = MUTANTS[mutant]
    assert CHECKS[check](SamplerUnderTest(sampler)) is not None


def test_a_certificate_says_what_made_it_and_when(tmp_path):
    """So that a stranger can read it. One from before and one of a later version are read as well."""
    made = certify_now(Subject("mine", "identity", "config"), (Finding("check", PASSED, None, 1.0),))
    assert (made.battery, made.bridgemark) == (BATTERY_VERSION, metadata.version("bridgemark"))
    assert abs(date.fromisoformat(made.made) - datetime.now(UTC).date()) <= timedelta(days=1)
    store(made, Results((tmp_path,)))
    path = tmp_path / "certificates" / "mine.json"
    assert read(path) == made
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"of a later version": 1}))
    assert read(path) == made
    for name in ("battery", "bridgemark", "made"):
        del data[name]
    path.write_text(json.dumps(data))
    assert read(path) == replace(made, battery=None, bridgemark=None, made=None)


def test_every_published_certificate_is_read():
    paths = list(certificates_folder(PUBLISHED).glob("*.json"))
    assert len(paths) == 32
    assert all(read(path).sampler == path.stem for path in paths)


def test_a_certificate_is_valid_until_the_source_or_the_battery_changes(tmp_path):
    results = Results((tmp_path / "published", tmp_path / "local"))
    subject = Subject("mine", "identity", "config")
    certificate = Certificate("mine", "identity", "config", (Finding("check", PASSED, None, 1.0),))
    assert find_valid([subject], results) == {}
    store(certificate, results)
    assert [path.name for path in (tmp_path / "local" / "certificates").iterdir()] == ["mine.json"]
    assert find_valid([subject, replace(subject, name="other")], results) == {"mine": certificate}
    assert find_valid([replace(subject, identity="of another source")], results) == {}
    assert read_all(results) == {"mine": certificate}


def test_where_no_certificate_can_be_written_nothing_is_checked(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot write .*; make room there or give another --results"):
        require_writable(Results((tmp_path / "file",)))


def test_a_check_that_raises_is_a_failed_one_with_its_reason():
    def broken():
        raise RuntimeError("no memory for this")

    finding = run_check("broken", broken)
    assert finding.status == FAILED
    assert finding.reason.startswith("RuntimeError: no memory for this (test_certify.py, line ")


def test_a_sampler_is_expected_to_take_what_its_longer_half_took(tmp_path):
    results = Results((tmp_path,))
    (first, *_), (second, *_) = HALVES
    for name, seconds in (("quick", 2.0), ("slow", 8.0)):
        findings = (Finding(first, PASSED, None, seconds), Finding(second, FAILED, "", seconds / 2))
        store(Certificate(name, "of another source", "", findings), results)
    samplers = [Subject("slow", "", ""), Subject("new", "", "")]
    assert forecast(samplers, results) == [(samplers[0], 8.0), (samplers[1], 5.0)]
    assert forecast(samplers, Results((tmp_path / "empty",))) == [(samplers[0], None), (samplers[1], None)]


def exact(bias=0.0, shared=0.0, seed=0):
    """Replicates of unweighted draws of the Gaussian, moved by `bias`, or by `shared` noise a run."""
    noise = np.random.default_rng(seed)
    target = linear_gaussian()
    mean, sd = target.statistics[0].mean, target.statistics[0].sd
    single, common = noise.standard_normal((24, 512, 1, 4)), noise.standard_normal((24, 1, 1, 4))
    return Replicates(target, mean + bias + sd * single + shared * common, None, None)


def test_checks_have_the_level_and_the_power_they_state():
    """Exact draws of 50 experiments pass; a bias of .05 and a shared noise of .1 do not."""
    for seed in range(50):
        assert unbiased(exact(seed=seed)) is None
        assert independent(exact(seed=seed)) is None
    assert "E[x_" in unbiased(exact(bias=0.05))
    assert "vary" in independent(exact(shared=0.1))


@pytest.mark.parametrize("exchanged", [False, True])
def test_the_skewed_target_has_its_stated_truths(exchanged):
    """Its normaliser and moments by quadrature, a coordinate at a time."""
    target, shapes = skewed(2, exchanged), [0.8, 2.5][:: -1 if exchanged else 1]
    laws = [stats.loggamma(shape) for shape in shapes]
    x = np.array([0.3, -0.7])
    expected = 1.7 + sum(law.logpdf(part) for law, part in zip(laws, x, strict=True))
    np.testing.assert_allclose(target.density.log_prob(jnp.asarray(x, jnp.float32)), expected, rtol=1e-5)
    for statistic, function in zip(target.statistics, (lambda x: x, np.square, lambda x: x > 0), strict=True):
        for law, mean in zip(laws, statistic.mean, strict=True):
            integrand = partial(weighted, function, law)
            integral, _ = integrate.quad(integrand, -60, 6, points=[0.0], limit=200)
            np.testing.assert_allclose(integral, mean, rtol=1e-6)


def weighted(function, law, x):
    return function(x) * law.pdf(x)


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("n", [50, 1_000, 20_000])
def test_pareto_k_equals_arviz(n, spread):
    log_weights = spread * np.random.default_rng(n).standard_normal(n)
    assert pareto_k(log_weights) == pytest.approx(float(az.psislw(log_weights)[1]), abs=1e-9)


def test_pareto_k_at_the_edges():
    assert pareto_k(np.zeros(24)) is None
    assert pareto_k(np.zeros(100)) == -np.inf
    single = np.full(100, -np.inf)
    single[0] = 0.0
    assert pareto_k(single) > 0.7
    tail = stats.genpareto(0.9).rvs(50_000, random_state=1)
    assert pareto_k(np.log(tail)) == pytest.approx(0.9, abs=0.15)
