"""Count what JAX traces and compiles, so that a test can say that a second call does neither."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax

EVENTS = "/jax/core/compile/"  # what JAX records of tracing, lowering and compiling begins so
_recorders: list[list[str]] = []


def _listen(event: str, seconds: float, **details: object) -> None:
    if event.startswith(EVENTS):
        for recorder in _recorders:
            recorder.append(event)


jax.monitoring.register_event_duration_secs_listener(_listen)


@contextmanager
def recorded_compilations() -> Iterator[list[str]]:
    """A list that fills with an event for everything traced, lowered or compiled inside the `with` block."""
    events: list[str] = []
    _recorders.append(events)
    try:
        yield events
    finally:
        _recorders.remove(events)
