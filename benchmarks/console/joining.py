"""What `bridgemark rerun`, `bridgemark check-rows` and `bridgemark join` print."""

import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from bridgemark.benchmarks.console.plain_text import add_plain_row, print_plain
from bridgemark.benchmarks.joining.agreement import Agreement, ComparedNumber, seconds
from bridgemark.benchmarks.joining.contribution import Contribution
from bridgemark.benchmarks.joining.rerun import what_differs
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.text import count, number

DIGITS = 3
FEW_SEEDS = 4  # with fewer, the rerun may lie more than ten standard deviations away
OUTCOMES = {True: "yes", False: "no", None: "not known"}


def print_rerun(agreement: Agreement, console: Console | None = None) -> None:
    """Print the verdict on a row and its rerun, what made them differently, and the main numbers of both."""
    console = console or Console()
    if agreement.numbers:
        table = Table("number", "before", "now", "expected now", Column("agrees", justify="right"))
        for compared in agreement.numbers:
            add_plain_row(table, *_entries(compared))
        console.print(table)
    print_plain(console, f"{title(agreement.before)}: {agreement.verdict}{_remark(agreement)}")
    print_plain(console, _seconds(agreement))
    before, again = agreement.before, agreement.again
    if differences := what_differs(before, again):
        print_plain(console, f"what runs now has another identity ({again.identity}), because of its")
        for difference in differences:
            print_plain(console, f"    {difference}")
    if before.machine != again.machine:
        machines = f"{before.machine or 'unknown'} before, {again.machine or 'unknown'} now"
        print_plain(console, f"the machine is another one: {machines}")


def print_check(agreement: Agreement, console: Console) -> None:
    """Print a line on one checked row."""
    differing = [compared.name for compared in agreement.numbers if compared.agrees is False]
    names = f" in {', '.join(differing)}" if differing else _remark(agreement)
    print_plain(
        console,
        f"{agreement.before.identity} {title(agreement.before)}: {agreement.verdict}{names}; "
        f"{_seconds(agreement)}",
    )


def print_left_out(left_out: Mapping[str, int], console: Console) -> None:
    """Print how many rows are left out, a line for each reason."""
    for reason, rows in left_out.items():
        print_plain(console, f"left out: {count(rows, 'row')} {reason}")


def print_contribution(contribution: Contribution, console: Console | None = None) -> None:
    """Print the checklist of a pull request: files, what is left out or missing, what happens then."""
    console = console or Console()
    rows = f"{count(len(contribution.rows), 'row')}, {contribution.added} of them new"
    print_plain(console, f"A pull request for {contribution.sampler} needs three files:")
    for path, content in (
        (contribution.code, "the code"),
        (contribution.rows_file, rows),
        (contribution.certificate_file, contribution.certificate.verdict),
    ):
        print_plain(console, f"  [x] {_short(path)}: {content}")
    print_left_out(contribution.left_out, console)
    if contribution.missing:
        print_plain(console, "Still missing:")
        for sentence in contribution.missing:
            print_plain(console, f"  [ ] {sentence}")
    print_plain(
        console,
        "The reviewer reads the code and runs a random share of the rows again: "
        f"`bridgemark check-rows {_short(contribution.rows_file)} --share .1`. "
        "The page then says that the rows were sent in and rerun.",
    )


def title(row: Row) -> str:
    """A row in a few words."""
    budget = "" if row.budget is None else f" for {row.budget:g} {row.budget_unit}"
    return f"{row.sampler} x {row.target}{budget}, seed {row.seed}"


def _entries(compared: ComparedNumber) -> list[str]:
    expected = compared.expected
    interval = f"{number(expected.low, DIGITS)} to {number(expected.high, DIGITS)}"
    return [
        compared.name,
        number(compared.before, DIGITS) or "-",
        number(compared.again, DIGITS) or "-",
        "-" if expected.basis == "nothing" else interval,
        OUTCOMES[compared.agrees],
    ]


def _remark(agreement: Agreement) -> str:
    """What qualifies a verdict, after a comma or in parentheses."""
    before, again = agreement.before, agreement.again
    if before.status != "ok" or again.status != "ok":
        return f" (status {before.status} before, {again.status} now{_reason(again)})"
    if agreement.verdict not in ("within noise", "differs"):
        return ""
    if agreement.other_seeds > 1:
        power = "; so few show gross differences only" if agreement.other_seeds < FEW_SEEDS else ""
        return f" (noise known from {agreement.other_seeds} other seeds{power}; false alarms below 1 %)"
    return " (noise of the draws alone; that of fits would be known from two other seeds)"


def _reason(row: Row) -> str:
    return f": {row.reason}" if row.reason else ""


def _seconds(agreement: Agreement) -> str:
    before, again = seconds(agreement.before), seconds(agreement.again)
    if before is None or again is None or agreement.slowdown is None:
        return "seconds are not known of both runs"
    return f"{number(before)} s before, {number(again)} s now ({number(agreement.slowdown)} times as long)"


def _short(path: Path) -> str:
    """The path from the current folder, where it is below it."""
    absolute = path.absolute()
    inside = absolute.is_relative_to(Path.cwd())
    return os.path.relpath(absolute) if inside else str(path)
