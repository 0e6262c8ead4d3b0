"""A plug-in whose samplers fail, each in its own way."""

import ctypes
import os
import signal
import time
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from bridgemark.samplers.base import Draws, Fit, Sampler, Unsupported, evals


def _draws(key, density, n):
    return Draws(density.base.sample(key, n)[:, None, :], None, None, evals(), {})


def _exit(_):
    os._exit(3)


def _kill(_):
    os.kill(os.getpid(), signal.SIGKILL)


def _hang(_):
    print(f"process {os.getpid()}", flush=True)
    time.sleep(600)


def _hang_second(_, calls=[]):  # noqa: B006  it is to be remembered
    calls.append(1)
    if len(calls) > 1:
        _hang(_)


def _spin_second(_, calls=[]):  # noqa: B006  it is to be remembered
    calls.append(1)
    while len(calls) > 1:
        pass


def _crash(_):
    ctypes.string_at(0)


def _grow(_):
    """Take 16 MB at a time, and no more than 1,900 MB, however late somebody looks."""
    blocks = []
    while len(blocks) < 119:
        blocks.append(bytearray(b"x" * 2**24))
        time.sleep(0.01)
    time.sleep(600)


@dataclass(frozen=True, kw_only=True)
class Hosted(Sampler):
    """Does to its process what `act` says, while it fits."""

    act: str

    def fit(self, key, density):
        jax.debug.callback(ACTS[self.act], 0.0)
        return Fit(key, evals(), {})

    def sample(self, key, density, state, n):
        return state, _draws(key, density, n)


@dataclass(frozen=True, kw_only=True)
class Raises(Sampler):
    """Raises while it is traced."""

    def sample(self, key, density, state, n):
        raise ArithmeticError("nothing adds up")


@dataclass(frozen=True, kw_only=True)
class Refuses(Sampler):
    """Supports no target at all."""

    def sample(self, key, density, state, n):
        raise Unsupported("needs a target of the other kind")


@dataclass(frozen=True, kw_only=True)
class NotFinite(Sampler):
    """One NaN among the draws of about every second seed."""

    def sample(self, key, density, state, n):
        draws = _draws(key, density, n)
        first = jnp.where(jax.random.bernoulli(key), jnp.nan, draws.x[0, 0, 0])
        return state, draws._replace(x=draws.x.at[0, 0, 0].set(first))


ACTS = {
    "exit": _exit,
    "kill": _kill,
    "hang": _hang,
    "hang second": _hang_second,
    "spin second": _spin_second,
    "crash": _crash,
    "grow": _grow,
}
SAMPLERS = {
    "exits": Hosted(act="exit"),
    "killed": Hosted(act="kill"),
    "hangs": Hosted(act="hang"),
    "hangs-second": Hosted(act="hang second"),
    "spins-second": Hosted(act="spin second"),
    "crashes": Hosted(act="crash"),
    "grows": Hosted(act="grow"),
    "raises": Raises(),
    "refuses": Refuses(),
    "not-finite": NotFinite(),
}
