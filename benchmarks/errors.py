"""The one error that a user can cause and mend, and the commonest ways to cause it."""

import difflib
from collections.abc import Sequence
from typing import TypeVar

Found = TypeVar("Found")


class BadInput(Exception):
    """What was asked cannot be done; the message is one line: what is wrong and what to do next."""


def choose(kind: str, names: Sequence[str], known: dict[str, Found]) -> dict[str, Found]:
    """The entries of `names`, in that order. Raises BadInput for an unknown one, with the nearest names."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
            raise BadInput(f"unknown {kind} {name!r}; {hint}")
    return {name: known[name] for name in names}


def require_positive(**options: float | None) -> None:
    """Raise BadInput for the first option that is given and not above zero."""
    for name, value in options.items():
        if value is not None and value <= 0:
            raise BadInput(f"--{name} must be positive, not {value}")
