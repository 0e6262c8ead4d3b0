"""The exam of one certificate: targets that are drawn at random, so that no sampler can be prepared for them.

What is drawn is decided by a seed, which comes from the hash of the sampler's source: the same sampler gets
the same exam again, and a changed one another.
"""

from dataclasses import dataclass

import numpy as np

from bridgemark.benchmarks.certificates.exam_targets import draw_mixed, draw_posterior
from bridgemark.targets.base import Target


@dataclass(frozen=True)
class Question:
    """A target that a sampler is examined on.

    Attributes:
        target: the target.
        draws: how many draws are asked for at a time.
        seconds: of processor time for drawing, after fitting and compiling.
        is_retraced: whether paths that end at exact draws are asked for, too.
    """

    target: Target
    draws: int
    seconds: float
    is_retraced: bool = False


@dataclass(frozen=True)
class Exam:
    """The questions of one certificate.

    Attributes:
        posterior: a Gaussian posterior with its joint, by large sets.
        mixed: skewed, heavy-tailed and bimodal coordinates, by sets of medium size.
        few_draws: another such target, by small sets.
        one_dimension: another such target in one dimension.
        many_dimensions: another such target in 16 to 32 dimensions, by large sets.
    """

    posterior: Question
    mixed: Question
    few_draws: Question
    one_dimension: Question
    many_dimensions: Question


def draw_exam(seed: int, effort: float = 1.0) -> Exam:
    """Draw all targets, and how many draws are asked for at a time; `effort` multiplies the seconds."""
    noise = np.random.default_rng(seed)
    return Exam(
        posterior=Question(
            draw_posterior(noise), _draw_size(noise, 3_000, 5_000), 25.0 * effort, is_retraced=True
        ),
        mixed=Question(
            draw_mixed(noise, _draw_size(noise, 2, 4)), _draw_size(noise, 300, 1_500), 25.0 * effort
        ),
        few_draws=Question(
            draw_mixed(noise, _draw_size(noise, 2, 4)), _draw_size(noise, 4, 64), 10.0 * effort
        ),
        one_dimension=Question(draw_mixed(noise, 1), _draw_size(noise, 64, 512), 5.0 * effort),
        many_dimensions=Question(
            draw_mixed(noise, _draw_size(noise, 16, 32)), _draw_size(noise, 1_000, 5_000), 20.0
        ),
    )


def _draw_size(noise: np.random.Generator, smallest: int, largest: int) -> int:
    """A whole number, small ones more likely: its logarithm is uniform."""
    return int(np.exp(noise.uniform(np.log(smallest), np.log(largest + 1))))
