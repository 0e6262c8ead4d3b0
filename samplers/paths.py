"""The core of every path-space sampler: a reference chain, two controls, and log weights of paths.

A sampler moves x_0 ~ mu through kernels F_k to x_K, and scores the path against backward kernels B_k:

    log w = log gamma(x_K) + sum_k log B_k(x_k | x_{k+1}) - log mu(x_0) - sum_k log F_k(x_{k+1} | x_k),

which is proper, E[w] = Z, for any kernels and any number of steps. Both kernels are Gaussian
perturbations of one reference chain R, run ahead and run behind,

    F_k = N(a_k x + g_k u_k(x), s_k I),    B_k = N(b_k x' + h_k v_{k+1}(x'), r_k I),

so that log B/F needs no difference of large numbers: the time reversal of R leaves
log R_0(x_0) - log R_K(x_K) and the two Girsanov-like terms of `_score`. Controls are in units of a
gradient of a log potential: the exact bridge has u = grad log phi, v = grad log phi-hat (Heng, De
Bortoli, Doucet 2024; the exponential integrator is that of Vargas, Grathwohl, Doucet 2023).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from samplers.chain import Chain
from targets.base import LogProb

BLOCK = 8  # steps of a stored path scored at once: a batch of them stays in a core's cache

Look: TypeAlias = Callable[[Any, Float[Array, " dim"]], Any]  # (features of a time, x) -> hint
Control: TypeAlias = Callable[[Any, Float[Array, " dim"], Any], Float[Array, " dim"]]  # (features, x, hint)


class Hint(NamedTuple):
    """What controls lean on that has no parameters, the score of the target: one look at every point.

    `features` are stacked over the points of the grid.
    """

    look: Look
    features: Any


class Side(NamedTuple):
    """One direction of a path law: a control and its features, stacked over the points of the grid."""

    control: Control
    features: Any


class Law(NamedTuple):
    """A sampler's path law and the backward law it is judged against; `log_mu` is that of the start."""

    chain: Chain
    hint: Hint
    forward: Side
    backward: Side
    log_mu: LogProb


class Path(NamedTuple):
    """What a simulation keeps: points and hints at each of them, a displacement x' - a x a step."""

    x: Float[Array, "points dim"]
    displacement: Float[Array, "steps dim"]
    hints: Any


NO_HINT = Hint(lambda features, x: None, None)
NO_CONTROL = Side(lambda features, x, hint: jnp.zeros_like(x), None)  # the reference itself


def run(
    law: Law,
    log_gamma: LogProb,
    start: Float[Array, " dim"],
    noise: Float[Array, "steps dim"],
    stick: bool = False,
) -> tuple[Path, Float[Array, ""]]:
    """Simulate one path and return it with its log weight, both differentiable through the path.

    With `stick` the path is scored by the forward control with its parameters detached: minus the mean
    log weight has the sticking-the-landing gradient (Roeder, Wu, Duvenaud 2017).
    """
    chain, hint, forward, backward, log_mu = law
    control = _with_detached(forward.control) if stick else lambda *inputs: (forward.control(*inputs),) * 2

    @jax.checkpoint
    def step(carry: tuple, inputs: tuple) -> tuple[tuple, tuple]:
        x, seen, log_weight = carry
        ahead, behind, noticed, moving, pulling, xi = inputs
        moved, judged = control(moving, x, seen)
        displacement = ahead.gain * moved + jnp.sqrt(ahead.variance) * xi
        after = x - ahead.lost * x + displacement
        seen_after = hint.look(noticed, after)
        pulled = backward.control(pulling, after, seen_after)
        log_backward = _score(behind, pulled, x - after + behind.lost * after)
        log_weight += log_backward - _score(ahead, judged, displacement)
        return (after, seen_after, log_weight), (after, displacement, seen_after)

    inputs = (
        *_kernels(chain, start),
        _after(hint.features),
        _before(forward.features),
        _after(backward.features),
        noise,
    )
    seen = hint.look(_first(hint.features), start)
    first = chain.log_start(start) - log_mu(start)
    (end, _, log_weight), walked = jax.lax.scan(step, (start, seen, first), inputs)
    return _path(start, seen, *walked), log_weight + log_gamma(end) - chain.log_end(end)


