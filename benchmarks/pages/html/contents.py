"""What the page shows: the board, the answer, the heat maps and the cards, from rows and registry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.analysis.row_table import drop_superseded, without_budget
from bridgemark.benchmarks.analysis.standings import standings
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.benchmarks.ledger.entries import LedgerEntry, entries
from bridgemark.benchmarks.ledger.our_numbers import Sources
from bridgemark.benchmarks.pages.html import difficulty, kinds
from bridgemark.benchmarks.pages.html.answer import Answer, answers
from bridgemark.benchmarks.pages.html.cards import (
    NOT_MEASURED,
    SamplerCard,
    TargetCard,
    sampler_card,
    target_card,
)
from bridgemark.benchmarks.pages.html.circumstances import Circumstances, number_circumstances
from bridgemark.benchmarks.pages.html.heat import HeatMap, heat_map
from bridgemark.benchmarks.pages.html.lines import NO_BUDGET, Board, Line, make_board, with_devices
from bridgemark.benchmarks.pages.html.seeds import HEADINGS, SeedLine, seed_lines
from bridgemark.benchmarks.pages.origins import OriginMarks, origin_marks
from bridgemark.benchmarks.pages.shown_rows import RANKED
from bridgemark.benchmarks.pages.verdicts import CERTIFIED, verdicts
from bridgemark.benchmarks.rows.command import command_of
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.studies.difficulty import read as read_difficulties
from bridgemark.targets.base import Target

PROJECT_TARGETS = "bridgemark.targets."
MAIN_HEADINGS = frozenset(
    (
        "group",
        "gradients",
        "seconds",
        "log Z error",
        "log Z",
        "bias² of x",
        "ends of bias² of x",
        "ESS",
        "R-hat",
    )
)
MEANINGS = {
    "group": "ties by bias² of x among the lines that are shown: those of group 1 cannot be told from the "
    "best of the same target, those of group 2 not from the best of the rest. Medians are compared by their "
    "intervals, or by the ranges of few seeds; what is below the score of exact draws counts as that. Exact "
    "draws and external programs have no group.",
    "gradients": columns.MEANINGS[columns.SPENT],
    "seconds": columns.MEANINGS[columns.SPENT_SECONDS] + ", without compiling",
    "log Z error": "median absolute error, with the sign of the error or ± where seeds do not agree on it; † "
    "where the weights are too heavy-tailed for their mean to be trusted",
    "bias² of x": columns.MEANINGS[columns.BIAS2_X_MAX] + " / what as many exact draws score",
    "ends": "an interval that covers the median with 95 % confidence from six seeds on, the range of fewer",
    "ESS": "bulk effective sample size of the worst coordinate of Markov chains, or Kish's share of weighted "
    "draws",
    "R-hat": columns.MEANINGS[columns.R_HAT_MAX],
    "ELBO gap": columns.MEANINGS[columns.ELBO_GAP],
    "EUBO gap": columns.MEANINGS[columns.EUBO_GAP] + "; ‡ means that a gap is negative beyond its error",
    "mode TV": columns.MEANINGS[columns.MODE_TV],
    "sliced W2": columns.MEANINGS[columns.SLICED_W2],
    "Sinkhorn": columns.MEANINGS[columns.SINKHORN],
    "C2ST": columns.MEANINGS[columns.C2ST],
}
# Of columns that only targets without a truth have.
MEANINGS_WITHOUT_TRUTH = {
    "log Z": "median estimate ± median standard error, where nobody knows log Z; † as for its error",
    "lower bound": columns.MEANINGS[columns.ELBO] + ", where nobody knows it",
}


@dataclass(frozen=True)
class Contents:
    """Everything that the template of the page shows."""

    board: Board
    answers: Sequence[Answer]
    heat_maps: Sequence[HeatMap]
    samplers: Mapping[str, SamplerCard]
    targets: Mapping[str, TargetCard]
    ledger: Sequence[LedgerEntry]
    circumstances: Mapping[Circumstances, int]
    marks: OriginMarks

    @property
    def certified(self) -> int:
        """The number of samplers that are certified."""
        return sum(card.verdict.status == CERTIFIED for card in self.samplers.values())

    @property
    def rows(self) -> int:
        """The number of stored rows behind the lines."""
        return sum(len(line.rows) for line in self.board.lines)

    @property
    def lines_by_target(self) -> Mapping[str, Sequence[Line]]:
        """The lines of the board by the name of their target."""
        return _by_name(self.board.lines, columns.TARGET)

    def kind(self, target: str) -> str:
        """The kind of a target: its family and the range of its dimension."""
        return kind_of(self.targets[target])

    @property
    def main_headings(self) -> frozenset[str]:
        """The headings of the columns that are shown at first."""
        return MAIN_HEADINGS

    @property
    def floor(self) -> str:
        """The column of what exact draws score on the main metric."""
        return columns.floor_of(columns.MAIN_METRIC)

    @property
    def meanings(self) -> Mapping[str, str]:
        """What the columns of the board mean, by heading."""
        headings = {column.heading for column in self.board.columns}
        further = {name: text for name, text in MEANINGS_WITHOUT_TRUTH.items() if name in headings}
        return MEANINGS | further

    @property
    def measures(self) -> Mapping[str, str]:
        """What was measured of the targets and is on their cards, by its name there."""
        return difficulty.MEANINGS

    @property
    def seed_headings(self) -> Sequence[str]:
        """The headings of the table of seeds, after that of the seed."""
        return HEADINGS

    def seed_lines(self, line: Line) -> Sequence[SeedLine]:
        """The stored rows behind a line, seed by seed."""
        return seed_lines(line.rows, self.circumstances)

    def command(self, line: Line) -> str:
        """The command that makes all rows of a line again."""
        return command_of(line.rows[-1])


def contents(rows: Sequence[Row], table: pd.DataFrame, results: Results) -> Contents:
    """What the page shows of all rows and their row table; `results` has the certificates."""
    board = make_board(rows, table)
    samplers = _sampler_cards(board.lines, results)
    targets = _target_cards(board.lines, results)
    current = without_budget(with_devices(drop_superseded(table)))
    ties = {metric: standings(current, metric) for metric in RANKED}
    configured = [line for line in board.lines if line.budget == NO_BUDGET]
    summary = [line.summary for line in configured]

    def kind_of_row(row: SummaryRow) -> str:
        return kind_of(targets[row[columns.TARGET]])

    return Contents(
        board=board,
        answers=answers(summary, ties, kind_of_row),
        heat_maps=[heat_map(configured, metric, ties[metric]) for metric in RANKED],
        samplers=samplers,
        targets=targets,
        ledger=entries(Sources(results.folders, rows, summary)),
        circumstances=number_circumstances(row for line in board.lines for row in line.rows),
        marks=origin_marks(line.summary for line in board.lines),
    )


def kind_of(card: TargetCard) -> str:
    """The kind of the target of a card, in words."""
    return f"{card.family}, {kinds.band(card.dim)}"


def _sampler_cards(lines: Iterable[Line], results: Results) -> dict[str, SamplerCard]:
    groups = _by_name(lines, columns.SAMPLER)
    registered = registry.samplers() if groups else {}
    judged = verdicts(groups, results)
    return {
        name: sampler_card(name, registered.get(name), groups[name], judged[name])
        for name in sort_samplers(groups)
    }


def _target_cards(lines: Iterable[Line], results: Results) -> dict[str, TargetCard]:
    measured = read_difficulties(results.folders)
    return {
        name: target_card(name, _project_target(name), group, measured.get(name, NOT_MEASURED))
        for name, group in _by_name(lines, columns.TARGET).items()
    }


def _project_target(name: str) -> Target | None:
    """The target of this name in the project's own files; None where they have none.

    Targets of others are not built: their code could do anything to this process.
    """
    module = registry.target_modules().get(name, "")
    if not module.startswith(PROJECT_TARGETS):
        return None
    return registry.build(name, registry.targets()[name])


def _by_name(lines: Iterable[Line], column: str) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.summary[column], []).append(line)
    return groups
