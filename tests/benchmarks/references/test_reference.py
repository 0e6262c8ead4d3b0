"""`bridgemark reference`: small references against closed forms, and what is refused."""

import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.references import estimators, log_z, reference
from bridgemark.benchmarks.references.estimators import Effort
from bridgemark.benchmarks.references.log_z import reconcile
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.parallel_tempering import ParallelTempering
from bridgemark.samplers.smc import SMC
from bridgemark.targets import stored
from bridgemark.targets.base import About, Density, Target, gaussian_base

from support.project import TOYS

MEAN, SD, LOG_Z = np.array([1.0, -2.0]), np.array([0.5, 2.0]), 3.0  # of the toy Gaussian
LIMIT = 5.0  # standard errors: a normal variable exceeds them with probability 6e-7


def small(dim):
    """A short run of every method: all of them are run, because none reaches the error that is asked for."""
    smc = SMC(runs=8, fit_particles=200, ess_fraction=0.9)
    dds = DDS(steps=8, updates=200, pilot=0)
    tempering = ParallelTempering(runs=8, warm_up=200, temperatures=8)
    nuts = NUTS(chains=4, warm_up=300)
    return Effort(
        error=1e-9,
        schedules=2,
        particles=200,
        smc=smc,
        draws=16_000,
        nuts=nuts,
        dds=dds,
        weighted_draws=2_000,
        batches=2,
        tempering=tempering,
        iterations=1_000,
        rounds=1,
    )


@pytest.fixture
def unknown(monkeypatch):
    """The toy Gaussian as if its truth were not known."""
    build = reference.registry.build
    monkeypatch.setattr(reference.registry, "build", lambda *names: replace(build(*names), log_z=None))


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(reference, "effort", small)


def made_in(folder):
    return json.loads(reference.make("toy-gaussian", folder, lambda line: None, (TOYS,)).read_text())


def assert_log_z(methods, exact):
    # A dozen comparisons in all. Of eight runs of parallel tempering the error itself is uncertain: by
    # Student's law a false alarm of 2e-3; the key is fixed.
    for method in methods:
        assert 0 < method["standard_error"] < 0.1
        # Rounded to four digits: the bridge between two Gaussians errs by no more.
        assert abs(method["value"] - exact) < LIMIT * method["standard_error"] + 5e-5


def test_a_made_truth_is_the_closed_form(monkeypatch, tmp_path, unknown, quick):
    monkeypatch.delitem(log_z.METHODS, "parallel-tempering")  # the next test has it
    made = made_in(tmp_path)
    command = "bridgemark reference toy-gaussian --plugin toys.py"
    assert made["command"] == command
    assert made["agree"] is True
    methods = made["log_z"]["methods"]
    assert list(methods) == ["smc", "bridge", "dds", "near-smc"]
    assert len(methods["smc"]["runs"]) == 16
    assert_log_z(methods.values(), LOG_Z)
    best = min(methods.values(), key=lambda method: method["standard_error"])
    assert [made["log_z"][key] for key in ("value", "standard_error")] == [
        best["value"],
        best["standard_error"],
    ]
    assert made["log_z"]["recipe"] == f"{command}: {best['recipe']}"
    reshuffled = methods["bridge"]["reshuffled"]
    assert abs(reshuffled["value"] - LOG_Z) < LIMIT * reshuffled["standard_error"] + 5e-5
    assert methods["bridge"]["pareto_k"] < 0.7
    for name, mean in (("x", MEAN), ("x2", MEAN**2 + SD**2)):
        moments = made["statistics"][name]
        assert np.all(np.abs(moments["mean"] - mean) < LIMIT * np.array(moments["standard_error"]))
    np.testing.assert_allclose(made["statistics"]["x"]["sd"], SD, rtol=0.05)


def two_modes():
    """e^LOG_Z / 2 times N(4, 0.5^2 I) + N(-4, 0.5^2 I): too far apart for a chain to cross."""
    left, right = (gaussian_base(np.full(2, centre), np.full(2, 0.5)) for centre in (-4.0, 4.0))
    return Target(
        name="toy-gaussian",
        version=1,
        density=Density(
            dim=2,
            log_prob=lambda x: LOG_Z - np.log(2) + jnp.logaddexp(left.log_prob(x), right.log_prob(x)),
            base=gaussian_base(np.zeros(2), np.full(2, 3.0)),
        ),
        about=About(source="tests", definition="two Gaussians"),
        statistics=stored.statistics("toy-gaussian", {"size": lambda x: jnp.abs(x)[:1]}),
    )


