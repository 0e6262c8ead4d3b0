"""A sampler that is certified, and those of its runs that several checks share."""

from functools import cached_property

import jax

from bridgemark.benchmarks.certificates.biases import is_settled
from bridgemark.benchmarks.certificates.count_checks import PhaseCount, count_full_size
from bridgemark.benchmarks.certificates.exam import Question, draw_exam
from bridgemark.benchmarks.certificates.replicates import Replicates, draw_replicates
from bridgemark.benchmarks.certificates.small_runs import TINY, compile_small
from bridgemark.benchmarks.sweep.phases import Phases
from bridgemark.samplers.base import Limits, Sampler

BRIEF = Limits(updates=200, pilot=64, warm_up=500)  # enough to learn the targets of the statistical tests


class SamplerUnderTest:
    """A sampler, and those of its runs that several checks share, each made when it is first needed.

    The exam's targets and all keys are drawn by `seed`. The time for drawing is multiplied by `effort`.
    """

    def __init__(self, sampler: Sampler, seed: int = 0, effort: float = 1.0) -> None:
        self.sampler, self.seed, self.effort = sampler, seed, effort
        self.exam = draw_exam(seed, effort)

    def draw(self, question: Question) -> Replicates:
        """Replicates on the target of a question, by the sampler at a size that suffices for it."""
        return draw_replicates(self.sampler.at_most(BRIEF), question, self.seed, is_settled)

    @cached_property
    def posterior(self) -> Replicates:
        """Replicates on the Gaussian posterior."""
        return self.draw(self.exam.posterior)

    @cached_property
    def mixed(self) -> Replicates:
        """Replicates on the target of skewed, heavy-tailed and bimodal coordinates."""
        return self.draw(self.exam.mixed)

    @cached_property
    def few_draws(self) -> Replicates:
        """Replicates of few draws, in double precision."""
        with jax.enable_x64(True):
            return self.draw(self.exam.few_draws)

    @cached_property
    def one_dimension(self) -> Replicates:
        """Replicates in one dimension."""
        return self.draw(self.exam.one_dimension)

    @cached_property
    def many_dimensions(self) -> Replicates:
        """Replicates in 16 to 32 dimensions."""
        return self.draw(self.exam.many_dimensions)

    @cached_property
    def full_size_counts(self) -> tuple[PhaseCount, ...]:
        """The evaluations of the sampler as it is registered."""
        return count_full_size(self.sampler, self.exam.posterior.target, self.seed)

    @cached_property
    def tiny(self) -> Sampler:
        """The sampler at its smallest size."""
        return self.sampler.at_most(TINY)

    @cached_property
    def tiny_phases(self) -> Phases:
        """The compiled phases of the smallest sampler on the Gaussian posterior."""
        return compile_small(self.tiny, self.exam.posterior.target)
