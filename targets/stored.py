"""Truths without a closed form, as `bridgemark reference NAME` stored them in references/NAME.json."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from bridgemark.targets.base import Statistic, Truth

PARTS = ("mean", "sd", "standard_error")
FOLDER = Path(__file__).parent / "references"
NOTHING: dict[str, Any] = {"log_z": None, "statistics": {}}
_ASKED: ContextVar[dict[str, Callable] | None] = ContextVar("asked", default=None)


@contextmanager
def asked() -> Iterator[dict[str, Callable]]:
    """Collects the functions whose stored moments a target asks for when it is built inside, by name.

    So they are known to whoever is to store them before anything is stored.
    """
    functions: dict[str, Callable] = {}
    before = _ASKED.set(functions)
    try:
        yield functions
    finally:
        _ASKED.reset(before)


def log_z(name: str) -> Truth | None:
    """The stored log normalising constant of a target, None where there is none yet or two disagree.

    Raises ValueError when the stored file cannot be used.
    """
    try:
        stored = _read(name)["log_z"]
        return stored and Truth(stored["value"], stored["standard_error"], stored["recipe"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(name, error) from error


def statistics(name: str, functions: Mapping[str, Callable]) -> tuple[Statistic, ...]:
    """The stored moments of each of `functions`, by statistic name; () where there are none yet.

    Nor are there any where the estimates of log Z disagree: the moments come from the same chains.
    Raises ValueError when the stored file cannot be used.
    """
    if (collected := _ASKED.get()) is not None:
        collected.update(functions)
    try:
        stored = _read(name)["statistics"]
        return tuple(
            Statistic(key, fn, *(np.array(stored[key][part], dtype=float) for part in PARTS))
            for key, fn in (functions.items() if stored else ())
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(name, error) from error


def _read(name: str) -> dict[str, Any]:
    """What is stored; nothing known where there is no file, or one whose two methods disagree."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return NOTHING
    stored = json.loads(path.read_text())
    if stored["target"] != name:
        raise ValueError(f"it describes {stored['target']!r}")
    return NOTHING if stored.get("agree") is False else stored


def _unusable(name: str, error: Exception) -> ValueError:
    return ValueError(
        f"{FOLDER / name}.json is not a stored reference of {name}: {error!r}; "
        f"restore it from the repository, or remove it and run `bridgemark reference {name}`"
    )
