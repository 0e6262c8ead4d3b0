"""What the card of a target says of its difficulty, in words."""

import math
from collections.abc import Mapping

from bridgemark.benchmarks.studies.difficulty import Difficulty
from bridgemark.benchmarks.text import number
from bridgemark.targets.base import Target

NOT_KNOWN = "not known"
MEANINGS: Mapping[str, str] = {
    "conditioning": "condition number of the covariance in coordinates in which the base is N(0, I), by "
    "exact draws; without them at least the ratio of the largest to the smallest variance of a coordinate",
    "tails": "range of all but 0.2 % of exact draws over the range of their middle half, of the worst "
    "coordinate, in units of that ratio for a Gaussian; below 1 where modes are far apart",
    "modes": "components of the mixture, where it is one",
    "one gradient": "operations of the log density with its gradient, as XLA counts them before it "
    "optimises, and how many times those of N(0, I) in this dimension",
}


def in_words(difficulty: Difficulty, target: Target | None) -> Mapping[str, str]:
    """A text for each of MEANINGS. `target` is None where it is not registered."""
    condition = number(difficulty.condition, 3) or NOT_KNOWN
    if difficulty.least_condition is not None:
        condition = f"at least {number(difficulty.least_condition, 3)}"
    operations = NOT_KNOWN
    if difficulty.operations is not None and difficulty.gaussians is not None:
        times = number(difficulty.gaussians, 3)
        operations = f"{difficulty.operations:,.0f} operations, {times} times those of a Gaussian"
    texts = (condition, _tails(difficulty, target), number(difficulty.modes, 4) or NOT_KNOWN, operations)
    return dict(zip(MEANINGS, texts, strict=True))


def _tails(difficulty: Difficulty, target: Target | None) -> str:
    text = NOT_KNOWN if difficulty.tails is None else f"{number(difficulty.tails)} times a Gaussian's"
    finite = math.inf if target is None else target.about.finite_moment
    return text if math.isinf(finite) else f"{text}; moments are finite below order {number(finite)}"
