"""The ledger: every published claim beside our number, and whether the two fit the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table, without_budget
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.ledger import published_claim
from bridgemark.benchmarks.ledger.our_numbers import Measured, Sources
from bridgemark.benchmarks.ledger.published_claim import PublishedClaim
from bridgemark.benchmarks.ledger.verdicts import VERDICTS, Compared
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.text import number

DIGITS = 6  # of our numbers


@dataclass(frozen=True)
class LedgerEntry:
    """A published claim and our number, which is None where there is none or where no row has it."""

    claim: PublishedClaim
    measured: Measured | None

    @property
    def holds(self) -> bool | None:
        """Whether the two numbers fit the verdict; None where there are not two numbers."""
        published = self.claim.interval
        if published is None or self.measured is None or self.claim.ours is None:
            return None
        numbers = Compared(published, self.measured.interval, self.claim.ours.is_better)
        return VERDICTS[self.claim.verdict](numbers)

    @property
    def published(self) -> str:
        """The published number as a text; '' where there is none."""
        error = f" ± {self.claim.uncertainty}" if self.claim.uncertainty else ""
        return "" if self.claim.value is None else self.claim.value + error

    @property
    def ours(self) -> str:
        """Our number as a text, with its ends where they differ from it; '' where there is none."""
        if self.measured is None:
            return ""
        interval = self.measured.interval
        middle, low, high = (
            number(value, DIGITS) for value in (interval.middle, interval.low, interval.high)
        )
        return middle if low == high else f"{middle} [{low}, {high}]"


def entries(sources: Sources, claims: Sequence[PublishedClaim] | None = None) -> list[LedgerEntry]:
    """The ledger of the claims, by default of all, with our numbers from the sources."""
    return [
        LedgerEntry(claim, claim.ours.measure(claim.target, sources) if claim.ours else None)
        for claim in (published_claim.read() if claims is None else claims)
    ]


def sources_of(results: Results) -> Sources:
    """What our numbers are read from, of results that may have no rows."""
    rows = results.read_if_any()
    current = without_budget(drop_superseded(row_table(rows))) if rows else None
    summary = [] if current is None else summary_table(current).to_dict("records")
    return Sources(results.folders, rows, summary)
