"""The yardstick of a target and a number of draws: everything that draws are measured with."""

from dataclasses import dataclass

from jaxtyping import PRNGKeyArray

from bridgemark.benchmarks.scores.distance_constants import DistanceConstants, distance_constants
from bridgemark.benchmarks.scores.distances import ExactSample, draw_exact_sample
from bridgemark.benchmarks.scores.floors import expected_floors, simulated_floors
from bridgemark.benchmarks.scores.weighted_sample import MetricValues
from bridgemark.targets.base import Sample, Target


@dataclass(frozen=True)
class Yardstick:
    """What n draws on one target are measured with, whichever sampler and seed made them.

    Attributes:
        n: number of draws, all chains together.
        exact_sampler: the target's, and None where it has none; so are then the `constants`.
        constants: bandwidth, scales, axes and histogram of the distances.
        floors: mean metrics of n exact draws, by name.
    """

    n: int
    exact_sampler: Sample | None
    constants: DistanceConstants | None
    floors: MetricValues

    def exact_sample(self, key: PRNGKeyArray) -> ExactSample | None:
        """Exact draws to compare with, drawn once for all distances of a row; None without exact draws."""
        if self.exact_sampler is None or self.constants is None:
            return None
        return draw_exact_sample(self.exact_sampler, self.constants, key, self.n)


def yardstick_of(target: Target, n: int, with_costly: bool = False) -> Yardstick:
    """The yardstick of a target and n draws, built once in a process.

    `with_costly` adds the floors of the costly distances.
    """
    if target.sample is None:
        return Yardstick(n, None, None, expected_floors(target.statistics, n))
    identity = (target.name, target.version, n, with_costly)
    if identity not in _known_yardsticks:
        constants = distance_constants(target, target.sample)
        floors = simulated_floors(target, target.sample, constants, n, with_costly)
        _known_yardsticks[identity] = Yardstick(n, target.sample, constants, floors)
    return _known_yardsticks[identity]


_known_yardsticks: dict[tuple[str, int, int, bool], Yardstick] = {}
