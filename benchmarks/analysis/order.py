"""The order of samplers, which is the same in all tables and figures."""

from collections.abc import Iterable

from bridgemark.benchmarks.sweep.presets import FIVE


def position(sampler: str) -> tuple[int, str]:
    """The key that sorts samplers: the five of the default grid come first, then the others by name."""
    return FIVE.index(sampler) if sampler in FIVE else len(FIVE), sampler


def sort_samplers(samplers: Iterable[str]) -> list[str]:
    """Each sampler once, in order."""
    return sorted(set(samplers), key=position)
