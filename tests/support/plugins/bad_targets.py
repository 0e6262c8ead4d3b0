"""A plug-in whose targets break while they are built or evaluated, each in its own way, beside a good one."""

import ctypes
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from toys import toy_gaussian


def _named(name, log_prob=None):
    target = toy_gaussian()
    density = target.density if log_prob is None else replace(target.density, log_prob=log_prob)
    return replace(target, name=name, density=density)


def _exits():
    os._exit(9)


def _crashes():
    ctypes.string_at(0)


def _spins():
    while True:
        pass


def _raises():
    raise ValueError("no data")


def _leaves_a_helper():
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    return _named("leaves-a-helper")


def _prints():
    """Writes into every pipe that it can find."""
    for descriptor in range(1, 20):
        try:
            os.write(descriptor, b'{"rows": [1]}\n{"phase": 3}\nnonsense\n')
        except OSError:
            continue
    return _named("prints")


def _moves():
    os.chdir("/")
    return _named("moves")


TARGETS = {
    "exits": _exits,
    "crashes": _crashes,
    "spins": _spins,
    "raises": _raises,
    "nan": lambda: _named("nan", lambda x: x.sum() * float("nan")),
    "leaves-a-helper": _leaves_a_helper,
    "prints": _prints,
    "moves": _moves,
    "good": lambda: _named("good"),
}
