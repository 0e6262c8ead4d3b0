"""What repeated runs of a sampler say of it: each judgement says what is wrong, or None.

Statistics are judged at LEVEL each, two-sided, so that all forty or so of a battery together raise a
false alarm less than once in two thousand; keys are fixed, so that an unchanged sampler keeps its verdict.
"""

import numpy as np
from scipy import stats

from bridgemark.benchmarks.certificates.replicates import Replicates
from bridgemark.benchmarks.scores.diagnostics import MIN_LENGTH, ess_bulk
from bridgemark.benchmarks.scores.pareto import TRUSTED, pareto_k

LEVEL = 1e-5
MARKOV = 1e-3  # level of the bound that needs no second moment
HONEST = 3.0  # how many times too large a reported effective size may be


class NotJudged(Exception):
    """A check that can say neither yes nor no."""


def unbiased(runs: Replicates) -> str | None:
    """E[w f] = Z E[f] for every known f, one among them, by a t-test over replicates.

    Raises NotJudged where the weights' tail is too heavy for it and the mean of w / Z, which Markov's
    inequality bounds whatever the tail, is not too large either.
    """
    errors = np.mean(runs.chain_errors(), axis=1)
    if not np.isfinite(errors).all():
        return "draws or weights are not finite"
    if runs.log_weights is not None and (pareto_k(np.ravel(_logs(runs))) or 0.0) > TRUSTED:
        ratio = 1 + np.mean(errors[:, -1])
        if ratio < 1 / MARKOV:
            raise NotJudged(f"the weights' tail is too heavy to judge them by (Pareto k > {TRUSTED})")
        return f"the mean of w / Z is {ratio:.3g} (P < {MARKOV})"
    count, spread = len(errors), np.std(errors, axis=0, ddof=1)
    scores = np.abs(np.mean(errors, axis=0)) / np.maximum(spread / np.sqrt(count), 1e-6)
    limit = stats.t.isf(LEVEL / 2, count - 1)
    if np.all(scores < limit):
        return None
    worst = int(np.argmax(scores))
    names = [f"E[{s.name}_{i}]" for s in runs.target.statistics for i in range(len(s.mean))]
    off = f"{np.mean(errors, axis=0)[worst]:.3g}, {scores[worst]:.1f} standard errors"
    return f"{[*names, 'the mean of w / Z'][worst]} is off by {off}"


def _logs(runs: Replicates) -> np.ndarray:
    assert runs.log_weights is not None
    return runs.log_weights if runs.log_z is None else runs.log_z


def _score(values: np.ndarray) -> float:
    """The mean in standard errors."""
    return float(np.mean(values) / max(np.std(values, ddof=1) / np.sqrt(len(values)), 1e-6))


def bounded(runs: Replicates) -> str | None:
    """E[log w] <= log Z, one-sided. Raises NotJudged where single weights have no such meaning."""
    if runs.log_weights is None or runs.log_z is not None or runs.target.log_z is None:
        raise NotJudged("no ELBO: Markov chains, or weights that were resampled")
    means = np.mean(runs.log_weights, axis=(1, 2)) - runs.target.log_z.value
    score, limit = _score(means), stats.t.isf(LEVEL, len(means) - 1)
    return None if score < limit else f"the ELBO is above log Z by {np.mean(means):.3g}"


def retraced(runs: Replicates) -> str | None:
    """On paths that end at exact draws E[log w] >= log Z, one-sided; E[Z / w] = 1 where its tail allows.

    Raises NotJudged where there are no such paths.
    """
    if runs.retraced is None or runs.target.log_z is None:
        raise NotJudged("no paths that end at exact draws")
    excess = runs.retraced - runs.target.log_z.value
    if not np.isfinite(excess).all():
        return "weights of retraced paths are not finite"
    limit = stats.t.isf(LEVEL / 2, len(excess) - 1)
    score = _score(np.mean(excess, axis=1))
    if score < -limit:
        return f"EUBO below log Z: {score:.1f} standard errors, limit {limit:.1f}"
    if (pareto_k(np.ravel(-excess)) or 0.0) > TRUSTED:
        return None
    score = _score(np.mean(np.exp(-excess), axis=1) - 1)
    return None if abs(score) < limit else f"E[Z / w] is not 1: {score:.1f} standard errors"


def independent(runs: Replicates) -> str | None:
    """Chains of a run differ from each other as runs do: an F-test of what is said to be independent."""
    errors = runs.chain_errors()
    count, chains = errors.shape[:2]
    if chains == 1:
        raise NotJudged("one chain a run: nothing is said to be independent")
    if np.any(np.ptp(runs.x[:, :, 0], axis=1) == 0):
        return "chains of one run are the same"
    between = np.var(np.mean(errors, axis=1), axis=0, ddof=1)
    within = np.mean(np.var(errors, axis=1, ddof=1), axis=0) / chains
    ratio = float(np.max(between / np.maximum(within, 1e-12)))
    limit = stats.f.isf(LEVEL, count - 1, count * (chains - 1))
    return None if ratio < limit else f"means of runs vary {ratio:.3g} times as much as their chains allow"


def honest(runs: Replicates) -> str | None:
    """The effective size of Markov chains is what the spread of their means says, within a factor."""
    if runs.log_weights is not None or runs.x.shape[2] < MIN_LENGTH:
        raise NotJudged("no Markov chains")
    claimed = np.mean([ess_bulk(x) for x in runs.x.astype(float)], axis=0)
    means = np.mean(runs.x, axis=(1, 2), dtype=float)
    sizes = np.var(runs.x.reshape(-1, runs.x.shape[-1]), axis=0) / np.var(means, axis=0, ddof=1)
    limit = HONEST * stats.chi2.isf(LEVEL, len(means) - 1) / (len(means) - 1)
    worst = float(np.max(claimed / sizes))
    return None if worst < limit else f"the effective size is overstated {worst:.3g} times"
