"""Certificates of samplers: correct ones pass every check, and every mutant fails the check meant for it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import metadata

import arviz as az
import numpy as np
import pytest
from scipy import stats

from bridgemark.benchmarks.certificates.certify import (
    FAILED,
    NOT_JUDGED,
    NOT_REACHED,
    PASSED,
    Certificate,
    Finding,
    Subject,
    certify_now,
    exam_seed,
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
    DECISIVE,
    EXECUTED,
    HALVES,
    MEASURES,
)
from bridgemark.benchmarks.certificates.forecast import forecast
from bridgemark.benchmarks.certificates.sampler_under_test import SamplerUnderTest
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.results import PUBLISHED, Results, certificates_folder
from bridgemark.benchmarks.scores.pareto import pareto_k

from support.cheats import CHEATS
from support.mutants import CORRECT, MUTANTS
from support.unusual_samplers import UNUSUAL

# The samplers of `support.mutants` are written as plug-ins are: they leave it to JAX to add axes.
pytestmark = pytest.mark.implicit_broadcasting

EFFORT = 0.1  # the share of the time for drawing that a test takes
# What does not apply to the correct samplers, and what may not be decided in the time.
DOES_NOT_APPLY = {
    "importance": {"effective size not overstated"},
    "walk": {"ELBO at most log Z", "ELBO at most log Z, mixed target", "EUBO at least log Z"},
}
MAY_BE_UNDECIDED = {
    "importance": {"unbiased in many dimensions", "unbiased on a mixed target"},
    "walk": {"independent chains", "unbiased in many dimensions"},
}


def marked(names, slow):
    """Names as parameters; those in `slow` take a minute each."""
    return [pytest.param(name, marks=pytest.mark.slow if name in slow else ()) for name in names]


@pytest.mark.parametrize("name", marked(CORRECT, slow={"walk"}))
def test_correct_samplers_pass_every_check(name):
    """The probability of a false alarm is below a hundredth, and keys are fixed."""
    certificate = examine(name, CORRECT[name], EFFORT)
    not_judged = {finding.check for finding in certificate.findings if not finding.is_applicable}
    assert failures(certificate) == []
    assert DOES_NOT_APPLY[name] <= not_judged <= DOES_NOT_APPLY[name] | MAY_BE_UNDECIDED[name]
    assert certificate.passed
    count = len(not_judged)
    verb = "does" if count == 1 else "do"
    passed = len(CHECKS) - len(MEASURES) - count
    assert certificate.verdict == f"{passed} passed, {count} {verb} not apply"


@pytest.mark.slow
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_correct_samplers_fail_no_check(name):
    """The probability of a false alarm is below a hundredth for each, and keys are fixed."""
    assert failures(examine(name, UNUSUAL[name], 0.3)) == []


def examine(name, sampler, effort):
    subject = SamplerUnderTest(sampler, effort=effort)
    findings = tuple(run_check(check, partial(CHECKS[check], subject)) for check in CHECKS)
    return Certificate(name, "", "", findings)


def failures(certificate):
    return [(finding.check, finding.reason) for finding in certificate.findings if finding.status == FAILED]


@pytest.mark.parametrize(
    ("check", "status", "reason", "words"),
    [
        ("repeatable", PASSED, None, "passed"),
        ("repeatable", FAILED, "other draws", "failed: other draws"),
        ("unbiased in one dimension", NOT_JUDGED, "two at least", "does not apply: two at least"),
        ("unbiased in one dimension", NOT_JUDGED, NOT_REACHED, "not reached"),
        (MEASURES[0], NOT_JUDGED, "a bias of 0.01 sd would be seen", "a bias of 0.01 sd would be seen"),
        (EXECUTED, NOT_JUDGED, "1.79 for each that is counted", "1.79 for each that is counted"),
    ],
)
def test_a_result_is_said_in_words(check, status, reason, words):
    assert Finding(check, status, reason, 1.0).in_words == words


def test_weights_too_heavy_to_be_judged_certify_nothing():
    """Noise of mean one makes any weights as heavy, and would hide a bias."""
    judged = Finding("repeatable", PASSED, None, 1.0)
    undecided = Finding(DECISIVE, NOT_JUDGED, "the weights' tail is too heavy", 1.0)
    certificate = Certificate("mine", "", "", (undecided, judged))
    assert not certificate.passed
    assert certificate.verdict == f"not judged: {DECISIVE}"
    assert Certificate("mine", "", "", (replace(undecided, status=PASSED), judged)).passed


@pytest.mark.parametrize("mutant", marked(MUTANTS | CHEATS, slow={"shared starts", "autocorrelation hidden"}))
def test_every_false_sampler_is_caught_by_its_check(mutant):
    sampler, check = (MUTANTS | CHEATS)[mutant]
    assert CHECKS[check](SamplerUnderTest(sampler)) is not None


def test_the_exam_follows_from_the_identity():
    assert exam_seed("63d78f930f9d0e7c1c3f") == 0x63D78F9
    assert 0 <= exam_seed("f" * 20) < 2**30


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
