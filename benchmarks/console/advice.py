"""What `bridgemark advise` prints, and the files that it writes beside the draws."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks.advise import answer
from bridgemark.benchmarks.advise.race import Race
from bridgemark.benchmarks.advise.verdict import FamilyEvidence, Verdict
from bridgemark.benchmarks.console.plain_text import add_plain_row, print_plain


def print_advice(
    verdict: Verdict,
    race: Race,
    evidence: dict[str, FamilyEvidence],
    model: Path,
    folder: Path,
    console: Console,
) -> None:
    """Print the answer in words, then the tables, then a script that runs the chosen sampler alone.

    The words are also written to `folder` as `answer.txt`, and the script as `run_alone.py`.
    """
    words = answer.in_words(verdict, race)
    (folder / "answer.txt").write_text("\n".join(words) + "\n")
    for line in ("", *words):
        print_plain(console, line)
    _print_table(console, answer.HEADINGS, answer.table(race, evidence))
    _print_table(console, answer.EVIDENCE_HEADINGS, answer.evidence_table(evidence))
    script = answer.snippet(verdict, race, model, folder)
    if script is not None:
        (folder / "run_alone.py").write_text(script)
        console.print(script, markup=False, highlight=False, soft_wrap=True)


def _print_table(console: Console, headings: tuple[str, ...], lines: list[tuple[str, ...]]) -> None:
    table = Table(*headings)
    for cells in lines:
        add_plain_row(table, *cells)
    console.print(table)
