"""The oracle: exact draws, where a target has them. Its rows are the noise floor of every score."""

from dataclasses import dataclass

from jaxtyping import PRNGKeyArray

from samplers.base import Draws, Fit, Sampler, State, Unsupported, evals
from targets.base import Sample, Target


@dataclass(frozen=True, kw_only=True)
class Oracle(Sampler):
    """Independent exact draws of the target, without weights and so without an estimate of Z.

    `fit` looks at the density once, at an exact draw, where it must be finite; drawing evaluates nothing.
    """

    def fit(self, key: PRNGKeyArray, target: Target) -> Fit:
        x = _exact(target)(key, 1)[0]
        return Fit((), evals(values=1), {"log_prob": target.log_prob(x)})

    def sample(self, key: PRNGKeyArray, target: Target, state: State, n: int) -> tuple[State, Draws]:
        x = _exact(target)(key, n)
        return state, Draws(x[:, None], None, None, evals(), {})


def _exact(target: Target) -> Sample:
    if target.sample is None:
        raise Unsupported("the target has no exact draws")
    return target.sample


SAMPLERS = {"oracle": Oracle()}
