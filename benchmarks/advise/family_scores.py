"""Scores of one family's draws that need no truth."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks.advise.errors_of_means import error_of_means
from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.funnel import ScaleDependence, scale_dependence
from bridgemark.benchmarks.advise.identities import Identities, stein_identities
from bridgemark.benchmarks.advise.resampling import systematic
from bridgemark.benchmarks.scores.diagnostics import ess_bulk, r_hat
from bridgemark.benchmarks.scores.evidence import (
    Estimate,
    evidence,
    evidence_errors,
    forward_evidence,
    forward_evidence_errors,
    log_mean,
)
from bridgemark.benchmarks.scores.pareto import pareto_k
from bridgemark.benchmarks.scores.weighted_sample import WeightedSample

TAILS = (0.05, 0.95)  # quantiles whose precision is the tail effective size
EQUAL_DRAWS = 4_000  # made of weighted draws, where the shape of a tail is fitted


class FamilyScores(NamedTuple):
    """Scores of a family; None where a score has no meaning for it.

    Attributes:
        finite: whether draws, densities and gradients are all finite; otherwise the rest is unknown.
        r_hat: the largest split R-hat of any coordinate of Markov chains.
        ess_bulk: the smallest bulk effective size of any coordinate of Markov chains.
        ess_tail: the smallest tail effective size.
        divergent: the share of divergent transitions.
        pareto_k: the shape of the upper tail of the weights of independent draws.
        run_spread: the standard deviation of the log Z of independent runs.
        mean_error: the largest standard error of a mean, in standard deviations.
        identities: Stein's identities.
        tail_shape: the largest shape of the tails of the coordinates; moments below its inverse are finite.
        log_z: log Z.
        elbo: the lower bound of log Z.
        eubo: its upper bound, from paths that end at draws of the chains.
        funnel: how the scale of a coordinate of Markov chains changes with another one.
    """

    finite: bool
    r_hat: float | None = None
    ess_bulk: float | None = None
    ess_tail: float | None = None
    divergent: float | None = None
    pareto_k: float | None = None
    run_spread: float | None = None
    mean_error: float | None = None
    identities: Identities | None = None
    tail_shape: float | None = None
    log_z: Estimate | None = None
    elbo: Estimate | None = None
    eubo: Estimate | None = None
    funnel: ScaleDependence | None = None


def score_family(family: FamilyDraws) -> FamilyScores:
    """All scores of the draws of a family."""
    if not family.is_finite():
        return FamilyScores(finite=False)
    draws = family.draws
    sample = family.weighted_sample()
    sd = np.sqrt(np.maximum(sample.weights @ (sample.x - sample.weights @ sample.x) ** 2, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative_error = np.nan_to_num(error_of_means(family, sample.x) / sd, nan=np.inf)
    weights, runs = draws.unresampled_log_weights(), draws.log_z
    chains = draws.x if family.are_chains else None
    transitions = None if family.divergences is None else family.divergences / draws.size
    return FamilyScores(
        finite=True,
        r_hat=None if chains is None else float(np.max(r_hat(chains))),
        ess_bulk=None if chains is None else float(np.min(ess_bulk(chains))),
        ess_tail=None if chains is None else float(np.min(ess_tail(chains))),
        divergent=transitions,
        pareto_k=None if weights is None else pareto_k(weights),
        run_spread=None if runs is None or len(runs) < 2 else float(np.std(runs, ddof=1)),
        mean_error=float(np.max(relative_error)),
        identities=stein_identities(family),
        tail_shape=tail_shape(sample),
        log_z=_log_z(family),
        elbo=_lower_bound(weights),
        eubo=_upper_bound(family.forward_log_weights),
        funnel=None if chains is None else scale_dependence(family),
    )


def ess_tail(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    """Tail effective size of every coordinate: the smaller one of its 5 % and 95 % quantiles.

    Vehtari et al. (2021), section 4.3. The effective size of an indicator does not depend on its scale, so
    that of its ranks is the same. 0 where a chain is never in a tail.
    """
    quantiles = np.quantile(x, TAILS, axis=(0, 1))
    return np.min([ess_bulk((x <= quantile).astype(float)) for quantile in quantiles], axis=0)


def tail_shape(sample: WeightedSample) -> float:
    """The largest shape of the tails of a coordinate, fitted to its distances from the median.

    About 0 or less for a Gaussian, 1 / nu for Student's t with nu degrees of freedom.
    """
    x = equally_likely(sample, EQUAL_DRAWS)
    distances = np.abs(x - np.median(x, axis=0))
    with np.errstate(divide="ignore"):
        shapes = [pareto_k(log_distances) for log_distances in np.log(distances).T]
    return max((np.inf if shape is None or np.isnan(shape) else shape) for shape in shapes)


def equally_likely(sample: WeightedSample, n: int) -> Float[np.ndarray, "n dim"]:
    """About n draws of equal weight, by systematic resampling; every draw where the weights are equal."""
    if np.ptp(sample.weights) == 0:
        return sample.x
    return sample.x[systematic(sample.weights, n)]


def _log_z(family: FamilyDraws) -> Estimate | None:
    logs = family.draws.log_z_estimates()
    return family.log_z if logs is None else log_mean(logs)


def _lower_bound(log_weights: np.ndarray | None) -> Estimate | None:
    if log_weights is None:
        return None
    values, errors = evidence(None, None, log_weights), evidence_errors(None, None, log_weights)
    return Estimate(float(values["elbo"]), errors["elbo"])


def _upper_bound(log_weights: np.ndarray | None) -> Estimate | None:
    if log_weights is None:
        return None
    values, errors = forward_evidence(None, log_weights), forward_evidence_errors(log_weights)
    return Estimate(float(values["eubo"]), errors["eubo"])
