"""What `bridgemark advise` prints."""

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks.advise import answer
from bridgemark.benchmarks.advise.advice import Advice
from bridgemark.benchmarks.console.plain_text import add_plain_row, print_plain


def print_advice(advice: Advice, console: Console) -> None:
    """Print the answer in words, then the tables, then a script that runs the chosen sampler alone."""
    for line in ("", *answer.in_words(advice.verdict, advice.race)):
        print_plain(console, line)
    _print_table(console, answer.HEADINGS, answer.table(advice.race, advice.evidence))
    _print_table(console, answer.EVIDENCE_HEADINGS, answer.evidence_table(advice.evidence))
    if advice.script is not None:
        console.print(advice.script, markup=False, highlight=False, soft_wrap=True)


def _print_table(console: Console, headings: tuple[str, ...], lines: list[tuple[str, ...]]) -> None:
    table = Table(*headings)
    for cells in lines:
        add_plain_row(table, *cells)
    console.print(table)
