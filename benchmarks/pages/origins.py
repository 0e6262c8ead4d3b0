"""Whose rows a page shows: marks beside what is not of the maintainers, with a legend."""

from collections.abc import Iterable
from dataclasses import dataclass

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.summary_table import SEPARATOR, YOURS, SummaryRow

MARKS = {YOURS: "▲", "measured here": "", "sent in": "△", "sent in and rerun": "▽"}
MEANINGS = {
    YOURS: "▲ are rows of yours",
    "sent in": "△ are rows that somebody sent in",
    "sent in and rerun": "▽ are rows that somebody sent in and that were rerun here with the same result",
    "measured here": "all others were measured here",
}
OF_ALL = {
    YOURS: "All rows are yours.",
    "measured here": "All rows were measured here.",
    "sent in": "All rows were sent in by others.",
    "sent in and rerun": "All rows were sent in by others, and rerun here with the same result.",
}


@dataclass(frozen=True)
class OriginMarks:
    """The marks of summary rows by their origins, which are told apart only where there are several."""

    origins: frozenset[str]

    def mark(self, row: SummaryRow) -> str:
        """The marks of a summary row, with a space before them; '' where all rows have the same origin."""
        if len(self.origins) == 1:
            return ""
        marks = "".join(MARKS[origin] for origin in row[columns.ORIGIN].split(SEPARATOR))
        return f" {marks}" if marks else ""

    def legend(self) -> str:
        """What the marks mean, in a sentence."""
        if len(self.origins) == 1:
            return OF_ALL[next(iter(self.origins))]
        meanings = [meaning for origin, meaning in MEANINGS.items() if origin in self.origins]
        return f"{'; '.join(meanings)}."


def origin_marks(rows: Iterable[SummaryRow]) -> OriginMarks:
    """The marks that tell the origins of these summary rows apart."""
    origins = {origin for row in rows for origin in row[columns.ORIGIN].split(SEPARATOR)}
    return OriginMarks(frozenset(origins or {YOURS}))
