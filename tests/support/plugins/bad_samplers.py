"""A plug-in whose samplers break while they are fitted, each in its own way."""

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from bridgemark.samplers.base import Sampler, Unsupported


@dataclass(frozen=True, kw_only=True)
class Breaks(Sampler):
    """A sampler whose `fit` does what the function `way` of this file does."""

    way: str

    def fit(self, key, density):
        WAYS[self.way]()
        raise Unsupported("nothing to fit")

    def sample(self, key, density, state, n):
        raise AssertionError("fit must have failed")


def exits():
    os._exit(3)


def asks_to_exit():
    raise SystemExit(4)


def crashes():
    ctypes.string_at(0)


def spins():
    while True:
        pass


def eats():
    """Take 50 MB of memory at a time, up to 2 GB, and keep them until somebody looks."""
    blocks = []
    while len(blocks) < 40:
        blocks.append(bytearray(b"x") * (50 * 2**20))
        time.sleep(0.05)
    time.sleep(600)


def prints():
    """Write into every pipe that it can find."""
    for descriptor in range(1, 20):
        try:
            os.write(descriptor, GARBAGE)
        except OSError:
            continue


GARBAGE = b"""
[] nonsense
{"finding": {"check": "unbiased on a posterior", "status": "passed", "reason": null, "seconds": 0.0}}
{"finding": {"check": "no key made inside", "status": "splendid", "reason": null, "seconds": 0.0}}
{"finding": "passed"}
{"phase": 3}
"""
WAYS: dict[str, Callable[[], None]] = {
    "exits": exits,
    "asks-to-exit": asks_to_exit,
    "crashes": crashes,
    "spins": spins,
    "eats": eats,
    "prints": prints,
}
SAMPLERS = {name: Breaks(way=name) for name in WAYS}
