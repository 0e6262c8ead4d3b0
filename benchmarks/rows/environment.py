"""The environment of a run: versions, device, cores and commit, and how a process is bound to its cores."""

import os
import platform
import subprocess
from contextlib import suppress
from importlib import metadata
from pathlib import Path

PACKAGES = ("jax", "jaxlib", "blackjax", "equinox", "optax", "numpy")
# Without this flag XLA uses half of a core's vector width; cores with narrower vectors ignore it.
WIDE_VECTORS = "--xla_cpu_prefer_vector_width=512"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
PROJECT = Path(__file__).resolve().parents[2]


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change numbers; "absent" where one is not installed."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def device() -> str:
    """The kind of device that JAX computes on in this process."""
    import jax

    first = jax.devices()[0]
    return f"cpu {platform.machine()}" if first.platform == "cpu" else first.device_kind


def available_cores() -> tuple[int, ...]:
    """Numbers of the cores that this process may use.

    Where the platform cannot bind a process to cores, they are simply counted from 0.
    """
    try:
        return tuple(sorted(os.sched_getaffinity(0)))
    except AttributeError:
        return tuple(range(os.cpu_count() or 1))


def commit() -> str | None:
    """The commit of this source tree, "-dirty" if it was changed; None outside a clone or without git."""
    top = _git("rev-parse", "--show-toplevel")
    described = _git("describe", "--always", "--dirty", "--exclude=*")
    # A copy installed inside another project's clone must not report that project's commit.
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
    """Bind this process to its cores, where the platform can, and set threads, devices and precision.

    To be called before JAX and NumPy are imported. JAX gets one device per core: XLA gains little from a
    second core for one device, while samplers split their batches over devices.
    """
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, core_ids)
    os.environ.update({name: str(len(core_ids)) for name in THREAD_VARIABLES})
    devices = f"--xla_force_host_platform_device_count={len(core_ids)}"
    os.environ["XLA_FLAGS"] = " ".join((WIDE_VECTORS, os.environ.get("XLA_FLAGS", ""), devices))
    os.environ["JAX_ENABLE_X64"] = str(precision == "float64")
