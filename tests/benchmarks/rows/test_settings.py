"""The settings of a cell are its own: nothing in a user's environment moves a number or hides in a row."""

import os

import pytest

from bridgemark.benchmarks.rows import environment, settings
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
    assert clean.flags == f"{settings.WIDE_VECTORS} --xla_force_host_platform_device_count=1"
    for name in ("identity", "flags", "device", "fit_evals", "floors", "errors", "repeats"):
        assert getattr(hostile, name) == getattr(clean, name), name
    without_time = [{**row.metrics, "ess_per_second": None} for row in (clean, hostile)]
    assert without_time[0] == without_time[1]


def test_a_process_forgets_settings_and_keeps_what_it_needs(monkeypatch):
    monkeypatch.setattr(os, "environ", {**HOSTILE, "PATH": "/bin", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"})
    settings.configure((3, 5), "float64")
    assert os.environ == {
        "PATH": "/bin",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "XLA_FLAGS": settings.flags_of_cells(2, environment.device_of_cells("cpu")),
        "JAX_ENABLE_X64": "True",
        **dict.fromkeys(settings.THREAD_VARIABLES, "2"),
    }
    settings.configure((3,), "float32", "cpu")
    assert (os.environ["JAX_PLATFORMS"], os.environ["JAX_ENABLE_X64"]) == ("cpu", "False")
    settings.configure_planning()
    assert os.environ.keys() == {"PATH", "XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_FLAGS"}


def test_products_on_an_accelerator_are_as_precise_as_on_a_cpu_and_its_rows_say_so(monkeypatch):
    cpu = environment.device_of_cells("cpu")
    for device, extra in ((cpu, ""), ("NVIDIA H100 80GB HBM3", " JAX_DEFAULT_MATMUL_PRECISION=highest")):
        monkeypatch.setattr(os, "environ", {"JAX_DEFAULT_MATMUL_PRECISION": "bfloat16"})
        settings.configure((3,), "float32", None, device)
        assert settings.flags() == settings.flags_of_cells(1, device)
        assert settings.flags() == os.environ["XLA_FLAGS"] + extra


@pytest.mark.parametrize(("jaxlib", "knows"), [("0.10.9", True), ("0.11.0", False), ("1.0.dev1", False)])
def test_planning_gives_xla_no_flag_that_its_version_lacks(jaxlib, knows, monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(settings, "versions_of", lambda packages: {"jaxlib": jaxlib})
    settings.configure_planning()
    assert (settings.NO_FUSION_EMITTERS in os.environ["XLA_FLAGS"]) is knows
