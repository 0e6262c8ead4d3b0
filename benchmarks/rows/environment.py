"""The environment of a run: versions of packages, device, machine, cores and commit."""

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


def is_accelerator(kind: str | None) -> bool:
    """Whether a kind of device, as `device` returns it, is something else than a CPU; None is a CPU."""
    return kind is not None and kind != _cpu()


def machine() -> str | None:
    """The model of the processor that JAX computes on, and the version of CUDA; None if unknown."""
    import jax

    first = jax.devices()[0]
    if first.platform == "cpu":
        return _model_of_cpu()
    version = " ".join(first.client.platform_version.split())  # that of CUDA has several lines
    return f"{first.device_kind}, {version}"


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
    """The environment for a process of this project: it finds the same packages and orders sets alike.

    Python puts the current folder at the front of the path of this process. It is left out: a file `types.py`
    there would be taken for Python's own when the child starts.
    """
    here = os.getcwd()
    entries = [entry or here for entry in sys.path]
    asked_for = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if here not in map(os.path.abspath, filter(None, asked_for)) and not os.path.isdir("bridgemark"):
        entries = [entry for entry in entries if entry != here]
    return os.environ | {"PYTHONPATH": os.pathsep.join(entries), "PYTHONHASHSEED": "0"}


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
