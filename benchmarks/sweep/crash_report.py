"""Reports of crashes of the interpreter: a cell writes them into its log, and its parent reads them there."""

import faulthandler
from pathlib import Path

from bridgemark.benchmarks.sweep.authors_code import is_authors_code

FATAL, FRAMES = "Fatal Python error: ", "(most recent call first):"


def enable_crash_reports() -> None:
    """Let a crash of this interpreter write to standard error which Python code was running."""
    faulthandler.enable(all_threads=False)


def crash_in(log: str) -> str:
    """What the last crash report in a log says, in a few words; '' where there is none.

    For example "Segmentation fault in fit (mine.py, line 7)".
    """
    _, begins, report = log.rpartition(FATAL)
    if not begins:
        return ""
    name, _, frames = report.partition("\n")
    for line in frames.partition(FRAMES)[2].splitlines():
        # A line of the report is `  File "/folder/mine.py", line 7 in fit`.
        file, separator, position = line.strip().removeprefix('File "').partition('", line ')
        number, _, function = position.partition(" in ")
        if separator and is_authors_code(Path(file)):
            return f"{name.strip()} in {function.strip()} ({Path(file).name}, line {number})"
    return name.strip()
