"""Exact draws of the target, where it has them: the noise floor of every score, and no algorithm."""

from dataclasses import dataclass, field
from typing import ClassVar

from jaxtyping import PRNGKeyArray

from bridgemark.samplers.base import Draws, Fit, Sampler, State, Unsupported, evals
from bridgemark.targets.base import Density, Sample


@dataclass(frozen=True, kw_only=True)
class Oracle(Sampler):
    """Independent exact draws of the target, without weights and so without an estimate of Z.

    The runner sets `exact_draws` to the target's exact sampler, and never ranks this one. `fit` evaluates the
    density once, at an exact draw, where it must be finite; drawing evaluates nothing. Raises Unsupported
    where the target has no exact sampler.
    """

    needs_exact_draws: ClassVar[bool] = True
    exact_draws: Sample | None = field(default=None, repr=False)

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        x = self._draw(key, 1)[0]
        return Fit((), evals(values=1), {"log_prob": density.log_prob(x)})

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        x = self._draw(key, n)
        return state, Draws(x[:, None], None, None, evals(), {})

    @property
    def _draw(self) -> Sample:
        if self.exact_draws is None:
            raise Unsupported("the target has no exact draws")
        return self.exact_draws


SAMPLERS = {"oracle": Oracle()}
