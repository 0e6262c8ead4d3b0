"""Certificates: honest samplers pass every check, and each broken one is caught by the check named for it."""

import json

import arviz as az
import numpy as np
import pytest
from scipy import integrate, stats

from bridgemark.benchmarks.certificates import certify as certificates
from bridgemark.benchmarks.certificates.certify import ABSENT, FAILED, certify, judge
from bridgemark.benchmarks.certificates.checks import CHECKS, EXECUTED, Trial
from bridgemark.benchmarks.certificates.replicates import Replicates, gaussian, skewed
from bridgemark.benchmarks.certificates.statistical_tests import independent, unbiased
from bridgemark.benchmarks.scores.pareto import pareto_k

from support.mutants import HONEST, MUTANTS

UNJUDGED = {
    "importance": {EXECUTED, "honest effective size"},
    "walk": {EXECUTED, "ELBO at most log Z", "ELBO at most log Z, skewed target", "EUBO at least log Z"},
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_samplers_pass_every_check(name, tmp_path):
    """False alarm: less than one in two thousand, and keys are fixed."""
    found = certify(name, HONEST[name], tmp_path)
    unjudged = {each.check for each in found.findings if each.status == ABSENT}
    assert [(each.check, each.reason) for each in found.findings if each.status == FAILED] == []
    assert unjudged == UNJUDGED[name]
    assert found.passed
    assert found.verdict.startswith("certified")


@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_mutant_is_caught_by_name(mutant):
    sampler, check = MUTANTS[mutant]
    assert CHECKS[check](Trial(sampler)) is not None


def test_a_certificate_is_kept_until_the_source_or_the_battery_changes(tmp_path):
    made = []

    def judged():
        made.append(judge(HONEST["importance"], ["repeatable"]))
        return made[-1]

    first = certify("importance", HONEST["importance"], tmp_path, judged)
    assert certify("importance", HONEST["importance"], tmp_path, judged) == first
    assert len(made) == 1
    path = tmp_path / "importance.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"identity": "of another source"}))
    certify("importance", HONEST["importance"], tmp_path, judged)
    assert len(made) == 2


def test_a_check_that_raises_is_a_failed_one_with_its_reason(tmp_path, monkeypatch):
    def broken(trial):
        raise RuntimeError("no memory for this")

    monkeypatch.setattr(certificates, "CHECKS", {"broken": broken})
    found = certify("importance", HONEST["importance"], tmp_path)
    assert not found.passed
    assert found.findings[0].status == FAILED
    assert "no memory for this" in found.findings[0].reason


def exact(bias=0.0, shared=0.0, seed=0):
    """Replicates of unweighted draws of the Gaussian, moved by `bias`, or by `shared` noise a run."""
    noise = np.random.default_rng(seed)
    target = gaussian()
    mean, sd = (getattr(target.statistics[0], name) for name in ("mean", "sd"))
    own, common = noise.standard_normal((24, 512, 1, 4)), noise.standard_normal((24, 1, 1, 4))
    return Replicates(target, mean + bias + sd * own + shared * common, None, None)


def test_checks_have_the_level_and_the_power_they_state():
    """Exact draws of 50 experiments pass; a bias of .05 and a shared noise of .1 do not."""
    honest = [exact(seed=seed) for seed in range(50)]
    assert [check(runs) for runs in honest for check in (unbiased, independent)] == [None] * 100
    assert "E[x_" in unbiased(exact(bias=0.05))
    assert "vary" in independent(exact(shared=0.1))


@pytest.mark.parametrize("exchanged", [False, True])
def test_the_skewed_target_is_what_it_says(exchanged):
    """Its normaliser and moments by quadrature, a coordinate at a time."""
    target, shapes = skewed(2, exchanged), [0.8, 2.5][:: -1 if exchanged else 1]
    laws = [stats.loggamma(shape) for shape in shapes]
    x = np.array([0.3, -0.7])
    expected = 1.7 + sum(law.logpdf(part) for law, part in zip(laws, x, strict=True))
    np.testing.assert_allclose(target.density.log_prob(x.astype(np.float32)), expected, rtol=1e-5)
    for statistic, function in zip(target.statistics, (lambda x: x, np.square, lambda x: x > 0), strict=True):
        for law, mean in zip(laws, statistic.mean, strict=True):
            found, _ = integrate.quad(lambda x: function(x) * law.pdf(x), -60, 6, points=[0.0], limit=200)  # noqa: B023
            np.testing.assert_allclose(found, mean, rtol=1e-6)


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("n", [50, 1_000, 20_000])
def test_pareto_k_equals_arviz(n, spread):
    log_weights = spread * np.random.default_rng(n).standard_normal(n)
    assert pareto_k(log_weights) == pytest.approx(float(az.psislw(log_weights)[1]), abs=1e-9)


def test_pareto_k_at_the_edges():
    assert pareto_k(np.zeros(24)) is None
    assert pareto_k(np.zeros(100)) == -np.inf
    one = np.full(100, -np.inf)
    one[0] = 0.0
    assert pareto_k(one) > 0.7
    tail = stats.genpareto(0.9).rvs(50_000, random_state=1)
    assert pareto_k(np.log(tail)) == pytest.approx(0.9, abs=0.15)
