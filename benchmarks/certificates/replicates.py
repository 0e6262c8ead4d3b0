"""Replicates: sets of draws from one fit of a sampler, which statistical tests compare with the truth."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.benchmarks.certificates.exam import Question
from bridgemark.benchmarks.scores.diagnostics import MIN_LENGTH, ess_bulk
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K, pareto_k
from bridgemark.benchmarks.sweep.phases import Phases, bind_phases
from bridgemark.samplers.base import Sampler, State, Unsupported
from bridgemark.targets.base import Statistic, Target

MAX_K_WITH_VARIANCE = 0.5  # a Pareto tail of a larger shape has none
FIRST_SETS = 24  # drawn before the first look at them; each further look is at twice as many
MAX_LOOKS = 10
DISCARDED_DRAWS = 8192  # by which chains leave the state of the fit
GROUPS = 8  # of chains, whose means are followed from set to set
RETRACED_SETS = 24
RETRACED = 1  # folded into the key of a set for paths that end at exact draws


@dataclass(frozen=True)
class Replicates:
    """Sets of draws from one fit, on a target whose log Z and statistics are known.

    Attributes:
        target: what was sampled.
        chains: the number of chains, of runs, or of independent draws that are kept of a set.
        errors: means over a few groups of chains of (w / Z) (f - E[f]) / sd[f] for every coordinate f of
            every statistic; without weights, w / Z is one. They are zero on average for a correct sampler.
        variances: variances of the means of single chains, over the chains of a set; NaN for one chain.
        largest: the largest absolute value of those means of single chains.
        z_ratios: means of w / Z over groups of chains, or of estimates of Z over Z by groups of runs; None
            where Z is not estimated. Their expectation is one for an unbiased estimate.
        largest_ratio: the largest w / Z of a chain, or of a run; None where Z is not estimated.
        log_weights: log weights of the draws; None for Markov chains.
        log_sizes: logs of w (1 + the largest z^2) of the draws, of which z is the first statistic: what the
            heaviest of the errors is made of. None without weights.
        log_z: estimates of log Z by each run, where weights were resampled; else None.
        ess: effective sample sizes of the first statistic that the diagnostics report; None without chains
            that are long enough.
        claims_unbiased_z: whether the sampler says that its estimate of Z is unbiased. Otherwise only its
            error has to vanish as the number of draws grows.
        claims_exactness: whether the sampler says that long runs have no bias.
        retraced: log weights of paths that end at exact draws; None without such draws or paths.
    """

    target: Target
    chains: int
    errors: Float[np.ndarray, "sets groups k"]
    variances: Float[np.ndarray, "sets k"]
    largest: Float[np.ndarray, "sets k"]
    z_ratios: Float[np.ndarray, "sets groups_of_runs"] | None
    largest_ratio: Float[np.ndarray, " sets"] | None
    log_weights: Float[np.ndarray, "sets draws"] | None
    log_sizes: Float[np.ndarray, "sets draws"] | None
    log_z: Float[np.ndarray, "sets runs"] | None
    ess: Float[np.ndarray, "sets dim"] | None
    claims_unbiased_z: bool = True
    claims_exactness: bool = True
    retraced: Float[np.ndarray, "sets n"] | None = None

    @property
    def is_weighted(self) -> bool:
        """Whether the draws have weights. Those without may be a Markov chain's, from set to set."""
        return self.log_weights is not None

    def has_heavy_tail(self) -> bool:
        """Whether the errors of the estimates have too heavy a tail for a test that needs their variance.

        Where weights were resampled, single runs are averaged; else single draws are. The sizes need a
        variance. The weights alone need not show one: where they hardly vary, the few that do may have a
        heavy tail.
        """
        if self.log_weights is None or self.log_sizes is None:
            return False
        if self.log_z is not None:
            return is_tail_heavy(self.log_z)
        return is_tail_heavy(self.log_weights) or is_tail_heavy(self.log_sizes, MAX_K_WITH_VARIANCE)


def is_tail_heavy(log_weights: np.ndarray, max_k: float = MAX_TRUSTED_K) -> bool:
    """Whether the tail of the weights has a larger shape than `max_k`."""
    return (pareto_k(np.ravel(log_weights)) or 0.0) > max_k


class DrawnSet(NamedTuple):
    """What is kept of one set of draws, as in `Replicates`.

    `z` is the first statistic of every draw where there are no weights.
    """

    chains: int
    errors: Float[Array | np.ndarray, "groups k"]
    variances: Float[Array | np.ndarray, " k"]
    largest: Float[Array | np.ndarray, " k"]
    z_ratios: Float[Array | np.ndarray, " groups_of_runs"] | None
    largest_ratio: Float[Array | np.ndarray, ""] | None
    log_weights: Float[Array | np.ndarray, " draws"] | None
    log_sizes: Float[Array | np.ndarray, " draws"] | None
    log_z: Float[Array | np.ndarray, " runs"] | None
    z: Float[Array | np.ndarray, "chains length dim"] | None


