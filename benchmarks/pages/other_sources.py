"""The section of TRUTHS.md on values that the literature or another suite states and that are wrong."""

from collections.abc import Iterable

from bridgemark.benchmarks.ledger import published_claim
from bridgemark.benchmarks.ledger.entries import LedgerEntry, entries
from bridgemark.benchmarks.ledger.our_numbers import Sources
from bridgemark.benchmarks.ledger.verdicts import ANOTHER_DENSITY, NOT_REPRODUCED
from bridgemark.benchmarks.rows.results import PUBLISHED
from bridgemark.benchmarks.text import escape_markdown
from bridgemark.targets.refused import REFUSED

ABOUT = """\
Truths that are stated elsewhere and are wrong, or are of another density than their name says. ± is what the
source states as its error; in brackets are three standard errors to either side of ours. They are lines of
`benchmarks/ledger/claims.toml`, where scores of samplers are, too."""
IMPROPER = "Some names in the literature have no truth, because they are no probability densities:"


def section() -> str:
    """The Markdown section "Where other sources differ"."""
    refused = [f"{name}: {reason}." for name, reason in REFUSED.items()]
    return "\n\n".join(
        [
            "## Where other sources differ",
            ABOUT,
            _bullets(map(_sentences, differing_truths())),
            IMPROPER,
            _bullets(refused),
        ]
    )


def differing_truths() -> list[LedgerEntry]:
    """The entries of the ledger that are about a truth and not about a sampler, and that differ from ours."""
    without_rows = Sources((PUBLISHED,), [], [])
    claims = [claim for claim in published_claim.read() if claim.verdict in (NOT_REPRODUCED, ANOTHER_DENSITY)]
    return [entry for entry in entries(without_rows, claims) if entry.measured is not None]


def _sentences(entry: LedgerEntry) -> str:
    claim = entry.claim
    return (
        f"{claim.target}, {claim.statement}: here {entry.ours}; {entry.published} in {claim.source}. "
        f"{claim.evidence}"
    )


def _bullets(sentences: Iterable[str]) -> str:
    """A Markdown list, in text of this project that may hold any character."""
    return "\n".join(f"- {escape_markdown(sentence)}" for sentence in sentences)
