"""Statistical tests of replicates: each returns what is wrong with the sampler, or None.

Each test of a certificate raises a false alarm with a probability below LEVEL, for all of its statistics and
looks together (Bonferroni's inequality). So the dozen tests of a certificate together raise one with a
probability below a hundredth. The keys come from the sampler's source: one that has not changed keeps its
verdict.
"""

import numpy as np
from jaxtyping import Float
from scipy import stats

from bridgemark.benchmarks.certificates.biases import (
    LEVEL,
    MIN_ERROR,
    Biases,
    effective_means,
    estimate_biases,
)
from bridgemark.benchmarks.certificates.replicates import (
    FIRST_SETS,
    MAX_K_WITH_VARIANCE,
    Replicates,
    is_tail_heavy,
)

MARKOV_LEVEL = 1e-3  # of Markov's inequality, which needs no second moment
MAX_OVERSTATEMENT = 3.0  # how many times too large a reported effective sample size may be


class NotJudged(Exception):
    """A check cannot decide about this sampler or target; the message says why."""


def unbiased(replicates: Replicates) -> str | None:
    """Test E[w f] = Z E[f] for every statistic f, and E[w] = Z.

    Where the weights' tail is too heavy for a t-test, only the mean of w / Z is tested: by Markov's
    inequality it is rarely large, whatever the tail. Raises NotJudged if it is not large then, and where
    chains are so slow that all sets together are worth only a few independent ones.
    """
    biases = estimate_biases(replicates)
    if not np.isfinite(biases.means).all():
        return "draws or weights are not finite"
    if replicates.has_heavy_tail():
        ratio = 1 + biases.means[-1]
        if ratio < 1 / MARKOV_LEVEL:
            raise NotJudged(
                f"the weights' tail is too heavy to judge them by (Pareto k > {MAX_K_WITH_VARIANCE})"
            )
        return f"the mean of w / Z is {ratio:.3g} (P < {MARKOV_LEVEL})"
    _require_fast(biases.effective)
    worst = int(np.argmax(biases.scores - biases.limits))
    return _describe(biases, worst) if biases.scores[worst] > biases.limits[worst] else None


def _require_fast(effective: Float[np.ndarray, " k"]) -> None:
    """Raise NotJudged where all sets together are worth fewer than FIRST_SETS independent ones."""
    if np.min(effective) < FIRST_SETS:
        raise NotJudged(f"the chains are too slow: all sets are worth {np.min(effective):.0f}")


def _describe(biases: Biases, worst: int) -> str:
    name, mean = biases.names[worst], biases.means[worst]
    score = abs(mean) / biases.errors[worst]
    if name == "Z":
        return f"the mean of w / Z is {1 + mean:.4g}, off by {score:.1f} standard errors"
    return f"E[{name}] is off by {mean:.3g} standard deviations, {score:.1f} standard errors"


def resolved(replicates: Replicates) -> str | None:
    """Raise NotJudged to say which biases would have been seen with probability POWER."""
    unbiased(replicates)  # raises NotJudged where nothing was resolved
    biases = estimate_biases(replicates)
    worst = int(np.argmax(np.abs(biases.means) - biases.limits * biases.errors))
    if np.abs(biases.means[worst]) > biases.limits[worst] * biases.errors[worst]:
        raise NotJudged(f"{_describe(biases, worst)}: as much is allowed where no exactness is claimed")
    statistics = np.array(biases.names) != "Z"
    words = f"a bias of {np.max(biases.resolved[statistics]):.2g} sd would be seen"
    if not statistics.all():
        words += f", and Z off by {100 * biases.resolved[-1]:.2g} %"
    raise NotJudged(words)


