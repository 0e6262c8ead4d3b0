"""The settings of a cell are its own: nothing in a user's environment moves a number or hides in a row."""

import os

import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.store import Store

from support.project import TOYS, bridgemark

# Each of these moves the numbers of a process that obeys it, or stops it.
HOSTILE = {
    "JAX_RANDOM_SEED_OFFSET": "7",
    "JAX_DEFAULT_PRNG_IMPL": "rbg",
    "JAX_THREEFRY_PARTITIONABLE": "0",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cuda",
    "JAX_DEBUG_NANS": "1",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_force_host_platform_device_count=3",
    "OMP_NUM_THREADS": "3",
    "OPENBLAS_CORETYPE": "Prescott",
}


def run_once(folder):
    """The row that the command stores in an empty folder."""
    folder.mkdir()
    options = (
        "--plugin",
        TOYS,
        "--sampler",
        "toy-exact",
        "--target",
        "toy-gaussian",
        "--seeds",
        1,
        "--draws",
        500,
    )
    done = bridgemark("run", *options, "--workers", 1, cwd=folder)
    assert done.returncode == 0, done.stderr
    (row,) = Store(folder / "results" / "local" / "store").read_all()
    return row


def test_a_users_environment_moves_neither_a_number_nor_an_identity(tmp_path, monkeypatch):
    clean = run_once(tmp_path / "clean")
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    hostile = run_once(tmp_path / "hostile")
    assert clean.status == "ok"
    assert clean.flags == f"{environment.WIDE_VECTORS} --xla_force_host_platform_device_count=1"
    for name in ("identity", "flags", "device", "fit_evals", "floors", "errors", "repeats"):
        assert getattr(hostile, name) == getattr(clean, name), name
    without_time = [{**row.metrics, "ess_per_second": None} for row in (clean, hostile)]
    assert without_time[0] == without_time[1]


def test_a_process_forgets_settings_and_keeps_what_it_needs(monkeypatch):
    monkeypatch.setattr(os, "environ", {**HOSTILE, "PATH": "/bin", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"})
    environment.configure((3, 5), "float64")
    assert os.environ == {
        "PATH": "/bin",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "XLA_FLAGS": environment.flags_of_cells(2),
        "JAX_ENABLE_X64": "True",
        **dict.fromkeys(environment.THREAD_VARIABLES, "2"),
    }
    environment.configure((3,), "float32", "cpu")
    assert (os.environ["JAX_PLATFORMS"], os.environ["JAX_ENABLE_X64"]) == ("cpu", "False")
    environment.configure_planning()
    assert os.environ.keys() == {"PATH", "XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_FLAGS"}


@pytest.fixture
def may_have_accelerator(monkeypatch):
    """As if a package for another device were installed."""
    environment.device_of_cells.cache_clear()
    monkeypatch.setattr(environment, "_may_have_accelerator", lambda: True)
    yield
    environment.device_of_cells.cache_clear()


def test_another_process_finds_the_device(may_have_accelerator):
    assert environment.device_of_cells(None).startswith("cpu ")


def test_a_device_that_is_not_there_is_refused_in_one_line(may_have_accelerator):
    with pytest.raises(BadInput, match=r"^JAX finds no cuda device here \(.*\); give another --device$"):
        environment.device_of_cells("cuda")


def test_without_an_accelerator_no_process_is_started(monkeypatch):
    monkeypatch.setattr(environment, "_may_have_accelerator", lambda: False)
    monkeypatch.setattr(environment.subprocess, "run", None)
    environment.device_of_cells.cache_clear()
    assert environment.device_of_cells(None) == environment.device_of_cells("cpu")


def test_versions_of_whatever_computes():
    plain, costly = environment.versions(), environment.versions(costly=True)
    assert {"python", "jax", "numpy", "scipy"} <= plain.keys()
    assert costly.keys() - plain.keys() == {"ott-jax", "scikit-learn"}
    extra = environment.versions(modules=("sklearn", "jax", "jaxtyping", "no_such_module"))
    assert extra.keys() - plain.keys() == {"scikit-learn", "no_such_module"}
    assert extra["no_such_module"] == "absent"
