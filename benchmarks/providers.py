"""What may register samplers or targets: files of this project, installed packages, and plug-ins.

They are imported here, one at a time: what is in them comes from strangers and may be broken.
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
from typing import NamedTuple, TypeVar

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.opened_files import is_installed, record_reads
from bridgemark.benchmarks.text import one_line

BENCHMARKS = Path(__file__).resolve().parent
MAX_MESSAGE = 200  # characters
NAME = re.compile(r"\w[\w.-]*")  # that a sampler or a target may have
Result = TypeVar("Result")


class Provider(NamedTuple):
    """A module that may have a dict SAMPLERS or TARGETS, not imported yet.

    `origin` is what messages call it, `path` its file where that is known, and `load` imports it. `load`
    raises BadInput where the module is broken.
    """

    origin: str
    path: Path | None
    load: Callable[[], ModuleType]

    def mentions(self, name: str) -> bool:
        """Whether the text of the file contains a name."""
        return self.path is not None and self.path.is_file() and name in self.path.read_text(errors="replace")


def providers(package: ModuleType, group: str, plugins: Sequence[str]) -> Iterator[Provider]:
    """The package's files, the entry points of `group` in installed packages, and the plug-ins."""
    for folder in package.__path__:
        for file in pkgutil.iter_modules([folder]):
            name = f"{package.__name__}.{file.name}"
            load = partial(_import, name, partial(importlib.import_module, name))
            yield Provider(name, Path(folder) / f"{file.name}.py", load)
    for point in metadata.entry_points(group=group):
        yield Provider(point.value, None, partial(_import, point.value, point.load))
    yield from plugin_providers(plugins)


def plugin_providers(plugins: Sequence[str]) -> Iterator[Provider]:
    """The plug-ins, given by the paths of their files, each once."""
    for plugin in dict.fromkeys(plugins):
        yield Provider(f"plug-in {plugin}", Path(plugin), partial(_load_registering_plugin, plugin))


def _load_registering_plugin(plugin: str) -> ModuleType:
    """The module of a plug-in file. Raises BadInput where it is broken or registers nothing."""
    module = load_plugin(Path(plugin))
    if not {"SAMPLERS", "TARGETS"} & vars(module).keys():
        raise BadInput(
            f"plug-in {plugin} registers nothing; end it with SAMPLERS = {{...}} or TARGETS = {{...}}"
        )
    return module


def _import(origin: str, load: Callable[[], ModuleType]) -> ModuleType:
    """Import a registered file, and record which files it reads meanwhile."""
    return call_user_code(origin, partial(record_reads, load))[0]


def load_plugin(path: Path) -> ModuleType:
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
