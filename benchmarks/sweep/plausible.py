"""Refuses results that no working sampler gives: each check raises ValueError, which makes a failed row."""

import numpy as np
from jaxtyping import Float

from bridgemark.samplers.base import Draws, Fit

MAX_STEP = 0.05  # between log densities: it changes the odds of two points by 5 %


def require_recovered(fit: Fit) -> None:
    """Raise ValueError where training ended with a run of skipped updates, a twentieth of them or more."""
    skipped = np.asarray(fit.info.get("skipped", np.zeros(0, bool)), bool)
    run_length = skipped.size if skipped.all() else int(np.argmin(skipped[::-1]))
    if skipped.size and run_length >= max(skipped.size // 20, 1):
        raise ValueError(
            f"training never recovered: the last {run_length} of {skipped.size} updates were skipped, "
            "because their gradient was not finite"
        )


def require_finite(draws: Draws) -> None:
    """Raise ValueError unless all draws and log Z estimates are finite and the weights are valid.

    A log weight may be -inf, which is a weight of zero, but not all of them may.
    """
    broken = int(np.sum(~np.isfinite(draws.x).all(axis=-1)))
    if broken:
        raise ValueError(f"{broken} of {draws.x.shape[0] * draws.x.shape[1]} draws are not finite")
    log_weights = draws.log_weights
    if log_weights is not None and not (np.all(log_weights < np.inf) and np.any(log_weights > -np.inf)):
        raise ValueError("a log weight is NaN or infinite, or all weights are zero")
    if draws.log_z is not None and not np.all(np.isfinite(draws.log_z)):
        raise ValueError("a log Z estimate is not finite")


def require_moved(draws: Draws) -> None:
    """Raise ValueError where there are Markov chains and all draws of each are the same point."""
    chains, length, _ = draws.x.shape
    if draws.log_weights is None and length > 1 and not np.ptp(draws.x, axis=1).any():
        raise ValueError(
            f"none of the {chains} chains moved in {length:,} draws: the step size is 0 or far too large"
        )


def require_plausible_density(log_prob: Float[np.ndarray, " n"], draws: Draws) -> None:
    """Raise ValueError where the density at the draws is zero, not a number, or too coarse to draw from.

    `log_prob` are its logarithms, in the order of the draws, in the precision of the sampler. Draws of weight
    zero do not count. Numbers of one precision differ by steps that grow with their size: a large constant in
    log densities hides which of two points is the more likely.
    """
    if draws.log_weights is not None:
        log_prob = log_prob[np.ravel(draws.log_weights) > -np.inf]
    impossible = int(np.sum(~(log_prob > -np.inf)))
    if impossible:
        raise ValueError(
            f"{impossible:,} of {log_prob.size:,} draws have zero density: chains that start where it is "
            "zero never leave; begin with a base inside the support"
        )
    size = float(np.median(np.abs(log_prob)))
    step = float(np.spacing(size, dtype=log_prob.dtype))
    if step > MAX_STEP:
        raise ValueError(
            f"log densities are about {size:.1g} at the draws, where {log_prob.dtype} numbers are {step:.1g} "
            "apart; subtract a constant from log_prob, or give --precision float64"
        )
