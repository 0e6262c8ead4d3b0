"""The heat maps: samplers by targets, coloured by the size of a score, with the number in every cell."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.order import position
from bridgemark.benchmarks.analysis.standings import Standings
from bridgemark.benchmarks.pages.html.lines import Line
from bridgemark.benchmarks.rows.row import STATUSES
from bridgemark.benchmarks.text import number

TITLES = {
    columns.MAIN_METRIC: "Median worst squared bias of x, in variances",
    columns.LOG_Z_ABS_ERROR: "Median |log Z error|",
}
WORST_SHADE = 5
SMALLEST_DECADE = -4  # scores below 1e-4 share the lightest shade


@dataclass(frozen=True)
class Square:
    """A cell of a heat map; `shade` is from 0 to WORST_SHADE, None without a number; `link` names a line."""

    text: str
    shade: int | None
    is_best: bool
    link: str


@dataclass(frozen=True)
class HeatMap:
    """Samplers down, targets across; where there is no line the square is None."""

    title: str
    targets: Sequence[str]
    lines: Sequence[tuple[str, Sequence[Square | None]]]


def heat_map(lines: Sequence[Line], metric: str, ties: Standings) -> HeatMap:
    """The heat map of a metric, from the lines without a budget. Squares of group 1 are the best."""
    densities = Counter(target for target, _ in {_density(line) for line in lines})
    squares: dict[str, dict[str, Square]] = {}  # by label of the sampler and name of the target
    targets: dict[str, None] = {}
    in_order = sorted(
        lines, key=lambda line: (position(line.summary[columns.SAMPLER]), line.summary[columns.LABEL])
    )
    for line in lines:
        targets.setdefault(_target_name(line, densities))
    for line in in_order:
        by_target = squares.setdefault(line.summary[columns.LABEL], {})
        by_target[_target_name(line, densities)] = _square(line, metric, ties)
    down = [(label, [by_target.get(target) for target in targets]) for label, by_target in squares.items()]
    return HeatMap(TITLES[metric], list(targets), down)


def _density(line: Line) -> tuple[str, str]:
    return line.summary[columns.TARGET], line.summary[columns.FINGERPRINT]


def _target_name(line: Line, densities: Counter[str]) -> str:
    target, fingerprint = _density(line)
    return f"{target} {fingerprint[:8]}" if densities[target] > 1 else target


def _square(line: Line, metric: str, ties: Standings) -> Square:
    row = line.summary
    value = row.get(metric)
    failures = [f"{row[status]} {status}" for status in STATUSES if row[status] and status != "ok"]
    text = number(value) or ("" if failures else "–")
    return Square(
        ", ".join(filter(None, [text, *failures])), _shade(value), ties.group(row) == 1, line.identity
    )


def _shade(value: float | None) -> int | None:
    """One shade per decade."""
    if value is None:
        return None
    if not math.isfinite(value):
        return WORST_SHADE
    decade = math.floor(math.log10(value)) if value > 0 else SMALLEST_DECADE
    return min(max(decade - SMALLEST_DECADE, 0), WORST_SHADE)
