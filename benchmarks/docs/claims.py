"""The ledger of published claims as text, made of the published results when the documentation is built."""

from collections.abc import Callable

from bridgemark.benchmarks.ledger.entries import LedgerEntry, entries, sources_of
from bridgemark.benchmarks.ledger.our_numbers import Measured
from bridgemark.benchmarks.ledger.verdicts import MEANINGS
from bridgemark.benchmarks.rows.results import PUBLISHED, Results
from bridgemark.benchmarks.text import escape_markdown


def ledger() -> str:
    """A section for each verdict, with its meaning and its claims."""
    stored = entries(sources_of(Results((PUBLISHED,))))
    sections = []
    for verdict, meaning in MEANINGS.items():
        claims = [_item(entry) for entry in stored if entry.claim.verdict == verdict]
        title = verdict[0].upper() + verdict[1:]
        sections += [f"### {title}", f"{meaning[0].upper()}{meaning[1:]}.", "\n".join(claims)]
    return "\n\n".join(sections)


def _item(entry: LedgerEntry) -> str:
    """A claim as an item of a list."""
    claim = entry.claim
    title = escape_markdown(f"{claim.target}, {claim.statement}")
    published = f"{entry.published}, " if entry.published else ""
    sentences = [f"- **{title}**: {escape_markdown(published + claim.source)}."]
    if entry.measured is not None and claim.ours is not None:
        ours = escape_markdown(f"Here {entry.ours}, {claim.ours.in_words()}")
        sentences.append(f"{ours}: {_made_by(entry.measured)}.")
    sentences.append(escape_markdown(claim.evidence))
    return " ".join(sentences)


def _made_by(measured: Measured) -> str:
    """The command as code, in which nothing is replaced by typographic signs, or else the text."""
    if measured.is_command and "`" not in measured.made_by:
        return f"`{measured.made_by}`"
    return escape_markdown(measured.made_by)


PARTS: dict[str, Callable[[], str]] = {"ledger": ledger}
