"""Where our number beside a published one comes from: a truth, the rows of a sampler, or a study.

The ledger names the place and never the number, so that it cannot be out of date.
"""

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.statistics import Interval
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.benchmarks.rows.command import command_of
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.studies import stored
from bridgemark.targets.base import Target

STANDARD_ERRORS = 3  # to either side of a truth
PROGRAM = "bridgemark "
REFERENCE = f"{PROGRAM}reference "
IS_BETTER: Mapping[str, Callable[[float, float], bool]] = {
    columns.ELBO: operator.gt,
    columns.IMPORTANCE_ESS_FRACTION: operator.gt,
    columns.MODES_FOUND: operator.gt,
    columns.ELBO_GAP: operator.lt,
    columns.EUBO_GAP: operator.lt,
    columns.LOG_Z_ABS_ERROR: operator.lt,
}


@dataclass(frozen=True)
class Sources:
    """What our numbers are read from: folders of results, their rows, and summary rows without a budget."""

    folders: Sequence[Path]
    rows: Sequence[Row]
    summary: Sequence[SummaryRow]


@dataclass(frozen=True)
class Measured:
    """A number of ours with its uncertainty, and the command or formula that makes it."""

    interval: Interval
    made_by: str

    @property
    def is_command(self) -> bool:
        """Whether it is a command that makes the number."""
        return self.made_by.startswith(PROGRAM)


class OurNumber(ABC):
    """A place that holds a number of ours."""

    @property
    def is_better(self) -> Callable[[float, float], bool] | None:
        """Maps two such numbers to whether the first is better; None where neither is, as for truths."""
        return None

    @abstractmethod
    def in_words(self) -> str:
        """What the number is."""

    @abstractmethod
    def measure(self, target: str, sources: Sources) -> Measured | None:
        """The number for a target; None where the sources do not have it."""


@dataclass(frozen=True)
class TrueLogZ(OurNumber):
    """The true log Z of the target."""

    def in_words(self) -> str:
        return "true log Z"

    def measure(self, target: str, sources: Sources) -> Measured | None:
        truth = build(target).log_z
        return None if truth is None else Measured(_around(truth.value, truth.standard_error), _maker(target))


@dataclass(frozen=True)
class TrueMean(OurNumber):
    """The true mean of one coordinate, counted from 0, of a statistic of the target."""

    statistic: str
    coordinate: int

    def in_words(self) -> str:
        return f"true mean of {self.statistic}, coordinate {self.coordinate}"

    def measure(self, target: str, sources: Sources) -> Measured | None:
        for statistic in build(target).statistics:
            if statistic.name == self.statistic:
                mean, error = statistic.mean[self.coordinate], statistic.standard_error[self.coordinate]
                return Measured(_around(float(mean), float(error)), _maker(target))
        return None


@dataclass(frozen=True)
class Score(OurNumber):
    """The median over seeds of a metric of a sampler on the target, with its interval or range."""

    sampler: str
    metric: str

    @property
    def is_better(self) -> Callable[[float, float], bool] | None:
        return IS_BETTER.get(self.metric)

    def in_words(self) -> str:
        return f"{self.metric} of {self.sampler}"

    def measure(self, target: str, sources: Sources) -> Measured | None:
        lines = [
            row
            for row in sources.summary
            if (row[columns.SAMPLER], row[columns.TARGET]) == (self.sampler, target)
            and row.get(self.metric) is not None
        ]
        if not lines:
            return None
        line = max(lines, key=lambda row: row[columns.SEEDS])
        ends = (line[self.metric], line[columns.low(self.metric)], line[columns.high(self.metric)])
        return Measured(Interval(*ends, None), command_of(_last_seed(line, sources.rows)))


@dataclass(frozen=True)
class StudyNumber(OurNumber):
    """A number of a study, as it is stored."""

    study: str
    number: str

    def in_words(self) -> str:
        return self.number

    def measure(self, target: str, sources: Sources) -> Measured | None:
        path = stored.find(sources.folders, self.study)
        value = None if path is None else stored.read(path).numbers.get(self.number)
        if value is None:
            return None
        half_a_digit = 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - stored.DIGITS + 1)
        interval = Interval(float(value), float(value) - half_a_digit, float(value) + half_a_digit, None)
        return Measured(interval, f"bridgemark study {self.study}")


OUR_NUMBERS: Mapping[str, Callable[..., OurNumber]] = {
    "log Z": TrueLogZ,
    "mean": TrueMean,
    "score": Score,
    "study": StudyNumber,
}


@cache
def build(name: str) -> Target:
    """A target of this project; each is built once in a process. Raises BadInput for an unknown name."""
    builders = registry.choose_targets([name], registry.targets())
    return registry.build(name, builders[name])


def _around(value: float, standard_error: float) -> Interval:
    reach = STANDARD_ERRORS * standard_error
    return Interval(value, value - reach, value + reach, None)


def _maker(target: str) -> str:
    """The command that makes the truths of a target again, or how they are computed."""
    truth = build(target).log_z
    recipe = "" if truth is None else truth.recipe
    return recipe.partition(":")[0] if recipe.startswith(REFERENCE) else recipe


def _last_seed(line: SummaryRow, rows: Sequence[Row]) -> Row:
    """The stored row of a summary row that has the largest seed."""
    names = [name for name in columns.GROUP if name != columns.DEVICE]  # a killed run has no device
    behind = [row for row in rows if all(getattr(row, name) == line[name] for name in names)]
    return max(behind, key=lambda row: row.seed)
