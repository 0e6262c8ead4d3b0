"""Path laws: a reference chain, and what nudges its kernels ahead and behind."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.pathspace.chain import Chain
from bridgemark.targets.base import LogProb

Look: TypeAlias = Callable[[Any, Float[Array, " dim"]], Any]  # (features of a time, x) -> hint
Control: TypeAlias = Callable[[Any, Float[Array, " dim"], Any], Float[Array, " dim"]]  # (features, x, hint)


class Nudge(NamedTuple):
    """What is done to a kernel of the reference: a control, and the log of a factor of its deviation."""

    control: Float[Array, " dim"]
    spread: Float[Array, " dim"] | None = None


Nudger: TypeAlias = Callable[[Any, Float[Array, " dim"], Any], Nudge]  # (features, x, hint)


class Hint(NamedTuple):
    """What controls lean on that has no parameters, the score of the target: one look at every point.

    `features` are stacked over the points of the grid.
    """

    look: Look
    features: Any


class Side(NamedTuple):
    """One direction of a path law: its nudges and their features, stacked over the points of the grid."""

    nudge: Nudger
    features: Any

    def control(self, features: Any, x: Float[Array, " dim"], hint: Any) -> Float[Array, " dim"]:
        """The nudge's control."""
        return self.nudge(features, x, hint).control


class Law(NamedTuple):
    """A sampler's path law and the backward law it is judged against; `log_mu` is that of the start."""

    chain: Chain
    hint: Hint
    forward: Side
    backward: Side
    log_mu: LogProb


NO_HINT = Hint(lambda features, x: None, None)
NO_CONTROL = Side(lambda features, x, hint: Nudge(jnp.zeros_like(x)), None)  # the reference itself


def steered(control: Control, features: Any) -> Side:
    """A side that leaves the reference's variances as they are."""
    return Side(lambda *inputs: Nudge(control(*inputs)), features)


def reverse(law: Law) -> Law:
    """The same pair of path laws run from the target to the source, hints and controls exchanged.

    Its paths are those of the backward side, from the law of their start that the caller chooses; their
    `backward_log_likelihood` is that of the forward side.
    """
    flip = lambda tree: jax.tree.map(lambda leaf: leaf[::-1], tree)  # noqa: E731
    chain, hint, forward, backward, log_mu = law
    turned = Chain(
        chain.times[-1] - flip(chain.times),
        flip(chain.behind),
        flip(chain.ahead),
        chain.log_end,
        chain.log_start,
    )
    ahead, behind = (Side(side.nudge, flip(side.features)) for side in (backward, forward))
    return Law(turned, Hint(hint.look, flip(hint.features)), ahead, behind, log_mu)
