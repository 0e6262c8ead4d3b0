"""Replicates: sets of draws from one fit of a sampler, which statistical tests compare with the truth."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from bridgemark.benchmarks.sweep.phases import Retrace, bind_phases
from bridgemark.samplers.base import Sampler, State, Unsupported
from bridgemark.targets.base import Statistic, Target

REPLICATES, DRAWS = 24, 512
RETRACED = 1  # folded into the key of a replicate for paths that end at exact draws


@dataclass(frozen=True)
class Replicates:
    """Sets of draws from one fit, on a target whose log Z and statistics are known.

    Attributes:
        target: what was sampled.
        x: draws of every replicate.
        log_weights: their log weights; None for Markov chains.
        log_z: estimates of log Z by each run of every replicate, where weights were resampled; else None.
        retraced: log weights of paths that end at exact draws; None without such draws or paths.
    """

    target: Target
    x: Float[np.ndarray, "replicates chains length dim"]
    log_weights: Float[np.ndarray, "replicates chains length"] | None
    log_z: Float[np.ndarray, "replicates runs"] | None
    retraced: Float[np.ndarray, "replicates n"] | None = None

    def weights(self) -> Float[np.ndarray, "replicates chains length"]:
        """w / Z; ones for Markov chains."""
        assert self.target.log_z is not None
        if self.log_weights is None:
            return np.ones(self.x.shape[:3])
        with np.errstate(over="ignore"):  # an infinite weight fails the tests that follow
            return np.exp(self.log_weights - self.target.log_z.value)

    def chain_errors(self) -> Float[np.ndarray, "replicates chains k"]:
        """Errors of every chain, whose expectations are zero for a correct sampler.

        They are the chain means of (w / Z) f - E[f] for every coordinate f of every statistic. Where there
        are weights, the mean of w / Z - 1 follows.
        """
        values = np.concatenate([_evaluate(s, self.x) for s in self.target.statistics], axis=-1)
        means = np.concatenate([s.mean for s in self.target.statistics])
        weights = self.weights()[..., None]
        with np.errstate(invalid="ignore"):
            errors = np.mean(weights * values, axis=2) - means
        if self.log_weights is None:
            return errors
        return np.append(errors, np.mean(weights, axis=2) - 1, axis=2)


def draw_replicates(sampler: Sampler, target: Target, seed: int = 0) -> Replicates:
    """Fit once, and draw REPLICATES sets of draws; chains continue from where they were.

    One more set is drawn first and thrown away, so that chains have left the state of the fit.
    """
    phases = bind_phases(sampler, target, DRAWS)
    key_fit, key_discarded, *keys = jax.random.split(jax.random.key(seed), REPLICATES + 2)
    sample = jax.jit(phases.sample)
    state, _ = sample(key_discarded, jax.jit(phases.fit)(key_fit).state)
    x, log_weights, log_z = [], [], []
    for key in keys:
        state, draws = sample(key, state)
        x.append(np.asarray(draws.x))
        if draws.log_weights is not None:
            log_weights.append(np.asarray(draws.log_weights))
        if draws.log_z is not None:
            log_z.append(np.asarray(draws.log_z))
    has_path_weights = bool(log_weights) and not log_z
    return Replicates(
        target=target,
        x=np.stack(x),
        log_weights=np.stack(log_weights) if log_weights else None,
        log_z=np.stack(log_z) if log_z else None,
        retraced=_retrace(phases.retrace, state, keys) if has_path_weights else None,
    )


def _retrace(
    retrace: Retrace | None, state: State, keys: list[PRNGKeyArray]
) -> Float[np.ndarray, "replicates n"] | None:
    """Log weights of paths that end at exact draws, anew for each key; None where there are none."""
    if retrace is None:
        return None
    compiled = jax.jit(retrace)
    try:
        return np.stack([np.asarray(compiled(jax.random.fold_in(key, RETRACED), state)) for key in keys])
    except Unsupported:
        return None


def _evaluate(
    statistic: Statistic, x: Float[np.ndarray, "replicates chains length dim"]
) -> Float[np.ndarray, "replicates chains length k"]:
    """The statistic of every draw, computed in single precision."""
    points = jnp.asarray(x.reshape(-1, x.shape[-1]), jnp.float32)
    return np.asarray(jax.vmap(statistic.fn)(points), float).reshape(*x.shape[:3], -1)
