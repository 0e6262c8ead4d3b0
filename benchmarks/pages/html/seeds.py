"""The seeds behind a line of the board as lines of a table; what all seeds share is one entry beside them."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.pages.html.circumstances import Circumstances, circumstances_of
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.text import number

SCORE_DIGITS, SECOND_DIGITS, IDENTITY_DIGITS = 6, 3, 12
STATUS, BIAS, LOG_Z, SECONDS, IDENTITY = "status", "bias² of x", "log Z error", "seconds", "identity"
GRADIENTS, VALUES, MADE_AS = "gradients", "values", "made as"
HEADINGS = (STATUS, BIAS, LOG_Z, GRADIENTS, VALUES, SECONDS, IDENTITY, MADE_AS)
# One entry where all seeds agree; the others stand seed by seed.
SHARED = (STATUS, GRADIENTS, VALUES, MADE_AS)


class SeedEntry(NamedTuple):
    """An entry of the table: its column, its text, and how many seeds it is beside."""

    heading: str
    text: str
    seeds: int


class SeedLine(NamedTuple):
    """The number of a seed, and its entries but those that an earlier seed has for it."""

    seed: int
    entries: Sequence[SeedEntry]


def seed_lines(rows: Sequence[Row], circumstances: Mapping[Circumstances, int]) -> list[SeedLine]:
    """A line for each row; `circumstances` has the number of those in which each was made."""
    read = _readings(circumstances)
    texts = {heading: [read[heading](row) for row in rows] for heading in HEADINGS}
    shared = [heading for heading in SHARED if len(set(texts[heading])) == 1]
    lines = []
    for index, row in enumerate(rows):
        entries = [
            SeedEntry(heading, texts[heading][index], len(rows) if heading in shared else 1)
            for heading in HEADINGS
            if index == 0 or heading not in shared
        ]
        lines.append(SeedLine(row.seed, entries))
    return lines


def _readings(circumstances: Mapping[Circumstances, int]) -> Mapping[str, Callable[[Row], str]]:
    """How the text of each column is read off a row."""
    return {
        STATUS: lambda row: row.status,
        BIAS: lambda row: number(row.metrics.get(columns.BIAS2_X_MAX), SCORE_DIGITS),
        LOG_Z: lambda row: number(row.metrics.get(columns.LOG_Z_ERROR), SCORE_DIGITS),
        GRADIENTS: lambda row: _evaluations(row, "gradients"),
        VALUES: lambda row: _evaluations(row, "values"),
        SECONDS: lambda row: number(_seconds(row), SECOND_DIGITS),
        IDENTITY: lambda row: row.identity[:IDENTITY_DIGITS],
        MADE_AS: lambda row: str(circumstances[circumstances_of(row)]),
    }


def _evaluations(row: Row, kind: str) -> str:
    """How many `gradients` or `values` fitting and sampling took together; '' where that is not known."""
    if row.fit_evals is None or row.sample_evals is None:
        return ""
    return str(getattr(row.fit_evals, kind) + getattr(row.sample_evals, kind))


def _seconds(row: Row) -> float | None:
    """How long fitting and sampling took together."""
    if row.fit_seconds is None or row.sample_seconds is None:
        return None
    return row.fit_seconds + row.sample_seconds
