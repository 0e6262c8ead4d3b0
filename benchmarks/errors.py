"""The error that a user can cause and correct, and two checks that raise it."""

import difflib
from collections.abc import Sequence
from typing import TypeVar

Entry = TypeVar("Entry")


class BadInput(Exception):
    """A request that cannot be carried out. The message is one line: what is wrong and what to do next."""


def choose(kind: str, names: Sequence[str], entries: dict[str, Entry]) -> dict[str, Entry]:
    """Select the entries called `names`, in that order.

    `kind` says in the message what the names are names of. Raises BadInput for an unknown name, with the
    nearest known ones.
    """
    for name in names:
        if name not in entries:
            near = difflib.get_close_matches(name, entries, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(entries)}"
            raise BadInput(f"unknown {kind} {name!r}; {hint}")
    return {name: entries[name] for name in names}


def require_positive(**options: float | None) -> None:
    """Raise BadInput for the first option of the command line that is given and not positive."""
    for name, value in options.items():
        if value is not None and value <= 0:
            raise BadInput(f"--{name} must be positive, not {value}")
