"""What the phases of a sampler must return, checked on shapes and kinds of numbers before anything runs.

Each complaint names what was returned, the rule, and how to keep it. `samplers/base.py` states the rules.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from bridgemark.samplers.base import Draws, Evals, Fit, State


class BrokenContract(ValueError):
    """A phase of a sampler returned something other than the contract of samplers says."""


def require_fit(returned: Any) -> None:
    """Raise BrokenContract unless `returned`, as JAX has traced it, is a `Fit`."""
    if not isinstance(returned, Fit):
        raise BrokenContract(
            f"fit returned {_kind(returned)}; it must return Fit(state, evals, info): Fit((), evals(), {{}}) "
            "where there is nothing to fit"
        )
    _require_evals("fit", returned.evals)
    _require_info("fit", returned.info)


def require_sampled(returned: Any, state: State, dim: int, n: int, least: Callable[[], Any]) -> None:
    """Raise BrokenContract unless `returned`, as JAX has traced it, is a pair of a state and `Draws`.

    `state` is the state that `fit` returned, `n` the number of draws asked for in `dim` dimensions. `least`
    traces `sample` for a single draw; it is called only where more than `n` draws were returned.
    """
    if not _is_pair(returned) or not isinstance(returned[1], Draws):
        raise BrokenContract(
            f"sample returned {_kind(returned)}; it must return the pair (state, Draws(...)), with the state "
            "from which a later call goes on"
        )
    new_state, draws = returned
    _require_points(draws, dim)
    _require_number_of_draws(draws, n, least)
    _require_weights(draws)
    _require_evals("sample", draws.evals)
    _require_info("sample", draws.info)
    if _signature(new_state) != _signature(state):
        raise BrokenContract(
            "sample returned a state whose arrays differ in number, shape or kind from those of fit; a later "
            "call must be able to go on from it: return the state as it is if nothing changes"
        )


def require_retraced(returned: Any, n: int) -> None:
    """Raise BrokenContract unless `returned`, as JAX has traced it, is a log weight for each of n points."""
    if not _is_real_array(returned) or returned.shape != (n,):
        raise BrokenContract(
            f"retrace returned {_kind(returned)}; it must return a real log weight for each of the {n} "
            f"points: shape ({n},)"
        )


def _require_points(draws: Draws, dim: int) -> None:
    x = draws.x
    if not _is_real_array(x):
        raise BrokenContract(f"sample returned {_kind(x)} as Draws.x; draws are real: an array of floats")
    if len(x.shape) != 3 or x.shape[-1] != dim:
        raise BrokenContract(
            f"sample returned Draws.x of shape {x.shape}; the shape must be (chains, length, {dim}): "
            f"independent draws of shape (n, {dim}) are x[:, None, :]"
        )


def _require_number_of_draws(draws: Draws, n: int, least: Callable[[], Any]) -> None:
    """Raise BrokenContract unless the number of draws is `n`, rounded down to whole chains or runs.

    Rounding down to a multiple of any size up to `n` leaves more than half of `n`. Only a sampler that cannot
    draw fewer may return more than `n`: it then returns as many where a single draw is asked for.
    """
    number = draws.x.shape[0] * draws.x.shape[1]
    if n / 2 < number <= n:
        return
    if number > n:
        fewest = least()[1].x.shape
        if fewest[0] * fewest[1] == number:
            return
    raise BrokenContract(
        f"sample returned {number:,} draws where {n:,} were asked for; the number n may be rounded down to "
        "whole chains or runs, so that more than half of n is left"
    )


def _require_weights(draws: Draws) -> None:
    log_weights, log_z, shape = draws.log_weights, draws.log_z, draws.x.shape[:2]
    if log_weights is not None and (not _is_real_array(log_weights) or log_weights.shape != shape):
        raise BrokenContract(
            f"sample returned {_kind(log_weights)} as Draws.log_weights; it must be None or a real weight "
            f"for each draw, in shape {shape}: for independent draws log_weights[:, None]"
        )
    if log_z is not None and (not _is_real_array(log_z) or len(log_z.shape) != 1):
        raise BrokenContract(
            f"sample returned {_kind(log_z)} as Draws.log_z; it is one real estimate for each run, an array "
            "of shape (runs,), or None: a single estimate is log_z[None]"
        )


def _require_evals(phase: str, evals: Any) -> None:
    """Raise BrokenContract unless the counts are integers; that they are not negative shows when they run."""
    rule = "build it with evals(values=..., gradients=...) from integers, or from arrays of integers"
    if not isinstance(evals, Evals):
        raise BrokenContract(f"{phase} returned {_kind(evals)} as evals; {rule}")
    for name, count in evals._asdict().items():
        if not _is_array(count) or not jnp.issubdtype(count.dtype, jnp.integer):
            raise BrokenContract(f"{phase} returned {_kind(count)} as evals.{name}; {rule}")


def _require_info(phase: str, info: Any) -> None:
    if not isinstance(info, dict) or not all(map(_is_array, info.values())):
        raise BrokenContract(
            f"{phase} returned {_kind(info)} as info; it must be a dictionary of arrays, which may be empty"
        )


def _is_array(value: Any) -> bool:
    """Whether a traced value is a single array, and neither None nor a tree of several."""
    return isinstance(value, jax.ShapeDtypeStruct)


def _is_real_array(value: Any) -> bool:
    return _is_array(value) and jnp.issubdtype(value.dtype, jnp.floating)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _signature(tree: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """The structure of a tree of traced arrays, and the shape and the kind of each."""
    leaves, structure = jax.tree.flatten(tree)
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]


def _kind(value: Any) -> str:
    """What a traced value is, in a few words, such as "a tuple of 3" or "an array of int32, shape (5, 2)"."""
    if value is None:
        return "None"
    if _is_array(value):
        return f"an array of {value.dtype}, shape {value.shape}"
    name = type(value).__name__
    return f"a tuple of {len(value)}" if name == "tuple" else f"a {name}"
