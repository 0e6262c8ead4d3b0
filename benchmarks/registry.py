"""Finds the registered samplers and targets.

They come from the files of the packages `bridgemark.samplers` and `bridgemark.targets`, from entry points of
those names in installed packages, and from plug-in files. Each file ends with a dict SAMPLERS or TARGETS.
"""

import hashlib
import importlib
import importlib.util
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias, TypeVar

import bridgemark.samplers as sampler_package
import bridgemark.targets as target_package
from bridgemark.benchmarks.errors import BadInput, choose
from bridgemark.benchmarks.opened_files import is_installed, record_reads
from bridgemark.benchmarks.text import one_line
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target
from bridgemark.targets.refused import REFUSED

NAME = re.compile(r"\w[\w.-]*")
MEMORY_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
BENCHMARKS = Path(__file__).resolve().parent
MAX_MESSAGE = 200  # characters
TargetBuilder: TypeAlias = Callable[[], Target]
Check: TypeAlias = Callable[[Any], str | None]  # what an entry must be, or None where it is that
Result = TypeVar("Result")


class Registration(NamedTuple):
    """An entry of a dict SAMPLERS or TARGETS, and the name of the module that has the dict."""

    entry: Any
    module: str


def samplers(plugins: Sequence[str] = ()) -> dict[str, Sampler]:
    """Every registered sampler by name.

    Raises BadInput for a broken file and for a name that is used twice.
    """
    return {name: registration.entry for name, registration in _sampler_registrations(plugins).items()}


def targets(plugins: Sequence[str] = ()) -> dict[str, TargetBuilder]:
    """The builder of every registered target by name.

    Raises BadInput for a broken file and for a name that is used twice.
    """
    return {name: registration.entry for name, registration in _target_registrations(plugins).items()}


def sampler_modules(plugins: Sequence[str] = ()) -> dict[str, str]:
    """The name of the module that registers each sampler, by the name of the sampler."""
    return {name: registration.module for name, registration in _sampler_registrations(plugins).items()}


def target_modules(plugins: Sequence[str] = ()) -> dict[str, str]:
    """The name of the module that registers each target, by the name of the target."""
    return {name: registration.module for name, registration in _target_registrations(plugins).items()}


def require_plugin(plugin: str, others: Sequence[str]) -> None:
    """Import a plug-in file.

    Raises BadInput where it is broken, registers nothing, registers wrongly, or registers a name that the
    project or one of the `others` has. Those are plug-ins that are in order.
    """
    for register in (_sampler_registrations, _target_registrations):
        register([*others, plugin])


def plugin_samplers(plugin: str) -> list[str]:
    """Names of the samplers in a plug-in file. Raises BadInput where it has none or is broken."""
    names = list(getattr(_load_plugin(Path(plugin)), "SAMPLERS", {}))
    if not names:
        raise BadInput(f"plug-in {plugin} has no samplers; end it with SAMPLERS = {{...}}")
    return names


def build(name: str, builder: TargetBuilder) -> Target:
    """Build a target. Raises BadInput where its builder fails or does not return a Target of this name."""
    target = call_user_code(f"target {name!r}", builder)
    if not isinstance(target, Target) or target.name != name:
        raise BadInput(f"target {name!r}: its builder must return a Target of that name, not {target!r:.60}")
    return target


def choose_targets(names: Sequence[str], builders: dict[str, TargetBuilder]) -> dict[str, TargetBuilder]:
    """Select the builders called `names`, in that order. Raises BadInput for an unknown or refused target."""
    for name in names:
        if name in REFUSED:
            raise BadInput(f"target {name!r} is refused: {REFUSED[name]}")
    return choose("target", names, builders)


def call_user_code(origin: str, function: Callable[[], Result]) -> Result:
    """Call a function that comes from a registered file or a plug-in.

    Whatever it raises, SystemExit included, becomes a BadInput that names `origin` and the line.
    """
    try:
        return function()
    except (Exception, SystemExit) as error:
        message = one_line(error, MAX_MESSAGE)
        raise BadInput(f"{origin} is broken: {message} (line {_line_number(error)})") from error


