"""The leaderboard's section "What the columns mean"."""

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.columns import MEANINGS

SECTION = f"""\
## What the columns mean

Numbers are medians over the seeds that ended ok. A number after a slash is the noise floor: the score of as
many exact, unweighted draws.

- **external** after a name: another program drew; it counted its own gradients and seconds, which nobody here
  has checked. It is neither certified nor ranked.
- **seeds**: number of seeds that ended ok / number of all seeds, where they are not all alike.
- **gradients**: {MEANINGS[columns.SPENT]}.
- **seconds**: {MEANINGS[columns.SPENT_SECONDS]}, without compiling.
- **group**: ties by bias² of x. Samplers of group 1 cannot be told apart from the best, those of group 2 not
  from the best of the rest, and so on: the intervals of their medians overlap, or both are below the floor.
  With few seeds the ranges of the seeds take the place of intervals. Then chance tells two equal samplers
  apart in one case of ten with three seeds, and in one of 126 with five. Exact draws and external programs
  have no group.
- **log Z error**: median absolute error of the estimate of log Z, with the sign of the error, or ± where the
  seeds do not agree on it. † means that the estimate is not to be trusted: the Pareto k of the weights is
  above 0.7, so their mean may miss what matters.
- **bias² of f**: (Ê f − E f)² / Var f of the worst coordinate. A hundred independent exact draws score 0.01
  in each coordinate on average. For the funnel, coordinates are those in which it is a Gaussian.
- **ESS**: for Markov chains, bulk effective sample size of the worst coordinate; for importance weights,
  Kish's effective sample size in per cent of the number of draws. It does not count for the groups.
- **R-hat**: {MEANINGS[columns.R_HAT_MAX]}.
- **ends**: from six ok seeds on, [ ] holds an interval that covers the median with 95 % confidence; for fewer
  seeds it holds their range, without a stated confidence.
- **sd of log Z**: standard deviation of the estimate of log Z between trainings (seeds) / between sets of
  draws of one training. The sum of their squares is the variance of a single run.
- **ELBO gap**: {MEANINGS[columns.ELBO_GAP]}. It has no meaning after resampling.
- **EUBO gap**: mean log weight of paths that run backwards from exact draws − log Z, which is
  KL(target ∥ sampler). It is large where modes are missed, which the ELBO gap does not show. ‡ after either
  gap means that it is negative by more than three standard errors, which is impossible for correct weights.
- **mode TV**: {MEANINGS[columns.MODE_TV]}.
- **sliced W2**: {MEANINGS[columns.SLICED_W2]}.
- **Sinkhorn**: debiased Sinkhorn divergence between 2,000 draws and 2,000 exact draws, with `--costly` only.
- **C2ST**: {MEANINGS[columns.C2ST]}. With
  `--costly` only.

`tables/summary.csv` has more: the ends and ranges of all medians, the seconds and evaluations of each phase,
the noise floor of each metric as `floors.NAME`, the effective sample size of squares (`ess_x2_min`), the
unbiased weighted MMD² (`mmd2`), the largest 2-Wasserstein distance over directions (`max_sliced_w2`) and over
coordinates, in standard deviations (`marginal_w2_max`), the KL divergence of two-dimensional histograms
(`binned_kl`) and the Pareto k of the weights (`pareto_k`).
"""
