"""Draws as NetCDF: chains apart, any name, and the numbers that ArviZ computes from them."""

import arviz
import numpy as np
import pytest

from bridgemark.benchmarks.advise.named_draws import NamedDraws
from bridgemark.benchmarks.export import inference_data

from support.stored_rows import HOSTILE_TEXTS


def read_back(tmp_path, values, log_weights=None, keep_weights=False, step=1):
    path = tmp_path / f"{'kept' if keep_weights else 'draws'}.nc"  # xarray keeps files open
    inference_data.write(NamedDraws(values, log_weights, step), path, keep_weights, {"sampler": "nuts"})
    return arviz.from_netcdf(str(path))


def test_chains_stay_apart_and_arviz_finds_every_parameter(tmp_path):
    rng = np.random.default_rng(0)
    values = {"mu": rng.normal(3, 1, (4, 500)), "theta": rng.normal(0, 2, (4, 500, 2, 3))}
    read = read_back(tmp_path, values, step=2)
    assert read.posterior.attrs["sampler"] == "nuts"
    assert read.posterior["theta"].dims == ("chain", "draw", "theta_dim_0", "theta_dim_1")
    assert read.posterior["draw"].values[:3].tolist() == [0, 2, 4]
    summary = arviz.summary(read)
    assert list(summary.index[:2]) == ["mu", "theta[0, 0]"]
    assert summary.loc["mu", "mean"] == pytest.approx(values["mu"].mean(), abs=1e-3)


def test_weighted_draws_have_the_right_mean_or_keep_their_weights(tmp_path):
    """Draws of N(0, 1) that are weighted to N(1, 1). Six standard errors, which are sqrt(e / 20000)."""
    x = np.random.default_rng(0).standard_normal((1, 20_000))
    resampled = read_back(tmp_path, {"a": x}, log_weights=x)
    assert float(resampled.posterior["a"].mean()) == pytest.approx(1, abs=6 * np.sqrt(np.e / 20_000))
    assert resampled.groups() == ["posterior"]
    assert "resampled" in resampled.posterior.attrs["weights"]
    kept = read_back(tmp_path, {"a": x}, log_weights=x, keep_weights=True)
    np.testing.assert_array_equal(kept.posterior["a"], x)
    np.testing.assert_array_equal(kept.sample_stats["log_weights"], x)


@pytest.mark.parametrize("name", [*HOSTILE_TEXTS, "chain", "draw", "a/b", "/", ".", ".."])
def test_a_parameter_may_have_any_name(tmp_path, name):
    """Two parameters of almost the same name are stored, and nothing outside the file is written."""
    x = np.arange(6.0).reshape(2, 3)
    read = read_back(tmp_path, {name: x, f"{name}/": x + 1, "b": np.zeros((2, 3, 2)), "b_dim_0": x})
    arrays = [array.values for array in read.posterior.data_vars.values()]
    assert len(arrays) == 4
    np.testing.assert_array_equal(arrays[0], x)
    assert all(variable.isprintable() for variable in read.posterior.data_vars)
    assert [path.name for path in tmp_path.iterdir()] == ["draws.nc"]
