"""Why a run failed, in one line: what was raised, and by which line of a sampler or a target."""

import linecache
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks.rows.row import Failure
from bridgemark.benchmarks.sweep.authors_code import BENCHMARKS, is_authors_code
from bridgemark.benchmarks.text import MAX_LINE, message_of, one_line, remark
from bridgemark.samplers.base import Unsupported

MAX_PLACE = 120  # characters
MAX_MESSAGE = 2_000  # characters of an exception that are looked at
# JAX passes the traceback of a function that it calls on the host on as text, frames first.
TRACEBACK = "Traceback (most recent call last):\n"
FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<number>[0-9]+).*\n(    .*\n)*', re.MULTILINE)
# JAX names the function that it traces: it is one of ours, which nobody wants to read.
OUR_FUNCTION = re.compile(rf" at {re.escape(str(BENCHMARKS))}\S*:[0-9]+")


class CodeLine(NamedTuple):
    """A line of a file of code, and its text."""

    file: Path
    number: int
    text: str


def failure_of(error: Exception) -> Failure:
    """The status and reason that an exception means; the whole traceback goes to standard error."""
    if isinstance(error, Unsupported):
        return Failure("unsupported", remark(message_of(error)))
    traceback.print_exception(error)
    out_of_memory = isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in message_of(error)
    return Failure("out of memory" if out_of_memory else "failed", reason_of(error))


def reason_of(error: BaseException) -> str:
    """The exception and the line of a sampler's or a target's code that it went through, in one line."""
    line = authors_line(error)
    text = OUR_FUNCTION.sub("", _exception(error))
    return remark(text, MAX_LINE - len(line)) + line


def authors_line(error: BaseException) -> str:
    """The last line of a sampler's or a target's code that the exception went through, or ''.

    For example ` (mine.py, line 12: x = jnp.reshape(x, (3, 4)))`.
    """
    for line in reversed([*_lines_of(error)]):
        if is_authors_code(line.file):
            text = f" ({line.file.name}, line {line.number}: {line.text}"
            return (text if len(text) < MAX_PLACE else text[: MAX_PLACE - 2] + "…") + ")"
    return ""


def _exception(error: BaseException) -> str:
    """The exception in one line; where a function on the host raised it, what that function raised."""
    _, begins, report = message_of(error).partition(TRACEBACK)
    if not begins:
        return one_line(error, MAX_MESSAGE)
    return " ".join(FRAME.split(report)[-1].split())


def _lines_of(error: BaseException) -> Iterator[CodeLine]:
    """The lines that an exception went through, the outermost first; those of a function on the host last."""
    for frame in traceback.extract_tb(error.__traceback__):
        yield CodeLine(Path(frame.filename), frame.lineno or 0, frame.line or "")
    for match in FRAME.finditer(message_of(error)):
        file, number = match["file"], int(match["number"])
        yield CodeLine(Path(file), number, linecache.getline(file, number).strip())
