"""Draws as the user's parameters: chains stay apart, weights are kept or resampled, any name is stored."""

import numpy as np
import pytest

from bridgemark.benchmarks.adapters.from_jax import from_jax
from bridgemark.benchmarks.adapters.supports import Positive, Real
from bridgemark.benchmarks.advise import named_draws
from bridgemark.benchmarks.advise.named_draws import NamedDraws, name_draws, resampled
from bridgemark.benchmarks.scores.host_draws import HostDraws


@pytest.fixture
def model():
    parameters = {"scale": Positive(), "file": Real((2,))}
    return from_jax(lambda values: -(values["file"] ** 2).sum() - values["scale"], parameters=parameters)


def test_chains_stay_apart_and_values_are_those_of_the_user(model):
    x = np.random.default_rng(0).standard_normal((4, 10, 3))
    draws = name_draws(model, HostDraws(x, None, None))
    np.testing.assert_allclose(draws.values["scale"], np.exp(x[..., 0]))
    np.testing.assert_array_equal(draws.values["file"], x[..., 1:])
    assert (draws.log_weights, draws.step) == (None, 1)


def test_independent_draws_are_one_chain_and_runs_of_particles_are_not(model):
    x, log_weights = np.zeros((6, 1, 3)), np.zeros((6, 1))
    assert name_draws(model, HostDraws(x, log_weights, None)).values["file"].shape == (1, 6, 2)
    runs = name_draws(model, HostDraws(x, log_weights, np.zeros(6)))
    assert runs.values["file"].shape == (6, 1, 2)
    assert runs.log_weights.shape == (6, 1)


def test_of_too_many_numbers_every_so_many_th_draw_stays(model, monkeypatch):
    monkeypatch.setattr(named_draws, "MAX_NUMBERS", 50)
    x = np.random.default_rng(0).standard_normal((2, 20, 3))  # 120 numbers
    draws = name_draws(model, HostDraws(x, np.zeros((2, 20)), np.zeros(2)))
    assert draws.step == 3
    np.testing.assert_array_equal(draws.values["file"], x[:, ::3, 1:])
    assert draws.log_weights.shape == (2, 7)


@pytest.mark.parametrize("name", ["file", "names", "../../x", "a/b", "<script>", "two\nlines", ""])
def test_any_name_reads_back(tmp_path, name):
    stored = NamedDraws({name: np.arange(6.0).reshape(2, 3), "count": np.ones((2, 3), int)}, None, 2)
    named_draws.save(tmp_path / "draws.npz", stored)
    read = named_draws.load(tmp_path / "draws.npz")
    assert (list(read.values), read.log_weights, read.step) == ([name, "count"], None, 2)
    np.testing.assert_array_equal(read.values[name], stored.values[name])
    assert [path.name for path in tmp_path.iterdir()] == ["draws.npz"]


@pytest.mark.parametrize(
    "values", [{"a": np.zeros((2, 3)), "b": np.zeros((2, 4))}, {"a": np.full((2, 3), "x")}, {}]
)
def test_what_is_no_draws_is_refused(tmp_path, values):
    named_draws.save(tmp_path / "draws.npz", NamedDraws(values, None, 1))
    with pytest.raises(ValueError, match="parameters must be numbers at equally many draws"):
        named_draws.load(tmp_path / "draws.npz")


def test_resampling_repeats_a_draw_as_often_as_it_weighs():
    values = {"a": np.arange(4.0).reshape(2, 2), "b": np.arange(8.0).reshape(2, 2, 2)}
    log_weights = np.log([[0.5, 1e-300], [0.25, 0.25]]) + 700  # whatever the constant is
    equal = resampled(NamedDraws(values, log_weights, 3))
    np.testing.assert_array_equal(equal.values["a"], [[0, 0, 2, 3]])
    np.testing.assert_array_equal(equal.values["b"], [[[0, 1], [0, 1], [4, 5], [6, 7]]])
    assert (equal.log_weights, equal.step) == (None, 3)
    chains = NamedDraws(values, None, 1)
    assert resampled(chains) is chains
