"""Draws in a CSV file, with a line of names first; lines that begin with # are comments, as in Stan's."""

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external.layout import (
    MAX_NUMBERS,
    ExternalDraws,
    Layout,
    arrange,
    choose_columns,
    require_size,
)
from bridgemark.benchmarks.text import is_number, remark

MAX_LINE_LENGTH = 5_000_000  # characters


def read(path: Path, dim: int, layout: Layout) -> ExternalDraws:
    """The draws in a CSV file. Raises BadInput for a file that does not hold draws of this dimension.

    A column counts as one of numbers if its first cell is a number. Texts in it further down are refused, as
    are lines that lack a cell, which a program that was stopped may leave.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            return _read_lines(path, _lines(file), dim, layout)
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not text in UTF-8") from None
    except (ValueError, csv.Error) as error:  # the messages of NumPy name the row and the column
        raise BadInput(f"{path} is not a table of numbers: {remark(str(error), 200)}") from error


def _read_lines(path: Path, lines: Iterator[str], dim: int, layout: Layout) -> ExternalDraws:
    content = (line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    names = [name.strip() for name in _cells(next(content, ""))]
    first_line = next(content, "")
    if names and all(map(is_number, names)):
        raise BadInput(f"{path} begins with numbers; its first line must name the columns, such as x0,x1")
    if not first_line:
        raise BadInput(f"{path} has no draws")
    first_cells = _cells(first_line)
    if len(first_cells) != len(names):
        raise ValueError(f"{len(first_cells)} cells follow {len(names)} names")
    numeric = [name for name, cell in zip(names, first_cells, strict=True) if is_number(cell)]
    columns = choose_columns(path, numeric, dim, layout)
    used = [names.index(name) for name in columns.all()]
    max_rows = MAX_NUMBERS // len(used) + 1
    table = np.loadtxt(
        chain([first_line], content),
        delimiter=",",
        quotechar='"',
        usecols=used,
        ndmin=2,
        max_rows=max_rows,
    )
    require_size(path, table.size)
    return arrange(path, table, columns)


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a file. Raises ValueError for one that is too long to be one of a table."""
    while line := file.readline(MAX_LINE_LENGTH + 1):
        if len(line) > MAX_LINE_LENGTH:
            raise ValueError(f"a line has more than {MAX_LINE_LENGTH} characters")
        yield line


def _cells(line: str) -> list[str]:
    return next(csv.reader([line]), [])
