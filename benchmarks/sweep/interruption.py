"""Signals that ask a command to stop: all of them end it as Ctrl-C does."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = [signal.SIGINT, signal.SIGTERM]
if sys.platform != "win32":
    STOPPING.append(signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked this process to stop; `status` is the exit status by which a shell reports that."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


@contextmanager
def exit_when_stopped() -> Iterator[None]:
    """End this process with one line on how to go on, and the right exit status, when a signal stops it."""
    try:
        with stopped_by_signals():
            yield
    except Stopped as stop:
        print("stopped; what is stored stays, and the same command continues from there", file=sys.stderr)
        sys.exit(stop.status)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise Stopped inside the `with` block at the first of these signals, and ignore the further ones.

    So whatever cleans up after the first is not interrupted by a second. A signal that this process was
    started to ignore, as under `nohup`, stays ignored.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        for stopping in STOPPING:
            signal.signal(stopping, signal.SIG_IGN)
        raise Stopped(number)

    before = {number: signal.getsignal(number) for number in STOPPING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
