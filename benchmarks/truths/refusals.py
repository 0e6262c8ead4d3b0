"""Targets that are asked for by a name in use and are no probability densities: refused, with the reason."""

from collections.abc import Sequence

from benchmarks.errors import BadInput, choose
from benchmarks.registry import Builder
from targets.refused import REFUSED


def choose_targets(names: Sequence[str], known: dict[str, Builder]) -> dict[str, Builder]:
    """The builders of `names`, in that order. Raises BadInput for one that is refused, or unknown."""
    for name in names:
        if name in REFUSED:
            raise BadInput(f"target {name!r} is refused: {REFUSED[name]}")
    return choose("target", names, known)
