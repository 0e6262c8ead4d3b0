"""Statistical tests of replicates: each returns what is wrong with the sampler, or None.

Every statistic is tested at LEVEL, two-sided unless stated, so that all of the about forty statistics of a
certificate together raise a false alarm less than once in two thousand. The keys are fixed, so that a sampler
that has not changed keeps its verdict.
"""

import numpy as np
from jaxtyping import Float
from scipy import stats

from bridgemark.benchmarks.certificates.replicates import Replicates
from bridgemark.benchmarks.scores.diagnostics import MIN_LENGTH, ess_bulk
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K, pareto_k

LEVEL = 1e-5
MARKOV_LEVEL = 1e-3  # of Markov's inequality, which needs no second moment
MAX_OVERSTATEMENT = 3.0  # how many times too large a reported effective sample size may be
MIN_ERROR = 1e-6  # of a mean: rounding in single precision is no evidence against a sampler


class NotJudged(Exception):
    """A check cannot decide about this sampler or target; the message says why."""


def unbiased(replicates: Replicates) -> str | None:
    """Test E[w f] = Z E[f] for every statistic f, and E[w] = Z, by t-tests over the replicates.

    Where the weights' tail is too heavy for a t-test, only the mean of w / Z is tested: by Markov's
    inequality it is rarely large, whatever the tail. Raises NotJudged if it is not large then.
    """
    errors = np.mean(replicates.chain_errors(), axis=1)
    if not np.isfinite(errors).all():
        return "draws or weights are not finite"
    if replicates.log_weights is not None and _heavy_tailed(_log_z_estimates(replicates)):
        ratio = 1 + np.mean(errors[:, -1])
        if ratio < 1 / MARKOV_LEVEL:
            raise NotJudged(f"the weights' tail is too heavy to judge them by (Pareto k > {MAX_TRUSTED_K})")
        return f"the mean of w / Z is {ratio:.3g} (P < {MARKOV_LEVEL})"
    count, deviation = len(errors), np.std(errors, axis=0, ddof=1)
    scores = np.abs(np.mean(errors, axis=0)) / np.maximum(deviation / np.sqrt(count), MIN_ERROR)
    limit = stats.t.isf(LEVEL / 2, count - 1)
    if np.all(scores < limit):
        return None
    worst = int(np.argmax(scores))
    names = [f"E[{s.name}_{i}]" for s in replicates.target.statistics for i in range(len(s.mean))]
    names.append("the mean of w / Z")
    bias = np.mean(errors, axis=0)[worst]
    return f"{names[worst]} is off by {bias:.3g}, {scores[worst]:.1f} standard errors"


def elbo_below_log_z(replicates: Replicates) -> str | None:
    """Test E[log w] <= log Z, one-sided.

    Raises NotJudged where there are no weights of single draws, or where these were resampled.
    """
    truth = replicates.target.log_z
    if replicates.log_weights is None or replicates.log_z is not None or truth is None:
        raise NotJudged("no ELBO: Markov chains, or weights that were resampled")
    gaps = np.mean(replicates.log_weights, axis=(1, 2)) - truth.value
    if _t_statistic(gaps) < stats.t.isf(LEVEL, len(gaps) - 1):
        return None
    return f"the ELBO is above log Z by {np.mean(gaps):.3g}"


def eubo_above_log_z(replicates: Replicates) -> str | None:
    """Test E[log w] >= log Z on paths that end at exact draws, and E[Z / w] = 1 where the tail allows it.

    Raises NotJudged where there are no such paths.
    """
    truth = replicates.target.log_z
    if replicates.retraced is None or truth is None:
        raise NotJudged("no paths that end at exact draws")
    log_ratios = replicates.retraced - truth.value
    if not np.isfinite(log_ratios).all():
        return "weights of retraced paths are not finite"
    limit = stats.t.isf(LEVEL / 2, len(log_ratios) - 1)
    score = _t_statistic(np.mean(log_ratios, axis=1))
    if score < -limit:
        return f"EUBO below log Z: {score:.1f} standard errors, limit {limit:.1f}"
    if _heavy_tailed(-log_ratios):
        return None
    score = _t_statistic(np.mean(np.exp(-log_ratios), axis=1) - 1)
    return None if abs(score) < limit else f"E[Z / w] is not 1: {score:.1f} standard errors"


def independent(replicates: Replicates) -> str | None:
    """Test by an F-test that chains of one replicate differ from each other as much as replicates do.

    Raises NotJudged for a single chain.
    """
    errors = replicates.chain_errors()
    count, chains = errors.shape[:2]
    if chains == 1:
        raise NotJudged("one chain per run: there are no chains to compare")
    if np.any(np.ptp(replicates.x[:, :, 0], axis=1) == 0):
        return "chains of one run are the same"
    variance_of_means = np.var(np.mean(errors, axis=1), axis=0, ddof=1)
    expected_variance = np.mean(np.var(errors, axis=1, ddof=1), axis=0) / chains
    ratio = float(np.max(variance_of_means / np.maximum(expected_variance, 1e-12)))
    limit = stats.f.isf(LEVEL, count - 1, count * (chains - 1))
    return None if ratio < limit else f"means of runs vary {ratio:.3g} times as much as their chains allow"


def ess_not_overstated(replicates: Replicates) -> str | None:
    """Test the effective sample size of Markov chains against the variance of their means, within a factor.

    Raises NotJudged where there are no Markov chains.
    """
    if replicates.log_weights is not None or replicates.x.shape[2] < MIN_LENGTH:
        raise NotJudged("no Markov chains")
    reported = np.mean([ess_bulk(x) for x in replicates.x.astype(float)], axis=0)
    means = np.mean(replicates.x, axis=(1, 2), dtype=float)
    variance = np.var(replicates.x.reshape(-1, replicates.x.shape[-1]), axis=0)
    sizes = variance / np.var(means, axis=0, ddof=1)
    limit = MAX_OVERSTATEMENT * stats.chi2.isf(LEVEL, len(means) - 1) / (len(means) - 1)
    worst = float(np.max(reported / sizes))
    return None if worst < limit else f"the effective size is overstated {worst:.3g} times"


def _log_z_estimates(replicates: Replicates) -> np.ndarray:
    """Logs of independent estimates of Z: one per run where weights were resampled, else the weights."""
    assert replicates.log_weights is not None
    return replicates.log_weights if replicates.log_z is None else replicates.log_z


def _heavy_tailed(log_weights: np.ndarray) -> bool:
    """Whether the tail of the weights is too heavy for a test that needs their variance."""
    return (pareto_k(np.ravel(log_weights)) or 0.0) > MAX_TRUSTED_K


def _t_statistic(values: Float[np.ndarray, " n"]) -> float:
    """The mean in units of its standard error."""
    return float(np.mean(values) / max(np.std(values, ddof=1) / np.sqrt(len(values)), MIN_ERROR))
