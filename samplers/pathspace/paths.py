"""The core of every path-space sampler: a reference chain, two controls, and log weights of paths.

A sampler moves x_0 ~ mu through kernels F_k to x_K, and scores the path against backward kernels B_k:

    log w = log gamma(x_K) + sum_k log B_k(x_k | x_{k+1}) - log mu(x_0) - sum_k log F_k(x_{k+1} | x_k),

which is proper, E[w] = Z, for any kernels and any number of steps. Both kernels are Gaussian
perturbations of one reference chain R, run ahead and run behind,

    F_k = N(a_k x + g_k u_k(x), s_k e^{2 l_k(x)}),   B_k = N(b_k x' + h_k v_{k+1}(x'), r_k e^{2 m_{k+1}(x')}),

so that log B/F needs no difference of large numbers: the time reversal of R leaves
log R_0(x_0) - log R_K(x_K) and the two Girsanov-like terms of `_score`. Controls are in units of a
gradient of a log potential: the exact bridge has u = grad log phi, v = grad log phi-hat (Heng, De
Bortoli, Doucet 2024; the exponential integrator is that of Vargas, Grathwohl, Doucet 2023). The spreads
l and m, a number a coordinate, vanish as the grid is refined; on a coarse one the kernels of an exact
bridge, R_k(x' | x) phi(x') / phi(x), have variances of their own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.pathspace.chain import Chain
from bridgemark.samplers.pathspace.path_measure import Law, Nudge, Nudger, reverse
from bridgemark.targets.base import LogProb

BLOCK = 8  # steps of a stored path scored at once: a batch of them stays in a core's cache


class Path(NamedTuple):
    """What a simulation keeps: points and hints at each of them, a displacement x' - a x a step."""

    x: Float[Array, "points dim"]
    displacement: Float[Array, "steps dim"]
    hints: Any


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
    nudge = _with_detached(forward.nudge) if stick else lambda *inputs: (forward.nudge(*inputs),) * 2

    @jax.checkpoint
    def step(carry: tuple, inputs: tuple) -> tuple[tuple, tuple]:
        x, seen, log_weight = carry
        ahead, behind, noticed, moving, pulling, xi = inputs
        moved, judged = nudge(moving, x, seen)
        displacement = _displacement(ahead, moved, xi)
        after = x - ahead.lost * x + displacement
        seen_after = hint.look(noticed, after)
        pulled = backward.nudge(pulling, after, seen_after)
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
        displacement = _displacement(ahead, law.forward.nudge(moving, x, seen), xi)
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
        return _score(kernel, law.forward.nudge(features, x, seen), displacement)

    before = (_before(law.forward.features), path.x[:-1], _before(path.hints))
    log_forward = jnp.sum(_over_steps(step, (ahead, *before, path.displacement)))
    ends = law.chain.log_start(start) - law.log_mu(start) - law.chain.log_end(end)
    return ends + backward_log_likelihood(law, path) - log_forward


def retraced(
    law: Law, log_gamma: LogProb, end: Float[Array, " dim"], noise: Float[Array, "steps dim"]
) -> Float[Array, ""]:
    """The log weight of a path of the backward kernels from x_K = `end` to the source."""
    back = simulate(reverse(law), end, noise)
    x, hints = jax.tree.map(lambda leaf: leaf[::-1], (back.x, back.hints))
    lost = jnp.asarray(law.chain.ahead.lost, x.dtype)[:, None]
    path = Path(x, x[1:] - x[:-1] + lost * x[:-1], hints)
    return score_path(law, path) + log_gamma(end)


def forward_controls(law: Law, path: Path) -> Float[Array, "steps dim"]:
    """The forward control at every point of a stored path but the last."""
    before = (_before(law.forward.features), path.x[:-1], _before(path.hints))
    return _over_steps(lambda inputs: law.forward.control(*inputs), before)


def backward_log_likelihood(law: Law, path: Path) -> Float[Array, ""]:
    """sum_k log B_k(x_k | x_{k+1}) - log R(x_k | x_{k+1}) of a stored path: the sampler's own data."""
    _, behind = _kernels(law.chain, path.x)

    def step(inputs: tuple) -> Array:
        kernel, features, x, after, seen_after = inputs
        pulled = law.backward.nudge(features, after, seen_after)
        return _score(kernel, pulled, x - after + kernel.lost * after)

    after = (path.x[1:], _after(path.hints))
    return jnp.sum(_over_steps(step, (behind, _after(law.backward.features), path.x[:-1], *after)))


def _over_steps(step: Callable[[Any], Array], inputs: Any) -> Array:
    """step(inputs_k) for every k, a block at a time: derivatives keep the inputs and nothing else."""
    return jax.lax.map(jax.checkpoint(step), inputs, batch_size=BLOCK)


def _path(start: Array, seen: Any, points: Array, displacement: Array, hints: Any) -> Path:
    join = lambda first, rest: jnp.concatenate([first[None], rest])  # noqa: E731
    return Path(join(start, points), displacement, jax.tree.map(join, seen, hints))


def _with_detached(nudge: Nudger) -> Callable[[Any, Array, Any], tuple[Nudge, Nudge]]:
    """The nudge twice, once with its parameters held fixed (those too that it closes over).

    Both are one value, computed once; only derivatives differ.
    """

    def both(features: Any, x: Array, hint: Any) -> tuple[Nudge, Nudge]:
        pure, parameters = jax.closure_convert(nudge, features, x, hint)
        of = lambda learnt, seen: pure(learnt[0], *seen, *learnt[1])  # noqa: E731

        @jax.custom_jvp
        def twice(learnt: tuple, seen: tuple) -> tuple[Nudge, Nudge]:
            return (of(learnt, seen),) * 2

        @twice.defjvp
        def tangents(inputs: tuple, changes: tuple) -> tuple[tuple, tuple]:
            learnt, seen = inputs
            value, by_seen = jax.jvp(lambda seen: of(learnt, seen), (seen,), changes[1:])
            _, by_learnt = jax.jvp(lambda learnt: of(learnt, seen), (learnt,), changes[:1])
            return (value, value), (jax.tree.map(jnp.add, by_learnt, by_seen), by_seen)

        return twice((features, parameters), (x, hint))

    return both


def _displacement(kernel: Any, nudge: Nudge, noise: Array) -> Array:
    """x' - a x of a nudged kernel."""
    factor = jnp.sqrt(kernel.variance) * (1.0 if nudge.spread is None else jnp.exp(nudge.spread))
    return kernel.gain * nudge.control + factor * noise


def _score(kernel: Any, nudge: Nudge, displacement: Array) -> Array:
    """log N(a x + displacement; a x + gain control, variance e^(2 spread)) minus the same un-nudged."""
    control, spread = nudge
    variance = kernel.variance + (kernel.variance == 0.0)  # of a certain step: its displacement is 0
    rate = kernel.gain / variance
    score = rate * jnp.sum(control * (displacement - 0.5 * kernel.gain * control))
    if spread is None:
        return score
    missed = (displacement - kernel.gain * control) ** 2 / variance
    return score - jnp.sum(spread + 0.5 * jnp.expm1(-2.0 * spread) * missed)


def _kernels(chain: Chain, like: Array) -> tuple[Any, Any]:
    """Both `Kernels`, as arrays of JAX."""
    return jax.tree.map(lambda array: jnp.asarray(array, like.dtype), (chain.ahead, chain.behind))


def _first(features: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[0], features)


def _before(features: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[:-1], features)


def _after(features: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[1:], features)