class _Source:
    """A fitted sampler that is asked for one set of draws after the other."""

    def __init__(self, sampler: Sampler, question: Question, seed: int) -> None:
        self.question, self.sampler = question, sampler
        self.phases = bind_phases(sampler, question.target, question.draws)
        key_fit, self.key_discarded, self.key_sets, self.key_paths = jax.random.split(jax.random.key(seed), 4)
        self.state = jax.jit(self.phases.fit)(key_fit).state
        self.draw_set = jax.jit(lambda key, state: _draw_set(self.phases, question.target, key, state))
        self.sets: list[DrawnSet] = []
        self.ess: list[Float[np.ndarray, " dim"]] = []

    def discard(self) -> None:
        """Draw without keeping anything."""
        for key in jax.random.split(self.key_discarded, 1 + DISCARDED_DRAWS // self.question.draws):
            self.state, _ = self.draw_set(key, self.state)

    def draw(self, count: int) -> None:
        """Draw `count` more sets."""
        for _ in range(count):
            key = jax.random.fold_in(self.key_sets, len(self.sets))
            self.state, drawn = self.draw_set(key, self.state)
            drawn = jax.tree.map(np.asarray, drawn)
            if drawn.z is not None and drawn.z.shape[1] >= MIN_LENGTH:
                self.ess.append(ess_bulk(drawn.z.astype(float)))
            self.sets.append(drawn._replace(z=None))

    def replicates(self) -> Replicates:
        """All sets so far."""
        return Replicates(
            target=self.question.target,
            chains=int(self.sets[0].chains),
            errors=np.stack([drawn.errors for drawn in self.sets]).astype(float),
            variances=np.stack([drawn.variances for drawn in self.sets]).astype(float),
            largest=np.stack([drawn.largest for drawn in self.sets]).astype(float),
            z_ratios=_stack([drawn.z_ratios for drawn in self.sets]),
            largest_ratio=_stack([drawn.largest_ratio for drawn in self.sets]),
            log_weights=_stack([drawn.log_weights for drawn in self.sets]),
            log_sizes=_stack([drawn.log_sizes for drawn in self.sets]),
            log_z=_stack([drawn.log_z for drawn in self.sets]),
            ess=np.stack(self.ess) if self.ess else None,
            claims_unbiased_z=self.sampler.unbiased_z,
            claims_exactness=self.sampler.asymptotically_exact,
        )

    def retraced(self) -> Float[np.ndarray, "sets n"] | None:
        """Log weights of paths that end at exact draws, anew for each key; None where there are none."""
        if self.phases.retrace is None:
            return None
        retrace = jax.jit(self.phases.retrace)
        try:
            keys = jax.random.split(self.key_paths, RETRACED_SETS)
            return np.stack([np.asarray(retrace(key, self.state), float) for key in keys])
        except Unsupported:
            return None


def draw_replicates(
    sampler: Sampler,
    question: Question,
    seed: int,
    is_settled: Callable[[Replicates], bool],
) -> Replicates:
    """Fit once, throw a few sets of draws away, and draw sets until `is_settled` says that they suffice.

    It is asked first at FIRST_SETS sets, then whenever there are twice as many, at most MAX_LOOKS times. No
    further sets are drawn when they would take longer than the question allows.
    """
    source = _Source(sampler, question, seed)
    source.discard()
    start = time.process_time()
    for _ in range(MAX_LOOKS):
        source.draw(max(len(source.sets), FIRST_SETS))
        replicates = source.replicates()
        if is_settled(replicates) or 2 * (time.process_time() - start) > question.seconds:
            break
    return replace(replicates, retraced=source.retraced()) if question.is_retraced else replicates


def _draw_set(phases: Phases, target: Target, key: PRNGKeyArray, state: State) -> tuple[State, DrawnSet]:
    """Draw once, and compute what is kept, in arrays of JAX."""
    assert target.log_z is not None
    state, draws = phases.sample(key, state)
    weights, ratios = jnp.ones(draws.x.shape[:2]), None
    if draws.log_weights is not None:
        weights = jnp.exp(draws.log_weights - target.log_z.value)
        ratios = jnp.mean(weights, axis=1)
    elif draws.log_z is not None:
        ratios = jnp.exp(draws.log_z - target.log_z.value)
    values = [_standardised(statistic, draws.x) for statistic in target.statistics]
    chain_means = _grouped(jnp.mean(weights[..., None] * jnp.concatenate(values, axis=-1), axis=1))
    groups, size, _ = chain_means.shape
    kept: Any = DrawnSet(
        chains=groups * size,
        errors=jnp.mean(chain_means, axis=1),
        variances=jnp.var(chain_means, axis=(0, 1), ddof=1),
        largest=jnp.max(jnp.abs(chain_means), axis=(0, 1)),
        z_ratios=None if ratios is None else jnp.mean(_grouped(ratios[:, None]), axis=(1, 2)),
        largest_ratio=None if ratios is None else jnp.max(ratios),
        log_weights=None if draws.log_weights is None else jnp.ravel(draws.log_weights),
        log_sizes=None if draws.log_weights is None else jnp.ravel(_log_sizes(draws.log_weights, values[0])),
        log_z=None if draws.log_weights is None else draws.log_z,
        z=values[0] if draws.log_weights is None else None,
    )
    return state, kept


def _log_sizes(
    log_weights: Float[Array, "chains length"], z: Float[Array, "chains length dim"]
) -> Float[Array, "chains length"]:
    return log_weights + jnp.log1p(jnp.max(z**2, axis=-1))


def _grouped(values: Float[Array, "chains k"]) -> Float[Array, "groups size k"]:
    """The values of at least GROUPS groups, or of single chains where there are fewer.

    Those few that would make a smaller group are left out.
    """
    size = max(1, len(values) // GROUPS)
    groups = len(values) // size
    return values[: groups * size].reshape(groups, size, -1)


def _standardised(
    statistic: Statistic, x: Float[Array, "chains length dim"]
) -> Float[Array, "chains length k"]:
    """(f - E[f]) / sd[f] at every draw, for every coordinate f of a statistic."""
    mean, sd = statistic.mean.astype(x.dtype), statistic.sd.astype(x.dtype)
    return jax.vmap(jax.vmap(lambda point: (statistic.fn(point) - mean) / sd))(x)


def _stack(parts: Sequence[Array | np.ndarray | None]) -> np.ndarray | None:
    arrays = [part for part in parts if part is not None]
    return np.stack(arrays).astype(float) if arrays else None
