"""Truths without a closed form, as `bridgemark reference NAME` stored them in references/NAME.json."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from targets.base import Statistic, Truth

PARTS = ("mean", "sd", "standard_error")
FOLDER = Path(__file__).parent / "references"


def log_z(name: str) -> Truth | None:
    """The stored log normalising constant of a target, None where there is none yet or two disagree.

    Raises ValueError when the stored file cannot be used.
    """
    try:
        stored = _read(name)
        found = stored and stored["log_z"]
        return found and Truth(found["value"], found["standard_error"], found["recipe"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(name, error) from error


def statistics(name: str, functions: Mapping[str, Callable]) -> tuple[Statistic, ...]:
    """The stored moments of each of `functions`, by statistic name; () where there are none yet.

    Nor are there any where the estimates of log Z disagree: the moments come from the same chains.
    Raises ValueError when the stored file cannot be used.
    """
    try:
        stored = _read(name)
        moments = stored and stored["statistics"]
        return tuple(
            Statistic(key, fn, *(np.array(moments[key][part], dtype=float) for part in PARTS))
            for key, fn in (functions.items() if moments else ())
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(name, error) from error


def _read(name: str) -> dict[str, Any] | None:
    """What is stored; None where nothing is, or what says of itself that its two methods disagree."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return None
    stored = json.loads(path.read_text())
    if stored["target"] != name:
        raise ValueError(f"it describes {stored['target']!r}")
    return None if stored.get("agree") is False else stored


def _unusable(name: str, error: Exception) -> ValueError:
    return ValueError(
        f"{FOLDER / name}.json is not a stored reference of {name}: {error!r}; "
        f"restore it from the repository, or remove it and run `bridgemark reference {name}`"
    )
