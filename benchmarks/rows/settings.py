"""The settings that a process computes with: cores, flags of XLA, and the precision of its arithmetic."""

import os
from contextlib import suppress

from bridgemark.benchmarks.rows.environment import is_accelerator, versions_of

# Without this flag XLA uses half of a core's vector width; cores with narrower vectors ignore it.
WIDE_VECTORS = "--xla_cpu_prefer_vector_width=512"
# For programs that run once: compiling them takes most of the time.
COMPILE_QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
# This saves more. An unknown flag ends the process, and the XLA of newer versions of jaxlib does not know it.
NO_FUSION_EMITTERS, FIRST_WITHOUT_EMITTERS_FLAG = "--xla_cpu_use_fusion_emitters=false", (0, 11)
# An accelerator rounds the factors of a product of float32 numbers to ten bits or fewer unless this is set. A
# CPU does not round, and it is not set there, because settings are part of the identities of rows.
PRODUCTS, FULL = "JAX_DEFAULT_MATMUL_PRECISION", "highest"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
# Variables whose names begin so change what JAX, XLA and the libraries below them compute, or in which order
# they add up. Not among them: which devices are visible, and how much of their memory XLA takes.
SETTINGS = (
    *("JAX_", "ENABLE_PJRT_", "PJRT_", "XLA_FLAGS", "TF_XLA_FLAGS", "LIBTPU_INIT_ARGS", "EQX_"),
    *("NVIDIA_TF32_OVERRIDE", "CUBLAS_WORKSPACE_CONFIG", "CUDNN_", "MIOPEN_"),
    *("OMP_", "KMP_", "GOTO_", "OPENBLAS_", "MKL_", "BLIS_", "VECLIB_", "NPROC", "NPY_", "SCIPY_"),
)


def forget_settings() -> None:
    """Remove from this process's environment what would change the numbers of JAX and the libraries below it.

    To be called before they are imported. Numbers must not depend on variables that nobody stores with them;
    what may be chosen is an option of the command line.
    """
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]


def configure(
    core_ids: tuple[int, ...],
    precision: str,
    jax_platform: str | None = None,
    device: str | None = None,
    cores: int | None = None,
) -> None:
    """Bind this process to its cores, where the platform can, and set threads, devices and precision.

    To be called before JAX and NumPy are imported. Settings of the user's environment are forgotten.
    `jax_platform` is what JAX calls a kind of device, such as "cpu" or "cuda"; None leaves JAX the choice.
    `device` is the kind of device that it will be, as `environment.device` names it; None is a CPU. `cores`
    is the number of cores that samplers split their work over, by default all; a process with an accelerator
    compiles on more.
    """
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, core_ids)
    forget_settings()
    os.environ.update({name: str(len(core_ids)) for name in THREAD_VARIABLES})
    os.environ["XLA_FLAGS"] = _xla_flags(cores or len(core_ids))
    os.environ["JAX_ENABLE_X64"] = str(precision == "float64")
    if jax_platform is not None:
        os.environ["JAX_PLATFORMS"] = jax_platform
    if is_accelerator(device):
        os.environ[PRODUCTS] = FULL


def configure_planning() -> None:
    """Prepare this process, which computes little and only once, for planning.

    To be called before JAX is imported. Settings of the user's environment are forgotten, because what a
    target computes belongs to the identity of its rows.
    """
    forget_settings()
    os.environ["XLA_FLAGS"] = _quick_flags(versions_of(["jaxlib"])["jaxlib"])


def flags_of_cells(cores: int, device: str) -> str:
    """The `flags` in a cell of this many cores that computes on this kind of device."""
    return _joined(_xla_flags(cores), FULL if is_accelerator(device) else None)


def flags() -> str:
    """The flags that XLA got in this process, and the precision of its products where that was set."""
    return _joined(os.environ.get("XLA_FLAGS", ""), os.environ.get(PRODUCTS))


def _xla_flags(cores: int) -> str:
    """The flags that XLA gets in a cell of this many cores.

    JAX gets one device per core: XLA gains little from a second core for one device, while samplers split
    their batches over devices.
    """
    return f"{WIDE_VECTORS} --xla_force_host_platform_device_count={cores}"


def _quick_flags(jaxlib: str) -> str:
    """The flags with which XLA compiles soonest; `jaxlib` is its version."""
    knows_all = tuple(map(int, jaxlib.split(".")[:2])) < FIRST_WITHOUT_EMITTERS_FLAG
    return f"{COMPILE_QUICKLY} {NO_FUSION_EMITTERS}" if knows_all else COMPILE_QUICKLY


def _joined(xla_flags: str, products: str | None) -> str:
    return " ".join([*xla_flags.split(), *([f"{PRODUCTS}={products}"] if products else [])])
