"""The environment of a run: versions, device, cores and commit, and the settings that a process runs with."""

import os
import pkgutil
import platform
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from bridgemark.benchmarks.errors import BadInput

# The packages that compute every row, and those that compute the costly metrics.
PACKAGES = ("jax", "jaxlib", "blackjax", "equinox", "optax", "numpy", "scipy")
COSTLY_PACKAGES = ("ott-jax", "scikit-learn")
ANNOTATIONS = frozenset({"jaxtyping", "beartype", "typing_extensions"})  # packages that compute nothing
# Without this flag XLA uses half of a core's vector width; cores with narrower vectors ignore it.
WIDE_VECTORS = "--xla_cpu_prefer_vector_width=512"
# For programs that run once: compiling them takes most of the time.
COMPILE_QUICKLY = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false"
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
# Variables whose names begin so change what JAX, XLA and the libraries below them compute, or in which order
# they add up. Not among them: which devices are visible, and how much of their memory XLA takes.
SETTINGS = (
    *("JAX_", "ENABLE_PJRT_", "PJRT_", "XLA_FLAGS", "TF_XLA_FLAGS", "LIBTPU_INIT_ARGS", "EQX_"),
    *("NVIDIA_TF32_OVERRIDE", "CUBLAS_WORKSPACE_CONFIG", "CUDNN_", "MIOPEN_"),
    *("OMP_", "KMP_", "GOTO_", "OPENBLAS_", "MKL_", "BLIS_", "VECLIB_", "NPROC", "NPY_", "SCIPY_"),
)
PLUGIN_PACKAGE = "jax_plugins"  # in which packages for accelerators put modules, and a group of entry points
PROBE_SECONDS = 120.0
MAX_REASON = 200  # characters
PROJECT = Path(__file__).resolve().parents[2]
CODE = ("targets", "samplers", "benchmarks", "pyproject.toml")  # what a commit mark is about


