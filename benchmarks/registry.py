"""What is there to run: the folders `targets` and `samplers`, plug-in files and entry points."""

import hashlib
import importlib
import importlib.util
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import bridgemark.samplers as sampler_folder
import bridgemark.targets as target_folder
from bridgemark.benchmarks.errors import BadInput, choose
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target
from bridgemark.targets.refused import REFUSED

NAME = re.compile(r"\w[\w.-]*")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
MACHINERY = (
    "registry.py",
    "importlib/__init__.py",
    "importlib/metadata/__init__.py",
    "bootstrap>",
    "_external>",
)
Builder = Callable[[], Target]


def samplers(plugins: Sequence[str] = ()) -> dict[str, Sampler]:
    """Every registered sampler by name. Raises BadInput for a broken file or an equal name."""
    return _collect("SAMPLERS", _modules(sampler_folder, "bridgemark.samplers", plugins), _check_sampler)


def targets(plugins: Sequence[str] = ()) -> dict[str, Builder]:
    """The builder of every registered target by name. Raises BadInput for a broken file or an equal name."""
    return _collect("TARGETS", _modules(target_folder, "bridgemark.targets", plugins), _check_builder)


def offered(plugin: str) -> list[str]:
    """Names of the samplers in a plug-in file. Raises BadInput where it has none or is broken."""
    names = list(getattr(_plugin(Path(plugin)), "SAMPLERS", {}))
    if not names:
        raise BadInput(f"plug-in {plugin} has no samplers; end it with SAMPLERS = {{...}}")
    return names


def build(name: str, builder: Builder) -> Target:
    """The target. Raises BadInput when its builder fails or makes something else."""
    target = guarded(f"target {name!r}", builder)
    if not isinstance(target, Target) or target.name != name:
        raise BadInput(f"target {name!r}: its builder must return a Target of that name, not {target!r:.60}")
    return target


def choose_targets(names: Sequence[str], known: dict[str, Builder]) -> dict[str, Builder]:
    """The builders of `names`, in that order. Raises BadInput for one that is refused, or unknown."""
    for name in names:
        if name in REFUSED:
            raise BadInput(f"target {name!r} is refused: {REFUSED[name]}")
    return choose("target", names, known)


def _modules(folder: ModuleType, group: str, plugins: Sequence[str]) -> Iterator[tuple[str, ModuleType]]:
    """(where, module) of the folder's files, the installed packages' entry points and the plug-in files."""
    for found in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        yield found.name, guarded(found.name, lambda name=found.name: importlib.import_module(name))
    for point in metadata.entry_points(group=group):
        yield point.value, guarded(point.value, point.load)
    for plugin in dict.fromkeys(plugins):
        module = _plugin(Path(plugin))
        if not {"SAMPLERS", "TARGETS"} & vars(module).keys():
            raise BadInput(
                f"plug-in {plugin} offers nothing; end it with SAMPLERS = {{...}} or TARGETS = {{...}}"
            )
        yield f"plug-in {plugin}", module


def _plugin(path: Path) -> ModuleType:
    if not path.is_file():
        raise BadInput(f"plug-in {path} is not a file")
    # The content is part of the module's name: loaded once, and anew when the file has changed.
    digest = hashlib.sha256(str(path.resolve()).encode() + path.read_bytes()).hexdigest()[:12]
    name = f"bridgemark_plugin_{digest}"
    if name not in sys.modules:
        sys.modules[name] = guarded(f"plug-in {path}", lambda: _execute(name, path))
    return sys.modules[name]


def _execute(name: str, path: Path) -> ModuleType:
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


def guarded(where: str, load: Callable[[], Any]) -> Any:
    """What `load` returns; anything it raises, SystemExit included, becomes a BadInput with the line."""
    try:
        return load()
    except (Exception, SystemExit) as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.endswith(MACHINERY)]
        line = getattr(error, "lineno", None) or (frames[0].lineno if frames else 1)
        raise BadInput(f"{where} is broken: {_line(error)} (line {line})") from error


def _collect(
    dict_name: str, modules: Iterator[tuple[str, Any]], check: Callable[[Any], str | None]
) -> dict[str, Any]:
    found: dict[str, tuple[str, Any]] = {}
    for where, module in modules:
        offered = vars(module).get(dict_name, {})
        if not isinstance(offered, dict):
            raise BadInput(f"{where}: {dict_name} must be a dict from names, not {offered!r:.60}")
        for name, value in offered.items():
            if not NAME.fullmatch(str(name)):
                raise BadInput(
                    f"{where}: {dict_name} has the name {name!r}; use letters, digits, '-', '_' and '.'"
                )
            if complaint := check(value):
                raise BadInput(f"{where}: {dict_name}[{name!r}] must be {complaint}, not {value!r:.60}")
            if name in found:
                raise BadInput(
                    f"{where}: {dict_name}[{name!r}] is taken by {found[name][0]}; choose another name"
                )
            found[name] = where, value
    return {name: value for name, (_, value) in found.items()}


def _check_sampler(value: Any) -> str | None:
    if not isinstance(value, Sampler):
        return "an instance of a Sampler"
    # A row's identity holds the printed configuration, which must be the same in every process.
    return "a Sampler whose fields print as values" if ADDRESS.search(repr(value)) else None


def _check_builder(value: Any) -> str | None:
    return None if callable(value) else "a function without arguments that builds a Target"


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
