"""Truths without a closed form, stored by `bridgemark reference NAME` in references/NAME.json."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from bridgemark.targets.base import PointFunction, Statistic, Truth

FOLDER = Path(__file__).parent / "references"
UNKNOWN: dict[str, Any] = {"log_z": None, "statistics": {}}
_REQUESTED: ContextVar[dict[str, PointFunction] | None] = ContextVar("requested", default=None)


@contextmanager
def requested_statistics() -> Iterator[dict[str, PointFunction]]:
    """Collect the functions, by name, whose stored moments are requested by targets built inside the context.

    A program that computes those moments learns their functions in this way, before anything is stored.
    """
    functions: dict[str, PointFunction] = {}
    token = _REQUESTED.set(functions)
    try:
        yield functions
    finally:
        _REQUESTED.reset(token)


def log_z(name: str) -> Truth | None:
    """Return the stored log normalising constant of a target.

    None if nothing is stored yet, or if the two methods that computed it disagree. Raises ValueError if the
    stored file cannot be used.
    """
    try:
        stored = _read(name)["log_z"]
        if stored is None:
            return None
        return Truth(stored["value"], stored["standard_error"], stored["recipe"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(name, error) from error


def statistics(name: str, functions: Mapping[str, PointFunction]) -> tuple[Statistic, ...]:
    """Return the statistics of `functions`, given by their names, with the stored moments of a target.

    There are none if nothing is stored yet, or if the two methods that computed log Z disagree: the moments
    come from the same chains. Raises ValueError if the stored file cannot be used.
    """
    requested = _REQUESTED.get()
    if requested is not None:
        requested.update(functions)
    try:
        stored = _read(name)["statistics"]
        if not stored:
            return ()
        return tuple(_statistic(key, fn, stored[key]) for key, fn in functions.items())
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(name, error) from error


def _statistic(name: str, fn: PointFunction, moments: Mapping[str, Any]) -> Statistic:
    return Statistic(
        name=name,
        fn=fn,
        mean=np.array(moments["mean"], dtype=float),
        sd=np.array(moments["sd"], dtype=float),
        standard_error=np.array(moments["standard_error"], dtype=float),
    )


def _read(name: str) -> dict[str, Any]:
    """The content of the file of `name`; UNKNOWN if there is no file, or one whose two methods disagree."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return UNKNOWN
    stored = json.loads(path.read_text())
    if stored["target"] != name:
        raise ValueError(f"it describes {stored['target']!r}")
    return UNKNOWN if stored.get("agree") is False else stored


def _unusable(name: str, error: Exception) -> ValueError:
    return ValueError(
        f"{FOLDER / name}.json is not a stored reference of {name}: {error!r}; "
        f"restore it from the repository, or remove it and run `bridgemark reference {name}`"
    )
