"""Path measures: a reference chain whose kernels are shifted by controls, forwards and backwards in time."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.pathspace.chain import Chain, Kernels
from bridgemark.targets.base import LogProb


class KernelShift(NamedTuple):
    """The change made to one Gaussian kernel of the reference chain.

    `control` (dim,) moves the mean by gain * control; `log_scale` (dim,) multiplies the standard deviation
    of each coordinate by its exponential, and None leaves it as it is.
    """

    control: Float[Array, " dim"]
    log_scale: Float[Array, " dim"] | None = None


# `features` are what a function needs of one point of the time grid, `guidance` is what a Guidance
# evaluates to at x.
GuidanceFn: TypeAlias = Callable[[Any, Float[Array, " dim"]], Any]  # (features, x) -> guidance
ShiftFn: TypeAlias = Callable[[Any, Float[Array, " dim"], Any], KernelShift]  # (features, x, guidance)
ControlFn: TypeAlias = Callable[[Any, Float[Array, " dim"], Any], Float[Array, " dim"]]  # the same


class Guidance(NamedTuple):
    """A quantity of x without trained parameters, most often the target's score, which controls use.

    It is evaluated once at every point of a path and shared by both directions, since it is what costs
    gradients of the target. `features` are stacked over the points of the time grid.
    """

    evaluate: GuidanceFn
    features: Any


class Direction(NamedTuple):
    """The kernel shifts of one direction of time; `features` are stacked over the points of the grid."""

    shift: ShiftFn
    features: Any

    def control(self, features: Any, x: Float[Array, " dim"], guidance: Any) -> Float[Array, " dim"]:
        """The control alone, without the change of the standard deviation."""
        return self.shift(features, x, guidance).control


class PathMeasure(NamedTuple):
    """The distribution of a sampler's paths, and the backward kernels that their weights refer to.

    A path starts from the distribution whose log density is `log_initial` and follows the `forward`
    direction of the chain.
    """

    chain: Chain
    guidance: Guidance
    forward: Direction
    backward: Direction
    log_initial: LogProb


def _no_guidance(features: Any, x: Float[Array, " dim"]) -> None:
    return None


def _no_shift(features: Any, x: Float[Array, " dim"], guidance: Any) -> KernelShift:
    return KernelShift(jnp.zeros_like(x))


NO_GUIDANCE = Guidance(_no_guidance, None)
NO_CONTROL = Direction(_no_shift, None)  # the kernels of the reference itself


def with_control(control: ControlFn, features: Any) -> Direction:
    """A direction that has this control and keeps the reference's variances."""

    def shift(features: Any, x: Float[Array, " dim"], guidance: Any) -> KernelShift:
        return KernelShift(control(features, x, guidance))

    return Direction(shift, features)


def features_at(features: Any, index: Any) -> Any:
    """The features of the points of the time grid at `index`: an integer, a slice or an array of integers."""
    return jax.tree.map(lambda leaf: leaf[index], features)


def reverse(measure: PathMeasure) -> PathMeasure:
    """The same pair of directions with time reversed, from the target to the source.

    Its paths follow the backward direction of `measure`, from starting points that the caller chooses;
    their `backward_log_likelihood` is that of the forward direction of `measure`.
    """
    chain = measure.chain
    reversed_chain = Chain(
        times=chain.times[-1] - chain.times[::-1],
        forward=_reversed_kernels(chain.backward),
        backward=_reversed_kernels(chain.forward),
        log_start=chain.log_end,
        log_end=chain.log_start,
    )
    forward = Direction(measure.backward.shift, _reversed_features(measure.backward.features))
    backward = Direction(measure.forward.shift, _reversed_features(measure.forward.features))
    guidance = Guidance(measure.guidance.evaluate, _reversed_features(measure.guidance.features))
    return PathMeasure(reversed_chain, guidance, forward, backward, measure.log_initial)


def _reversed_kernels(kernels: Kernels) -> Kernels:
    return Kernels(kernels.decay[::-1], kernels.gain[::-1], kernels.variance[::-1])


def _reversed_features(features: Any) -> Any:
    return features_at(features, slice(None, None, -1))