def simulate(law: Law, start: Float[Array, " dim"], noise: Float[Array, "steps dim"]) -> Path:
    """One path of the sampler, kept whole and unscored."""
    ahead, _ = _kernels(law.chain, start)

    def step(carry: tuple, inputs: tuple) -> tuple[tuple, tuple]:
        x, seen = carry
        ahead, noticed, moving, xi = inputs
        displacement = ahead.gain * law.forward.control(moving, x, seen) + jnp.sqrt(ahead.variance) * xi
        after = x - ahead.lost * x + displacement
        seen_after = law.hint.look(noticed, after)
        return (after, seen_after), (after, displacement, seen_after)

    seen = law.hint.look(_first(law.hint.features), start)
    inputs = (ahead, _after(law.hint.features), _before(law.forward.features), noise)
    _, walked = jax.lax.scan(step, (start, seen), inputs)
    return _path(start, seen, *walked)


def score_path(law: Law, path: Path) -> Float[Array, ""]:
    """The log weight of a stored path less log gamma at its end."""
    start, end = path.x[0], path.x[-1]
    ahead, _ = _kernels(law.chain, start)

    def step(inputs: tuple) -> Array:
        kernel, features, x, seen, displacement = inputs
        return _score(kernel, law.forward.control(features, x, seen), displacement)

    before = (_before(law.forward.features), path.x[:-1], _before(path.hints))
    log_forward = jnp.sum(_over_steps(step, (ahead, *before, path.displacement)))
    ends = law.chain.log_start(start) - law.log_mu(start) - law.chain.log_end(end)
    return ends + backward_log_likelihood(law, path) - log_forward


def forward_controls(law: Law, path: Path) -> Float[Array, "steps dim"]:
    """The forward control at every point of a stored path but the last."""
    before = (_before(law.forward.features), path.x[:-1], _before(path.hints))
    return _over_steps(lambda inputs: law.forward.control(*inputs), before)


def backward_log_likelihood(law: Law, path: Path) -> Float[Array, ""]:
    """sum_k log B_k(x_k | x_{k+1}) - log R(x_k | x_{k+1}) of a stored path: the sampler's own data."""
    _, behind = _kernels(law.chain, path.x)

    def step(inputs: tuple) -> Array:
        kernel, features, x, after, seen_after = inputs
        pulled = law.backward.control(features, after, seen_after)
        return _score(kernel, pulled, x - after + kernel.lost * after)

    after = (path.x[1:], _after(path.hints))
    return jnp.sum(_over_steps(step, (behind, _after(law.backward.features), path.x[:-1], *after)))


def _over_steps(step: Callable[[Any], Array], inputs: Any) -> Array:
    """step(inputs_k) for every k, a block at a time: derivatives keep the inputs and nothing else."""
    return jax.lax.map(jax.checkpoint(step), inputs, batch_size=BLOCK)


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
    ahead, behind = (Side(side.control, flip(side.features)) for side in (backward, forward))
    return Law(turned, Hint(hint.look, flip(hint.features)), ahead, behind, log_mu)


def _path(start: Array, seen: Any, points: Array, displacement: Array, hints: Any) -> Path:
    join = lambda first, rest: jnp.concatenate([first[None], rest])  # noqa: E731
    return Path(join(start, points), displacement, jax.tree.map(join, seen, hints))


def _with_detached(control: Control) -> Callable[[Any, Array, Any], tuple[Array, Array]]:
    """The control twice, once with its parameters held fixed (those too that it closes over).

    Both are one value, computed once; only derivatives differ.
    """

    def both(features: Any, x: Array, hint: Any) -> tuple[Array, Array]:
        pure, parameters = jax.closure_convert(control, features, x, hint)
        of = lambda learnt, seen: pure(learnt[0], *seen, *learnt[1])  # noqa: E731

        @jax.custom_jvp
        def twice(learnt: tuple, seen: tuple) -> tuple[Array, Array]:
            return (of(learnt, seen),) * 2

        @twice.defjvp
        def tangents(inputs: tuple, changes: tuple) -> tuple[tuple, tuple]:
            learnt, seen = inputs
            value, by_seen = jax.jvp(lambda seen: of(learnt, seen), (seen,), changes[1:])
            _, by_learnt = jax.jvp(lambda learnt: of(learnt, seen), (learnt,), changes[:1])
            return (value, value), (by_learnt + by_seen, by_seen)

        return twice((features, parameters), (x, hint))

    return both


def _score(kernel: Any, control: Array, displacement: Array) -> Array:
    """log N(a x + displacement; a x + gain control, variance I) minus the same without control."""
    rate = kernel.gain / kernel.variance
    return rate * jnp.sum(control * (displacement - 0.5 * kernel.gain * control))


def _kernels(chain: Chain, like: Array) -> tuple[Any, Any]:
    """Both `Kernels`, as arrays of JAX."""
    return jax.tree.map(lambda array: jnp.asarray(array, like.dtype), (chain.ahead, chain.behind))


def _first(features: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[0], features)


def _before(features: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[:-1], features)


def _after(features: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[1:], features)
