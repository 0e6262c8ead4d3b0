"""The device of a cell, and the versions of what computes."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import environment


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


def test_the_machine_of_a_gpu_is_one_line(monkeypatch):
    client = SimpleNamespace(platform_version="PJRT C API\ncuda 13000")
    gpu = SimpleNamespace(platform="gpu", device_kind="NVIDIA H100 80GB HBM3", client=client)
    monkeypatch.setattr("jax.devices", lambda: [gpu])
    assert environment.machine() == "NVIDIA H100 80GB HBM3, PJRT C API cuda 13000"
    assert environment.is_accelerator(environment.device())


def test_versions_of_whatever_computes():
    plain, costly = environment.versions(), environment.versions(costly=True)
    assert {"python", "jax", "numpy", "scipy"} <= plain.keys()
    assert costly.keys() - plain.keys() == {"ott-jax", "scikit-learn"}
    extra = environment.versions(modules=("sklearn", "jax", "jaxtyping", "no_such_module"))
    assert extra.keys() - plain.keys() == {"scikit-learn", "no_such_module"}
    assert extra["no_such_module"] == "absent"


def test_a_file_in_the_current_folder_is_not_taken_for_pythons_own(tmp_path, monkeypatch):
    """Unless the user asked for the folder: `python -m` puts it at the front of the path."""
    (tmp_path / "types.py").write_text("raise SystemExit('not that one')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    command = [sys.executable, "-P", "-c", "import bridgemark.benchmarks.rows.environment"]
    subprocess.run(command, env=environment.child_environment(), check=True)
    monkeypatch.setenv("PYTHONPATH", ".")
    assert str(tmp_path) in environment.child_environment()["PYTHONPATH"].split(os.pathsep)