def elbo_below_log_z(replicates: Replicates) -> str | None:
    """Test E[log w] <= log Z, one-sided.

    Raises NotJudged where there are no weights of single draws, or where these were resampled.
    """
    truth = replicates.target.log_z
    if replicates.log_weights is None or replicates.log_z is not None or truth is None:
        raise NotJudged("no ELBO: Markov chains, or weights that were resampled")
    gaps = np.mean(replicates.log_weights, axis=1) - truth.value
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
    limit = stats.t.isf(LEVEL / 4, len(log_ratios) - 1)
    score = _t_statistic(np.mean(log_ratios, axis=1))
    if score < -limit:
        return f"EUBO below log Z: {score:.1f} standard errors, limit {limit:.1f}"
    if is_tail_heavy(-log_ratios):
        return None
    score = _t_statistic(np.mean(np.exp(-log_ratios), axis=1) - 1)
    return None if abs(score) < limit else f"E[Z / w] is not 1: {score:.1f} standard errors"


def independent(replicates: Replicates) -> str | None:
    """Test that the chains of one set differ from each other as much as sets do, neither more nor less.

    The mean of C independent chains has the C-th part of the variance of one, estimated within the sets. The
    ratio of both is compared with an F-distribution, whose degrees of freedom allow for tails heavier than a
    Gaussian's and for autocorrelation from set to set. Raises NotJudged for a single chain, for heavy-tailed
    weights, and for too few sets.
    """
    chains = replicates.chains
    if chains == 1:
        raise NotJudged("one chain per run: there are no chains to compare")
    if replicates.has_heavy_tail():
        raise NotJudged("the weights' tail is too heavy")
    means = np.mean(replicates.errors, axis=1)
    count, k = means.shape
    expected = np.mean(replicates.variances, axis=0) / chains
    centre = np.mean(means, axis=0) if replicates.is_weighted else np.zeros(k)
    effective = effective_means(means[:, None], replicates.is_weighted)
    squares = (means - centre) ** 2
    observed = np.sum(squares, axis=0) / (count - replicates.is_weighted)
    kurtosis = np.mean(squares**2, axis=0) / np.mean(squares, axis=0) ** 2
    # The variance of a mean square of n values of kurtosis K is (K - 1) / n, relative to its square; that of
    # Gaussian ones is 2 / n.
    freedom = effective * np.minimum(1, 2 / np.maximum(kurtosis - 1, 1e-3))
    ratios = observed / np.maximum(expected, MIN_ERROR**2)
    within = freedom * (chains - 1)
    high = stats.f.isf(LEVEL / (2 * k), freedom, within)
    low = stats.f.ppf(LEVEL / (2 * k), freedom, within)
    wrong = (ratios > high) | (ratios < low)
    if not np.any(wrong):
        _require_fast(effective)
        return None
    worst = np.argmax(np.where(wrong, np.abs(np.log(np.maximum(ratios, 1e-12))), 0))
    return f"means of runs vary {ratios[worst]:.3g} times as much as their chains allow"


def ess_not_overstated(replicates: Replicates) -> str | None:
    """Test the effective sample size of Markov chains against the variance of their means, within a factor.

    Raises NotJudged where there are no Markov chains.
    """
    if replicates.ess is None:
        raise NotJudged("no Markov chains")
    dim = replicates.ess.shape[1]
    means = np.mean(replicates.errors[:, :, :dim], axis=1)
    effective = effective_means(means[:, None], are_independent=False)
    overstatement = np.mean(replicates.ess, axis=0) * np.mean(means**2, axis=0)
    limits = MAX_OVERSTATEMENT * stats.chi2.isf(LEVEL / dim, effective) / effective
    worst = int(np.argmax(overstatement / limits))
    if overstatement[worst] < limits[worst]:
        return None
    return f"the effective size is overstated {overstatement[worst]:.3g} times"


def _t_statistic(values: Float[np.ndarray, " n"]) -> float:
    """The mean in units of its standard error."""
    return float(np.mean(values) / max(np.std(values, ddof=1) / np.sqrt(len(values)), MIN_ERROR))
