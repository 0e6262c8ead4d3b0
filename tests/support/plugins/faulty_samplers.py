"""A plug-in whose samplers do to their process, or return, what no sampler should: each does one thing."""

import atexit
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import psutil

from bridgemark.samplers.base import Draws, Fit, Sampler, Unsupported, evals


class OwnError(BaseException):
    """An exception that `except Exception` does not catch."""


class WithoutText(Exception):
    """An exception whose text cannot be had."""

    def __str__(self):
        raise ValueError("there is no text")


def _raise(error):
    raise error


def _recurse():
    return _recurse()


def _write_everywhere():
    """Write into every pipe that can be found, the one of the reports among them."""
    for descriptor in (1, *range(3, 40)):
        try:
            os.write(descriptor, b'\n{"stored": "forged"}\n{"phase": [1]}\nnonsense \x1b[31m\xff\n')
        except OSError:
            continue


def _close_standard_streams():
    for descriptor in (0, 1, 2):
        os.close(descriptor)


def _fork_a_sleeper(in_new_session):
    if os.fork() == 0:
        if in_new_session:
            os.setsid()
        time.sleep(600)
        os._exit(0)


def _start_a_daemon():
    """A process whose parent has ended, with a session of its own and nothing of this environment."""
    program = "import os, time\nif os.fork(): os._exit(0)\ntime.sleep(600)"
    mark = os.environ.get("BRIDGEMARK_TEST", "")
    subprocess.run([sys.executable, "-S", "-c", program, mark], env={}, start_new_session=True, check=True)


def _keep_a_thread():
    threading.Thread(target=time.sleep, args=(600,)).start()


def _ignore_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _grow():
    """Take 60 % of the memory of the machine in steps of 64 MB, writing to all of it, and keep it."""
    blocks = []
    while 2**26 * len(blocks) < 0.6 * psutil.virtual_memory().total:
        blocks.append(np.ones(2**23))
        time.sleep(0.02)
    time.sleep(600)


def _make_large_array():
    """Ask JAX at once, and not when the program runs, for 4 TB."""
    with jax.ensure_compile_time_eval():
        jnp.ones(2**40)


def _loop_in_jax():
    with jax.ensure_compile_time_eval():
        jax.lax.while_loop(lambda i: i >= 0, lambda i: (i + 1) % 5, 0).block_until_ready()


def _spin():
    while True:
        pass


def _call_host(function):
    jax.debug.callback(lambda _: function(), 0.0)


ACTS = {
    # It fails.
    "sys-exits": lambda: sys.exit("no licence"),
    "exits-well": lambda: os._exit(0),
    "aborts": os.abort,
    "segfaults": lambda: ctypes.string_at(0),
    "terminates": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "interrupts": lambda: _raise(KeyboardInterrupt()),
    "own-error": lambda: _raise(OwnError("beyond reach")),
    "recurses": _recurse,
    "no-memory": lambda: bytearray(2**60),
    "large-array": _make_large_array,
    "escapes": lambda: _raise(ValueError("\x1b[31mred [bold]bold[/] \u202eback")),
    "long-text": lambda: _raise(ValueError("long " * 2**18)),
    "lines": lambda: _raise(ValueError("first\nsecond\r\nthird\n")),
    "no-text": lambda: _raise(WithoutText()),
    "host-raises": lambda: _call_host(lambda: _raise(ArithmeticError("nothing adds up there"))),
    "unsupported-text": lambda: _raise(Unsupported("\x1b[2J" + "wants more " * 100)),
    "closes-all": lambda: os.closerange(0, 60),
    # It does what it should not, but its rows are right.
    "writes-everywhere": _write_everywhere,
    "closes-streams": _close_standard_streams,
    "clears-environment": os.environ.clear,
    "forks": lambda: _fork_a_sleeper(in_new_session=False),
    "forks-away": lambda: _fork_a_sleeper(in_new_session=True),
    "daemon": _start_a_daemon,
    "keeps-a-thread": _keep_a_thread,
    "late-exit": lambda: atexit.register(time.sleep, 600),
    "ignores-signals": _ignore_signals,
    "moves": lambda: os.chdir("/"),
    "removes-results": lambda: shutil.rmtree(os.environ["FAULTY_RESULTS"]),
    # It does not end.
    "takes-memory": _grow,
    "spins": lambda: (_ignore_signals(), _spin()),
    "matches": lambda: re.match("(a+)+b", "a" * 60),
    "sleeps": lambda: time.sleep(10_000),
    "loops-in-jax": _loop_in_jax,
}