def test_symmetric_modes_need_functions_that_are_the_same_in_both(monkeypatch, tmp_path, quick):
    monkeypatch.setattr(reference.registry, "build", lambda *names: two_modes())
    made = made_in(tmp_path)
    methods = made["log_z"]["methods"]
    assert all("disagree about x" in methods[name]["refused"] for name in ("bridge", "dds", "near-smc"))
    assert made["agree"] is True
    assert_log_z([methods["smc"], methods["parallel-tempering"]], LOG_Z)
    assert list(made["statistics"]) == ["size"]
    (mean,), (error,) = (made["statistics"]["size"][part] for part in ("mean", "standard_error"))
    assert abs(mean - 4.0) < LIMIT * error < 0.1


def estimates(gap, refused=False, error=0.04):
    smc = {"value": 1.0, "standard_error": error, "recipe": "smc", "runs": [1.0]}
    bridge = {"value": 1.0 + gap, "standard_error": 0.03, "recipe": "bridge"}
    return {"smc": smc, "bridge": {"refused": "too few draws"} if refused else bridge}


def test_the_more_precise_estimate_is_taken_and_three_errors_apart_two_disagree():
    for gap, agree in ((0.149, True), (-0.149, True), (0.151, False), (np.nan, False)):  # of errors 0.05
        best, agreed = reconcile(estimates(gap))
        assert agreed is agree
        assert best["recipe"] == "bridge"
    # A vague estimate confirms nothing, and does not count where two others agree.
    vague = estimates(1.0, error=0.6)
    assert reconcile(vague)[1] is False
    for gap, agree in ((0.149, True), (0.151, False)):
        third = {"value": 2.0 + gap, "standard_error": 0.04, "recipe": "dds"}
        assert reconcile(vague | {"dds": third})[1] is agree
    best, agreed = reconcile(estimates(0.0, refused=True))
    assert (best, agreed) == ({"value": 1.0, "standard_error": 0.04, "recipe": "smc"}, None)


def test_methods_are_run_until_two_are_precise_and_the_best_is_as_wanted(monkeypatch):
    vague, fair, good = ({"value": 0.0, "standard_error": error} for error in (0.5, 0.05, 0.015))

    def refuse():
        raise estimators.Refused("no")

    def methods_run(*results):
        methods = {str(i): lambda *_, result=result: result or refuse() for i, result in enumerate(results)}
        monkeypatch.setattr(log_z, "METHODS", methods)
        effort = small(2)._replace(error=0.02)
        return len(log_z.estimate_log_z(two_modes(), effort, np.zeros((1, 4, 2)), lambda line: None))

    assert methods_run(fair, good, fair) == 2
    assert methods_run(vague, good, None, fair, fair) == 4
    assert methods_run(fair, fair, good, fair) == 3
    assert methods_run(good, None, None) == 3
    with pytest.raises(BadInput, match="no method"):
        methods_run(None, None)


def test_the_reason_is_given_for_a_refused_name(tmp_path):
    with pytest.raises(BadInput, match=r"cancer-31-flat.*integral is infinite; take cancer-31-n10"):
        reference.make("cancer-31-flat", tmp_path)


def chains(apart):
    """Draws of the toy Gaussian; each chain is moved on by `apart` standard deviations."""
    noise = np.random.default_rng(0).standard_normal((4, 2_000, 2))
    return MEAN + SD * (noise + apart * np.arange(4)[:, None, None])


def test_moments_come_from_parallel_tempering_where_chains_of_nuts_disagree(
    monkeypatch, tmp_path, unknown, quick
):
    drawn = {"NUTS": chains(apart=1), "ParallelTempering": chains(apart=0)}
    monkeypatch.setattr(reference, "run_chains", lambda density, sampler, n: drawn[type(sampler).__name__])
    monkeypatch.setattr(log_z, "METHODS", {"bridge": estimators.by_bridge})
    made = made_in(tmp_path)
    assert (made["chains"]["method"], made["agree"]) == ("parallel tempering", None)
    np.testing.assert_allclose(made["statistics"]["x"]["mean"], MEAN, atol=0.1)


def test_chains_that_disagree_write_nothing(monkeypatch, tmp_path, unknown, quick):
    monkeypatch.setattr(reference, "run_chains", lambda *_: chains(apart=1))
    reason = (
        r"the chains on toy-gaussian have not converged, so nothing was stored: R-hat is "
        r"\d\.\d+ for x\d? by NUTS and \d\.\d+ for x\d? by parallel tempering, and must be at most 1\.01\. "
        "Give the target a base"
    )
    with pytest.raises(BadInput, match=reason):
        made_in(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "source"), [("gmm9", "comes from"), ("lgcp-256-white", "lgcp-256:")])
def test_a_truth_of_another_source_is_not_made_again(tmp_path, name, source):
    with pytest.raises(BadInput, match=source):
        reference.make(name, tmp_path)


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path, unknown):
    with pytest.raises(BadInput, match="cannot be written"):
        reference.make("toy-gaussian", tmp_path / "absent", plugins=(TOYS,))
