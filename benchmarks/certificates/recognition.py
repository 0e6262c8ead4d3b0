"""Whether a sampler treats a registered target otherwise than the same density in disguise."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import stats

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates.biases import LEVEL
from bridgemark.benchmarks.certificates.disguise import Disguise, base_variances, draw_disguise, put_on
from bridgemark.benchmarks.certificates.small_runs import TINY, compile_small
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.benchmarks.sweep.presets import SEVEN
from bridgemark.samplers.base import Draws, Sampler, Unsupported
from bridgemark.targets.base import Target

MAX_DIM = 64
RUNS, DRAWS = 24, 128
ASKED = 8  # coordinates whose means and mean squares are compared
ROUNDING = 1e-4  # relative and absolute, of numbers that are equal: other coordinates round otherwise
MIN_TARGETS = 2


def no_target_recognised(sampler: Sampler, seed: int, seconds: float) -> str | None:
    """Test that runs on registered targets are as they are in disguise, in location and in spread.

    Small runs are compared, because a sampler that knows the answer stands out most where an honest one has
    little time. The targets of the default grid come first, then all others of at most MAX_DIM dimensions, in
    an order that the seed draws. After `seconds` of processor time none is begun, if MIN_TARGETS were
    compared. Raises NotJudged if the sampler serves none of them.
    """
    noise = np.random.default_rng(seed)
    start, compared = time.process_time(), 0
    names = _names(noise)
    level = LEVEL / len(names)
    for name in names:
        if compared >= MIN_TARGETS and time.process_time() - start > seconds:
            break
        target = registry.build(name, registry.load_target(name))
        if target.density.dim > MAX_DIM:
            continue
        try:
            complaint = compare(sampler.at_most(TINY), target, draw_disguise(noise, target), seed, level)
        except Unsupported:
            continue
        if complaint:
            return f"{name} gives {complaint} than the same density in other coordinates"
        compared += 1
    if not compared:
        raise NotJudged("it serves no registered target")
    return None


def _names(noise: np.random.Generator) -> list[str]:
    """Names of all registered targets in a random order, except that those of the default grid come first."""
    names = sorted(registry.target_modules())
    shuffled = [names[position] for position in noise.permutation(len(names))]
    return sorted(shuffled, key=lambda name: name not in SEVEN)


def compare(sampler: Sampler, target: Target, disguise: Disguise, seed: int, level: float) -> str | None:
    """How runs on the target differ from runs on it in disguise, or None.

    Every description of a run is compared by two rank tests, of its location and of its distance from the
    median. They raise a false alarm with a probability below `level` together, whatever its distribution.
    """
    identity = Disguise(np.arange(target.density.dim), np.ones(target.density.dim), 0 * disguise.shift, 0.0)
    runs = [
        _describe_runs(sampler, target, identity, 2 * seed),
        _describe_runs(sampler, target, disguise, 2 * seed + 1),
    ]
    unit = ROUNDING * (1 + np.median(np.abs(np.concatenate(runs)), axis=0))
    plain, disguised = (np.round(numbers / unit) for numbers in runs)
    location = _rank_test(plain, disguised)
    spread = _rank_test(_distances(plain), _distances(disguised))
    limit = level / (2 * plain.shape[1])
    if np.any(location < limit):
        return "other answers"
    if np.any(spread < limit):
        return "answers of another spread"
    return None


def _describe_runs(
    sampler: Sampler, target: Target, disguise: Disguise, seed: int
) -> Float[np.ndarray, "runs k"]:
    """Numbers that describe runs on the target in disguise, in the target's own coordinates."""
    phases = compile_small(sampler, put_on(disguise, target), DRAWS)
    describe = jax.jit(lambda draws: _describe(target, disguise, draws))
    described = []
    for key in jax.random.split(jax.random.key(seed), RUNS):
        key_fit, key_sample = jax.random.split(key)
        _, draws = phases.sample(key_sample, phases.fit(key_fit).state)
        described.append(np.asarray(describe(draws._replace(info={})), float))
    return np.nan_to_num(np.stack(described), nan=np.inf, posinf=np.inf, neginf=-np.inf)


def _describe(target: Target, disguise: Disguise, draws: Draws) -> Float[Array, " k"]:
    """Means of coordinates, their squares and the log density, the last also unweighted, and log Z."""
    base = target.density.base
    assert base.loc is not None
    x = jax.vmap(disguise.inverse)(draws.x.reshape(-1, target.density.dim))
    log_prob = jax.vmap(target.density.log_prob)(x)
    z = (x - base.loc.astype(x.dtype)[None]) / np.sqrt(base_variances(base)).astype(x.dtype)[None]
    log_weights = jnp.zeros(len(x)) if draws.log_weights is None else jnp.ravel(draws.log_weights)
    weights = jax.nn.softmax(log_weights)
    estimates = draws.log_weights if draws.log_z is None else draws.log_z
    others = [jnp.mean(log_prob)]
    if estimates is not None:
        log_z = jax.nn.logsumexp(estimates) - np.log(estimates.size)
        others.append(log_z - disguise.log_constant)
    asked = z[:, :ASKED]
    return jnp.concatenate([weights @ asked, weights @ asked**2, jnp.stack([weights @ log_prob, *others])])


def _distances(described: Float[np.ndarray, "runs k"]) -> Float[np.ndarray, "runs k"]:
    """Distances from the median over the runs."""
    with np.errstate(invalid="ignore"):
        distances = np.abs(described - np.median(described, axis=0))
    return np.nan_to_num(distances, nan=0.0, posinf=np.inf)  # infinity minus infinity


def _rank_test(first: np.ndarray, second: np.ndarray) -> Float[np.ndarray, " k"]:
    """Two-sided probabilities of the Mann-Whitney test of every column; one where all values are equal."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Any = stats.mannwhitneyu(first, second, axis=0, method="asymptotic")
    return np.nan_to_num(result.pvalue, nan=1.0)
