"""Signals that ask a command to stop: all of them end it as Ctrl-C does."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import TypeVar

STOPPING = [signal.SIGINT, signal.SIGTERM]
if sys.platform != "win32":
    STOPPING.append(signal.SIGHUP)
RETRY_SECONDS = 0.05  # after which a signal that came where it may not stop anything is sent again
GRACE_SECONDS = 3.0  # for cleaning up after a signal
CONTINUES = "what is stored stays, and the same command continues from there"
IMPORTING = "<frozen importlib"  # how the file names of Python's own import code begin

UNINTERRUPTED: set[CodeType] = set()  # of functions that are not stopped midway

Function = TypeVar("Function", bound=FunctionType)


class Stopped(KeyboardInterrupt):
    """A signal asked this process to stop; `status` is the exit status by which a shell reports that."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


def uninterrupted(function: Function) -> Function:
    """Let a function, as a decorator, finish before a signal stops anything: it starts what must be ended."""
    UNINTERRUPTED.add(function.__code__)
    return function


@contextmanager
def exit_when_stopped(consequence: str = CONTINUES) -> Iterator[None]:
    """End this process with one line and the right exit status when a signal stops it.

    The line says what follows from that, the `consequence`.
    """
    try:
        with stopped_by_signals():
            yield
    except Stopped as stop:
        print(f"stopped; {consequence}", file=sys.stderr)
        sys.exit(stop.status)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise Stopped inside the `with` block at the first of these signals.

    Whatever cleans up after it is not interrupted by another for GRACE_SECONDS. Then the signal is sent again
    if the block has not ended: libraries have places where Python drops an exception. A signal that this
    process was started to ignore, as under `nohup`, stays ignored.
    """
    timers: list[threading.Timer] = []
    last_stop = -math.inf

    def send_again(number: int, seconds: float) -> None:
        timers.append(threading.Timer(seconds, os.kill, (os.getpid(), number)))
        timers[-1].daemon = True
        timers[-1].start()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last_stop
        if time.monotonic() - last_stop < GRACE_SECONDS:
            return
        if _must_finish(frame):
            send_again(number, RETRY_SECONDS)
            return
        last_stop = time.monotonic()
        send_again(number, GRACE_SECONDS + RETRY_SECONDS)
        raise Stopped(number)

    before = {number: signal.getsignal(number) for number in STOPPING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _must_finish(frame: FrameType | None) -> bool:
    """Whether this frame, or one that called it, imports a module or is of an uninterrupted function.

    Compiled modules that are being imported may crash where an exception is raised in them.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORTING) or frame.f_code in UNINTERRUPTED:
            return True
        frame = frame.f_back
    return False
