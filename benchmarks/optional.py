"""Packages that only some commands need, from the extras of this project."""

import importlib
from types import ModuleType

from bridgemark.benchmarks.errors import BadInput


def optional_package(name: str, extra: str) -> ModuleType:
    """Import a package of an extra. Raises BadInput, with what installs it, where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise BadInput(
            f"this needs the package {name}: pip install 'bridgemark[{extra}]', or '.[{extra}]' in a clone"
        ) from None