def versions(costly: bool = False, modules: Iterable[str] = ()) -> dict[str, str]:
    """Versions of Python and of the packages that can change numbers; "absent" where one is not installed.

    `modules` are what plug-ins import. With `costly`, those of the packages of costly metrics are among them.
    """
    packages = (*PACKAGES, *(COSTLY_PACKAGES if costly else ()))
    extra = sorted({_distribution(module) for module in set(modules) - ANNOTATIONS} - {*packages})
    return versions_of(("python", *packages, *extra))


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Versions of Python ("python") and of packages; "absent" where one is not installed."""
    return {name: platform.python_version() if name == "python" else _version(name) for name in packages}


def entry_points(*groups: str) -> list[str]:
    """What other installed packages register in these groups of entry points, in words."""
    points = [point for group in groups for point in metadata.entry_points(group=group)]
    return sorted(f"{point.group}: {point.name} = {point.value} {_owner(point)}" for point in points)


def _owner(point: metadata.EntryPoint) -> str:
    return f"({point.dist.name} {point.dist.version})" if point.dist else ""


@cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def _distribution(module: str) -> str:
    """The name of the package that installed a module; that of the module where no package did."""
    if _version(module) != "absent":
        return module
    return next(iter(_distributions().get(module, ())), module)


@cache
def _distributions() -> dict[str, list[str]]:
    return {module: sorted(names) for module, names in metadata.packages_distributions().items()}


def device() -> str:
    """The kind of device that JAX computes on in this process."""
    import jax

    first = jax.devices()[0]
    return _cpu() if first.platform == "cpu" else first.device_kind


def _cpu() -> str:
    return f"cpu {platform.machine()}"


@cache
def device_of_cells(jax_platform: str | None) -> str:
    """The kind of device that a cell will compute on; `jax_platform` is as for `configure`.

    This process does not occupy it: where JAX may have an accelerator, another process looks, and ends.
    Raises BadInput where JAX has no such device.
    """
    if jax_platform == "cpu" or (jax_platform is None and not _may_have_accelerator()):
        return _cpu()
    command = [sys.executable, "-P", "-m", "bridgemark.benchmarks.rows.device_probe", jax_platform or ""]
    environment = child_environment() | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    try:
        probe = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadInput(f"JAX did not find its device in {PROBE_SECONDS:g} s; give --device cpu") from None
    if probe.returncode:
        reason = (probe.stderr.strip().splitlines() or ["it gives no reason"])[-1][:MAX_REASON]
        kind = jax_platform or "usable"
        raise BadInput(f"JAX finds no {kind} device here ({reason}); give another --device")
    return probe.stdout.strip().splitlines()[-1]


def _may_have_accelerator() -> bool:
    """Whether a package is installed through which JAX can compute on something else than a CPU."""
    try:
        import jax_plugins  # pyright: ignore[reportMissingImports]
    except ImportError:
        modules = False
    else:
        modules = any(pkgutil.iter_modules(jax_plugins.__path__))
    return modules or bool(metadata.entry_points(group=PLUGIN_PACKAGE)) or _version("libtpu") != "absent"


def machine() -> str | None:
    """The model of the processor that JAX computes on, and the driver of a GPU; None where it is unknown."""
    import jax

    first = jax.devices()[0]
    if first.platform == "cpu":
        return _model_of_cpu()
    return f"{first.device_kind}, {first.client.platform_version}"


def _model_of_cpu() -> str | None:
    with suppress(OSError), open("/proc/cpuinfo") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or None


def load() -> float | None:
    """The average number of processes that were ready to run in the last minute, over the number of cores."""
    try:
        return round(os.getloadavg()[0] / (os.cpu_count() or 1), 2)
    except (AttributeError, OSError):
        return None


def child_environment() -> dict[str, str]:
    """The environment for a process of this project: it finds the same packages and orders sets alike."""
    # This process's own path and not the current folder: the child must find the same packages.
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"}


def available_cores() -> tuple[int, ...]:
    """Numbers of the cores that this process may use.

    Where the platform cannot bind a process to cores, they are simply counted from 0.
    """
    try:
        return tuple(sorted(os.sched_getaffinity(0)))
    except AttributeError:
        return tuple(range(os.cpu_count() or 1))


def commit() -> str | None:
    """The last commit that changed the code, "-dirty" if it was changed since.

    Results, pages and documents are no code. None outside a clone or without git.
    """
    top = _git("rev-parse", "--show-toplevel")
    # A copy installed inside another project's clone must not report that project's commit.
    if not top or Path(top).resolve() != PROJECT:
        return None
    last, changes = _git("log", "-1", "--format=%h", "--", *CODE), _git("status", "--porcelain", "--", *CODE)
    return f"{last}-dirty" if last and changes else last or None


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def forget_settings() -> None:
    """Remove from this process's environment what would change the numbers of JAX and the libraries below it.

    To be called before they are imported. Numbers must not depend on variables that nobody stores with them;
    what may be chosen is an option of the command line.
    """
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]


def configure(core_ids: tuple[int, ...], precision: str, jax_platform: str | None = None) -> None:
    """Bind this process to its cores, where the platform can, and set threads, devices and precision.

    To be called before JAX and NumPy are imported. Settings of the user's environment are forgotten.
    `jax_platform` is what JAX calls a kind of device, such as "cpu" or "cuda"; None leaves JAX the choice.
    """
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, core_ids)
    forget_settings()
    os.environ.update({name: str(len(core_ids)) for name in THREAD_VARIABLES})
    os.environ["XLA_FLAGS"] = flags_of_cells(len(core_ids))
    os.environ["JAX_ENABLE_X64"] = str(precision == "float64")
    if jax_platform is not None:
        os.environ["JAX_PLATFORMS"] = jax_platform


def flags_of_cells(cores: int) -> str:
    """The flags that XLA gets in a cell of this many cores.

    JAX gets one device per core: XLA gains little from a second core for one device, while samplers split
    their batches over devices.
    """
    return f"{WIDE_VECTORS} --xla_force_host_platform_device_count={cores}"


def flags() -> str:
    """The flags that XLA got in this process."""
    return " ".join(os.environ.get("XLA_FLAGS", "").split())


def configure_planning() -> None:
    """Prepare this process, which computes little and only once, for planning.

    To be called before JAX is imported. Settings of the user's environment are forgotten, because what a
    target computes belongs to the identity of its rows.
    """
    forget_settings()
    os.environ["XLA_FLAGS"] = COMPILE_QUICKLY
