"""Why a run failed, in one line: what was raised, and by which line of a sampler or a target."""

import traceback
from pathlib import Path

from bridgemark.benchmarks.rows.row import Failure
from bridgemark.benchmarks.sweep.authors_code import is_authors_code
from bridgemark.benchmarks.text import MAX_LINE, one_line
from bridgemark.samplers.base import Unsupported

MAX_PLACE = 120  # characters


def failure_of(error: Exception) -> Failure:
    """The status and reason that an exception means; the whole traceback goes to standard error."""
    if isinstance(error, Unsupported):
        return Failure("unsupported", str(error))
    traceback.print_exception(error)
    out_of_memory = isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
    line = authors_line(error)
    reason = one_line(error, MAX_LINE - len(line)) + line
    return Failure("out of memory" if out_of_memory else "failed", reason)


def authors_line(error: BaseException) -> str:
    """The last line of a sampler's or a target's code that the exception went through, or ''.

    For example ` (mine.py, line 12: x = jnp.reshape(x, (3, 4)))`.
    """
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if is_authors_code(Path(frame.filename)):
            text = f" ({Path(frame.filename).name}, line {frame.lineno}: {frame.line}"
            return (text if len(text) < MAX_PLACE else text[: MAX_PLACE - 2] + "…") + ")"
    return ""
