"""The answer: for each kind of target, the cheapest of the samplers that cannot be told from the best."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.standings import Standings
from bridgemark.benchmarks.analysis.summary_table import SummaryRow

QUESTIONS = {columns.MAIN_METRIC: "means", columns.LOG_Z_ABS_ERROR: "log Z"}


class Choice(NamedTuple):
    """A sampler that is among the best, and the most that it spent on one of the targets."""

    sampler: str
    gradients: float
    seconds: float


@dataclass(frozen=True)
class Answer:
    """The best samplers for one kind of target and one question.

    Each of the `choices` is in group 1 on `shared` of the `targets`, which no sampler exceeds. They are in
    order of the gradients that they spent.
    """

    kind: str
    question: str
    targets: Sequence[str]
    shared: int
    choices: Sequence[Choice]

    @property
    def cheapest(self) -> Choice:
        """The choice that spent the fewest gradients."""
        return self.choices[0]

    @property
    def fastest(self) -> Choice:
        """The choice that took the fewest seconds."""
        return min(self.choices, key=lambda choice: (choice.seconds, choice.sampler))


def answers(
    rows: Iterable[SummaryRow], ties: Mapping[str, Standings], kind_of: Callable[[SummaryRow], str]
) -> list[Answer]:
    """The answers, by kind of target, from the summary rows without a budget and their ties by metric."""
    kinds: dict[str, list[SummaryRow]] = {}
    for row in rows:
        kinds.setdefault(kind_of(row), []).append(row)
    made = []
    for kind, members in kinds.items():
        for metric in QUESTIONS:
            made += _answer(kind, metric, members, ties[metric])
    return made


def _answer(kind: str, metric: str, rows: Sequence[SummaryRow], ties: Standings) -> list[Answer]:
    """The answer to one question; none where no sampler is ranked."""
    ranked = [row for row in rows if ties.group(row) is not None]
    best: dict[str, list[SummaryRow]] = {}
    for row in ranked:
        if ties.group(row) == 1 and row.get(columns.SPENT) and row.get(columns.SPENT_SECONDS):
            best.setdefault(row[columns.SAMPLER], []).append(row)
    if not best:
        return []
    shared = max(map(len, best.values()))
    choices = [_choice(name, won) for name, won in best.items() if len(won) == shared]
    choices.sort(key=lambda choice: (choice.gradients, choice.sampler))
    targets = dict.fromkeys(row[columns.TARGET] for row in ranked)
    return [Answer(kind, QUESTIONS[metric], list(targets), shared, choices)]


def _choice(sampler: str, rows: Sequence[SummaryRow]) -> Choice:
    return Choice(
        sampler,
        max(row[columns.SPENT] for row in rows),
        max(row[columns.SPENT_SECONDS] for row in rows),
    )
