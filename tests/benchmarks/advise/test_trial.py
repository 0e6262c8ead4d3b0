"""The models of the trial are models, the same for the same seed, and the shares are counted by kind."""

import jax
import numpy as np
import pytest

from bridgemark.benchmarks.advise.trial import plan, read, shares
from bridgemark.benchmarks.advise.trial_models import EASY, TRAPS
from bridgemark.benchmarks.advise.trial_run import density_of, is_right

from support.family_draws import chains

KINDS = TRAPS | EASY


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_a_density(name):
    kind = KINDS[name]
    models = [kind.draw(np.random.default_rng(seed), kind.dim) for seed in (3, 3, 4)]
    assert np.isfinite(float(kind.density(models[0])(np.full(kind.dim, 0.1))))
    first, second, third = (np.hstack([np.ravel(value) for value in model.values()]) for model in models)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_the_base_of_a_model_is_the_gaussian_of_its_numbers():
    kind = EASY["poisson"]
    model = kind.draw(np.random.default_rng(0), kind.dim)
    scale = np.tril(np.random.default_rng(1).standard_normal((4, 4))) + 3 * np.eye(4)
    base = density_of(kind, {"model": model, "loc": np.ones(4), "scale": scale}).base
    x = np.asarray(base.sample(jax.random.key(0), 4_000), float)
    # The errors of means and covariances of 4,000 draws are below 0.2; these limits are five times that.
    np.testing.assert_allclose(x.mean(axis=0), 1.0, atol=0.4)
    np.testing.assert_allclose(np.cov(x.T), scale @ scale.T, atol=2.0)
    z = np.linalg.solve(scale, x[0] - 1)
    expected = -0.5 * z @ z - 2 * np.log(2 * np.pi) - np.log(np.diag(scale)).sum()
    assert float(base.log_prob(x[0])) == pytest.approx(expected, rel=1e-4)


def test_the_means_of_two_modes_are_judged():
    """Draws of both modes in the true shares are right, and those of one mode alone are not."""
    kind, rng = TRAPS["two far modes"], np.random.default_rng(0)
    model = kind.draw(rng, kind.dim)
    share = 1 / (1 + np.exp(-model["log_odds"]))
    is_second = rng.random((4, 1_000, 1)) < share
    noise = rng.standard_normal((4, 1_000, kind.dim))
    both = np.where(is_second, model["second"] + model["scale"] * noise, noise)
    # One mean in 16,000 is off by four standard errors.
    assert is_right(kind, model, chains(kind.density(model), both))
    assert not is_right(kind, model, chains(kind.density(model), noise))
    assert not is_right(TRAPS["funnel"], {"sd": 3.0}, chains(kind.density(model), noise))


def test_the_kinds_take_turns():
    assert plan(("a", "b"), 3, 7) == [("a", 7), ("b", 7), ("a", 8)]


def test_wrong_answers_are_counted(tmp_path):
    assert list(read(tmp_path / "absent.jsonl")) == []
    answers = {"funnel": [True, False], "jump": [False], "gaussian": [True, True, False]}
    stored = [
        {"kind": kind, "trusted": trusted, "right": False}
        for kind, all_ in answers.items()
        for trusted in all_
    ]
    stored.append({"kind": "jump", "trusted": True, "right": True})
    lines = shares(stored, ("funnel", "jump"), ("gaussian",))
    assert lines[0].startswith("traps that were trusted, but not right: 1 of 4 (")
    assert [line.split(":")[0].strip() for line in lines[1:3]] == ["funnel", "jump"]
    assert lines[3].startswith("easy posteriors that were not trusted: 1 of 3 (")
