"""The verdicts on published claims, and which numbers each of them needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridgemark.benchmarks.analysis.statistics import Interval


@dataclass(frozen=True)
class Compared:
    """A published number beside ours, both with their uncertainty; `is_better` says which side is better.

    `is_better` maps two values to whether the first is better. It is None where neither side is.
    """

    published: Interval
    ours: Interval
    is_better: Callable[[float, float], bool] | None

    @property
    def is_apart(self) -> bool:
        """Whether the two intervals are disjoint."""
        return self.is_above or self.published.high < self.ours.low

    @property
    def is_above(self) -> bool:
        """Whether all of the published interval lies above ours."""
        return self.published.low > self.ours.high

    @property
    def is_better_here(self) -> bool:
        """Whether the intervals are disjoint and our number is the better."""
        return (
            self.is_apart
            and self.is_better is not None
            and self.is_better(self.ours.middle, self.published.middle)
        )


REPRODUCED, BETTER_HERE, NOT_REPRODUCED = "reproduced", "better here", "not reproduced"
ABOVE_LOG_Z, IMPROPER = "impossible: above log Z", "impossible: improper target"
CLIPPED, ANOTHER_DENSITY = "impossible: clipped draws", "another density"
# What has to hold of the two numbers; ours is log Z for a number that is above it.
VERDICTS: Mapping[str, Callable[[Compared], bool]] = {
    REPRODUCED: lambda numbers: not numbers.is_apart,
    BETTER_HERE: lambda numbers: numbers.is_better_here,
    NOT_REPRODUCED: lambda numbers: numbers.is_apart and not numbers.is_better_here,
    ABOVE_LOG_Z: lambda numbers: numbers.is_above,
    IMPROPER: lambda numbers: False,  # such a target has no number of ours
    CLIPPED: lambda numbers: numbers.is_apart,
    ANOTHER_DENSITY: lambda numbers: numbers.is_apart,
}
MEANINGS = {
    REPRODUCED: "our number and the published one agree within their uncertainties",
    BETTER_HERE: "ours is better by more than the uncertainties",
    NOT_REPRODUCED: "ours differs by more than the uncertainties, and is not better",
    ABOVE_LOG_Z: "no lower bound, and no mean of unbiased estimates on the log scale, exceeds log Z",
    IMPROPER: "the function has no finite integral",
    CLIPPED: "the draws that the claim rests on were cut, and are of another distribution",
    ANOTHER_DENSITY: "the same name stands for another function, so that the numbers are not comparable",
}