def _line_number(error: BaseException) -> int:
    """The line of a syntax error, or else of the first frame in a file that is neither ours nor installed."""
    if line := getattr(error, "lineno", None):
        return line
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        ours = not path.is_absolute() or path.resolve().is_relative_to(BENCHMARKS)
        if not ours and not is_installed(path):
            return frame.lineno or 1
    return 1


def _sampler_registrations(plugins: Sequence[str]) -> dict[str, Registration]:
    modules = _modules(sampler_package, "bridgemark.samplers", plugins)
    return _collect_entries("SAMPLERS", modules, _check_sampler)


def _target_registrations(plugins: Sequence[str]) -> dict[str, Registration]:
    modules = _modules(target_package, "bridgemark.targets", plugins)
    return _collect_entries("TARGETS", modules, _check_builder)


def _modules(package: ModuleType, group: str, plugins: Sequence[str]) -> Iterator[tuple[str, ModuleType]]:
    """Import the package's files, the entry points of `group` and the plug-ins; yield (origin, module)."""
    for file in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield file.name, _import(file.name, partial(importlib.import_module, file.name))
    for point in metadata.entry_points(group=group):
        yield point.value, _import(point.value, point.load)
    yield from _plugin_modules(plugins)


def _plugin_modules(plugins: Sequence[str]) -> Iterator[tuple[str, ModuleType]]:
    """Import the plug-ins; yield (origin, module)."""
    for plugin in dict.fromkeys(plugins):
        module = _load_plugin(Path(plugin))
        if not {"SAMPLERS", "TARGETS"} & vars(module).keys():
            raise BadInput(
                f"plug-in {plugin} registers nothing; end it with SAMPLERS = {{...}} or TARGETS = {{...}}"
            )
        yield f"plug-in {plugin}", module


def _import(origin: str, load: Callable[[], ModuleType]) -> ModuleType:
    """Import a registered file, and record which files it reads meanwhile."""
    return call_user_code(origin, partial(record_reads, load))[0]


def _load_plugin(path: Path) -> ModuleType:
    """The module of a plug-in file, executed once for each content of the file."""
    if not path.is_file():
        raise BadInput(f"plug-in {path} is not a file")
    # The module's name contains the hash of the content, so that a file that has changed is loaded anew.
    digest = hashlib.sha256(str(path.resolve()).encode() + path.read_bytes()).hexdigest()[:12]
    name = f"bridgemark_plugin_{digest}"
    if name not in sys.modules:
        sys.modules[name] = _import(f"plug-in {path}", partial(_execute_file, name, path))
    return sys.modules[name]


def _execute_file(name: str, path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ImportError("not a Python file (.py)")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look their module up while it is being executed
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _collect_entries(
    dict_name: str, modules: Iterator[tuple[str, ModuleType]], check: Check
) -> dict[str, Registration]:
    """The entries of the dict `dict_name` of every module that has one. Raises BadInput for a wrong entry."""
    entries: dict[str, Registration] = {}
    origins: dict[str, str] = {}
    for origin, module in modules:
        registered = vars(module).get(dict_name, {})
        if not isinstance(registered, dict):
            raise BadInput(f"{origin}: {dict_name} must be a dict from names, not {registered!r:.60}")
        for name, entry in registered.items():
            label = f"{origin}: {dict_name}[{name!r}]"
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise BadInput(
                    f"{origin}: {dict_name} has the name {name!r}; use letters, digits, '-', '_' and '.'"
                )
            if expected := check(entry):
                raise BadInput(f"{label} must be {expected}, not {entry!r:.60}")
            if name in entries:
                raise BadInput(f"{label} is taken by {origins[name]}; choose another name")
            entries[name], origins[name] = Registration(entry, module.__name__), origin
    return entries


def _check_sampler(entry: Any) -> str | None:
    if not isinstance(entry, Sampler):
        return "an instance of a Sampler"
    # A row's identity contains the printed configuration, which must be the same in every process.
    return "a Sampler whose fields print as values" if MEMORY_ADDRESS.search(repr(entry)) else None


def _check_builder(entry: Any) -> str | None:
    return None if callable(entry) else "a function without arguments that builds a Target"