def _fit(key):
    return Fit(jax.random.normal(key), evals(gradients=1), {})


def _draws(key, density, n):
    x = density.base.sample(key, n)[:, None, :]
    return Draws(x, jnp.zeros((n, 1)), None, evals(values=n), {})


@dataclass(frozen=True, kw_only=True)
class Acting(Sampler):
    """Draws from the base, and calls one of ACTS while `fit` is traced."""

    act: str

    def fit(self, key, density):
        ACTS[self.act]()
        return _fit(key)

    def sample(self, key, density, state, n):
        return state, _draws(key, density, n)


# What `fit` returns, by the mistake.
FITS = {
    "fit-tuple": lambda fit: (fit.state, fit.evals),
    "fit-draws": lambda fit: Draws(jnp.zeros((8, 1, 1)), None, None, fit.evals, {}),
    "fit-none": lambda fit: None,
    "fit-evals-none": lambda fit: fit._replace(evals=None),
    "state-object": lambda fit: fit._replace(state=object()),
    "state-function": lambda fit: fit._replace(state=lambda x: x),
}
# What `sample` returns, by the mistake.
SAMPLES = {
    "draws-only": lambda state, draws: draws,
    "sample-none": lambda state, draws: None,
    "state-grows": lambda state, draws: (jnp.append(state, 0.0), draws),
    "x-flat": lambda state, draws: (state, draws._replace(x=draws.x[:, 0])),
    "x-other-dim": lambda state, draws: (state, draws._replace(x=jnp.tile(draws.x, 2))),
    "x-fewer": lambda state, draws: (state, draws._replace(x=draws.x[:3], log_weights=jnp.zeros((3, 1)))),
    "x-complex": lambda state, draws: (state, draws._replace(x=draws.x + 1j)),
    "x-integer": lambda state, draws: (state, draws._replace(x=draws.x.astype(int))),
    "weights-flat": lambda state, draws: (state, draws._replace(log_weights=draws.log_weights[:, 0])),
    "log-z-scalar": lambda state, draws: (state, draws._replace(log_weights=None, log_z=jnp.zeros(()))),
    "evals-none": lambda state, draws: (state, draws._replace(evals=None)),
    "info-list": lambda state, draws: (state, draws._replace(info=[jnp.zeros(3)])),
    "count-negative": lambda state, draws: (state, draws._replace(evals=evals(gradients=-5_000))),
    "count-array-negative": lambda state, draws: (state, draws._replace(evals=evals(jnp.array([-3, 5])))),
    "count-fractional": lambda state, draws: (state, draws._replace(evals=evals(gradients=2.7))),
    "count-nan": lambda state, draws: (state, draws._replace(evals=evals(gradients=float("nan")))),
    "count-pair": lambda state, draws: (state, draws._replace(evals=(1, 2))),
    "x-nan": lambda state, draws: (state, draws._replace(x=draws.x.at[0].set(jnp.nan))),
    "x-infinite": lambda state, draws: (state, draws._replace(x=draws.x.at[1:3].set(jnp.inf))),
    "weights-nan": lambda state, draws: (state, draws._replace(log_weights=draws.log_weights * jnp.nan)),
    "weights-zero": lambda state, draws: (state, draws._replace(log_weights=draws.log_weights - jnp.inf)),
    "log-z-nan": lambda state, draws: (state, draws._replace(log_weights=None, log_z=jnp.full(1, jnp.nan))),
}


@dataclass(frozen=True, kw_only=True)
class Mistaken(Sampler):
    """Draws from the base, but for one mistake in what it returns."""

    mistake: str

    def fit(self, key, density):
        return FITS.get(self.mistake, lambda fit: fit)(_fit(key))

    def sample(self, key, density, state, n):
        change = SAMPLES.get(self.mistake, lambda state, draws: (state, draws))
        return change(state, _draws(key, density, n))


SAMPLERS = {name: Acting(act=name) for name in ACTS}
SAMPLERS |= {name: Mistaken(mistake=name) for name in (*FITS, *SAMPLES)}
