"""Where a row was made: versions, device, cores, commit."""

import os
import platform
import subprocess
from contextlib import suppress
from importlib import metadata
from pathlib import Path

PACKAGES = ("jax", "jaxlib", "blackjax", "equinox", "optax", "numpy")
WIDE = "--xla_cpu_prefer_vector_width=512"  # XLA takes half of it where a core has it; less is no fault
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
PROJECT = Path(__file__).resolve().parents[2]


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that move numbers; "absent" where one is not installed."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def device() -> str:
    """The kind of device that JAX computes on here."""
    import jax

    found = jax.devices()[0]
    return f"cpu {platform.machine()}" if found.platform == "cpu" else found.device_kind


def available_cores() -> tuple[int, ...]:
    """The cores this process may use, by number; numbers are made up where the platform cannot pin."""
    try:
        return tuple(sorted(os.sched_getaffinity(0)))
    except AttributeError:
        return tuple(range(os.cpu_count() or 1))


def commit() -> str | None:
    """The commit of the source tree, "-dirty" when changed; None outside a clone or without git."""
    top = _git("rev-parse", "--show-toplevel")
    described = _git("describe", "--always", "--dirty", "--exclude=*")
    # A copy installed below somebody else's clone must not borrow that clone's commit.
    return described if top and Path(top).resolve() == PROJECT else None


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def configure(core_ids: tuple[int, ...], precision: str) -> None:
    """Pin this process where the platform can; set threads, devices and precision of what is imported next.

    A device a core: XLA itself gains little from a second one, samplers cut their batches over devices.
    """
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, core_ids)
    os.environ.update({name: str(len(core_ids)) for name in THREADS})
    devices = f"--xla_force_host_platform_device_count={len(core_ids)}"
    os.environ["XLA_FLAGS"] = " ".join((WIDE, os.environ.get("XLA_FLAGS", ""), devices))
    os.environ["JAX_ENABLE_X64"] = str(precision == "float64")
