"""The page of every entrance: its file is a plug-in, with the density of the same model by SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.commands.options import RESULTS
from bridgemark.benchmarks.rows.results import store_of

from support.documentation import EVERYTHING, PAGES, example
from support.project import bridgemark

COUNTS, TIME = np.array([24, 25, 31, 31, 22, 21, 26, 20, 16, 22]), np.linspace(-1, 1, 10)
COMMAND = "bridgemark run --plugin accidents.py --sampler nuts,smc --target accidents --seeds 1"
SINGLE = 3e-7  # see test_from_pymc.py

pytestmark = pytest.mark.implicit_broadcasting


def log_density(x):
    prior = stats.norm.logpdf(x[0], 3, 1) + stats.norm.logpdf(x[1], 0, 1)
    return prior + np.sum(stats.poisson.logpmf(COUNTS, np.exp(x[0] + x[1] * TIME)))


@pytest.fixture
def write(tmp_path):
    """Writes the file of a page, with another name of the target, and returns its path."""

    def write(page, name="accidents"):
        path = tmp_path / f"{name}.py"
        path.write_text(example(page).replace('"accidents"', f'"{name}"'))
        return path

    return write


@pytest.mark.parametrize("page", ["posterior-jax", "posterior-numpy", "posterior-numpyro", "posterior-pymc"])
def test_the_file_is_the_posterior(page, write):
    if page == "posterior-pymc":
        pytest.importorskip("pymc", reason="PyMC is heavy: nox -s adapters installs it")
    target = registry.build("accidents", registry.targets([str(write(page))])["accidents"])
    np.testing.assert_allclose(target.density.base.loc, [3.0, 0.0], atol=1e-9)
    x = np.array([3.0, 0.0]) + 0.3 * np.random.default_rng(5).normal(size=(5, 2))
    with jax.enable_x64(True):
        values = jax.vmap(target.density.log_prob)(jnp.asarray(x))
    np.testing.assert_allclose(values, [log_density(point) for point in x], rtol=SINGLE)


def test_the_stan_file_is_python_and_names_its_program():
    code = example("posterior-stan")
    compile(code, "accidents.py", "exec")
    assert "accidents.stan" in code
    assert "`accidents.stan`" in PAGES["posterior-stan"]


def test_draws_come_back_by_name(capsys):
    """Means against the trapezoid rule on a grid that holds all of the mass."""
    exec(compile(example("posterior-numpyro") + example("draws-by-name"), "accidents.py", "exec"), {})
    evidence, means = capsys.readouterr().out.splitlines()
    assert evidence.startswith("Z is the evidence")
    level, trend = np.meshgrid(np.linspace(2.5, 3.8, 261), np.linspace(-1.2, 1.0, 221), indexing="ij")
    points = np.stack([level.ravel(), trend.ravel()], axis=1)
    weights = np.exp([log_density(point) for point in points])
    expected = weights @ points / np.sum(weights)
    shown = eval(means, {"np": np})
    # Fixed keys; the standard errors of 1,000 draws are about .003 and .005.
    np.testing.assert_allclose([shown["level"], shown["trend"]], expected, atol=0.03)


@pytest.mark.slow  # two cells with all that a run takes
def test_the_command_runs_the_files(write, tmp_path):
    assert COMMAND in EVERYTHING
    options = ["--sampler", "smc", "--seeds", 1, "--draws", 200, "--target", "by-numpy,by-numpyro"]
    for page, name in (("posterior-numpy", "by-numpy"), ("posterior-numpyro", "by-numpyro")):
        options += ["--plugin", write(page, name)]
    done = bridgemark("run", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = store_of(tmp_path / RESULTS).read_all()
    assert {(row.target, row.status) for row in rows} == {("by-numpy", "ok"), ("by-numpyro", "ok")}
    by_numpy, by_numpyro = sorted(rows, key=lambda row: row.target)
    # The same keys, base and density: only rounding differs.
    assert abs(by_numpy.metrics["log_z"] - by_numpyro.metrics["log_z"]) < 0.05
