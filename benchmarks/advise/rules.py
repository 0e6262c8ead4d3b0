"""What can be wrong, one small function each: it returns a sentence, or None where nothing speaks against.

A rule trusts nothing that it cannot judge: a score that is missing is a complaint. Every rule has a cure, a
sentence that says what to try.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from bridgemark.benchmarks.advise.family_scores import FamilyScores
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.references.estimators import MAX_R_HAT
from bridgemark.benchmarks.references.log_z import MAX_GAP
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K
from bridgemark.benchmarks.text import number

MIN_ESS = 400.0  # bulk and tail: Vehtari et al. (2021), section 4
MAX_DIVERGENT = 1e-3  # share of transitions
MAX_RUN_SPREAD = 1.0  # of the log Z of independent runs: the weights of runs then differ by factors of e
MAX_MEAN_ERROR = 0.15  # of a mean, in standard deviations
MAX_IDENTITY_ERROR = 0.25  # of an identity whose value is -1
MAX_BRACKET = 5.0  # nats between the bounds of log Z
MIN_STARTS = 12  # of optimisers
MAX_TAIL_SHAPE = 0.4  # the variance is infinite from 0.5 on, and its estimate useless before

Complaint: TypeAlias = str | None


class FamilyRule(NamedTuple):
    """A rule about the scores of one family, and what to try where it complains.

    `is_mixing` says that chains which break it only move too slowly between regions, which tempering mends.
    """

    check: Callable[[FamilyScores], Complaint]
    cure: str
    is_mixing: bool = False


class PilotRule(NamedTuple):
    """A rule about what the pilot saw, and what to try where it complains."""

    check: Callable[[Pilot], Complaint]
    cure: str


def numbers_are_finite(scores: FamilyScores) -> Complaint:
    """All draws, densities and gradients are numbers."""
    return None if scores.finite else "a draw, or the density or gradient at one, is not finite"


def chains_agree(scores: FamilyScores) -> Complaint:
    """R-hat of Markov chains is at most MAX_R_HAT."""
    if scores.r_hat is None or scores.r_hat <= MAX_R_HAT:
        return None
    return f"its chains disagree with each other (R-hat {number(scores.r_hat, 3)})"


def draws_are_enough(scores: FamilyScores) -> Complaint:
    """Markov chains have an effective size of MIN_ESS in the bulk and in the tails."""
    if scores.ess_bulk is None or scores.ess_tail is None:
        return None
    smallest = min(scores.ess_bulk, scores.ess_tail)
    if smallest >= MIN_ESS:
        return None
    return f"its draws are worth {number(smallest, 3)} independent ones, and {MIN_ESS:g} are needed"


def chains_do_not_diverge(scores: FamilyScores) -> Complaint:
    """At most a share of MAX_DIVERGENT of the transitions of Markov chains diverges."""
    if scores.divergent is None or scores.divergent <= MAX_DIVERGENT:
        return None
    share = number(100 * scores.divergent)
    return f"{share} % of its transitions diverge, so that it cannot enter a narrow region"


def weights_are_usable(scores: FamilyScores) -> Complaint:
    """Pareto k of independent weights is at most MAX_TRUSTED_K."""
    if scores.elbo is None or (scores.pareto_k is not None and scores.pareto_k <= MAX_TRUSTED_K):
        return None
    value = "unknown" if scores.pareto_k is None else number(scores.pareto_k)
    return f"a few of its weights decide everything (Pareto k {value}, and {MAX_TRUSTED_K} is allowed)"


def runs_agree(scores: FamilyScores) -> Complaint:
    """The log Z of independent runs of particles differs by at most MAX_RUN_SPREAD."""
    if scores.run_spread is None or scores.run_spread <= MAX_RUN_SPREAD:
        return None
    return f"its runs disagree about log Z by {number(scores.run_spread)}"


def means_are_precise(scores: FamilyScores) -> Complaint:
    """Every mean is known within MAX_MEAN_ERROR standard deviations."""
    if scores.mean_error is not None and scores.mean_error <= MAX_MEAN_ERROR:
        return None
    value = "unknown" if scores.mean_error is None else f"{number(scores.mean_error)} standard deviations"
    return f"the error of one of its means is {value}"


def identities_hold(scores: FamilyScores) -> Complaint:
    """Stein's identities hold within their errors."""
    identities = scores.identities
    if identities is None:
        return "Stein's identities are unknown"
    if identities.worst <= identities.limit:
        return None
    deviation = f"{number(identities.worst, 3)} standard errors"
    return (
        f"its draws break {identities.name} by {deviation}: they are not of this density, or its gradient is "
        "wrong, or it jumps"
    )


def identities_are_precise(scores: FamilyScores) -> Complaint:
    """The errors of Stein's identities are small enough to show whether they hold."""
    if scores.identities is not None and scores.identities.largest_error <= MAX_IDENTITY_ERROR:
        return None
    error = "unknown" if scores.identities is None else number(scores.identities.largest_error)
    return f"Stein's identities are too noisy to show anything (error {error}), as between far modes"


def tails_are_light(scores: FamilyScores) -> Complaint:
    """The tails of every coordinate leave the variance finite."""
    if scores.tail_shape is not None and scores.tail_shape <= MAX_TAIL_SHAPE:
        return None
    shape = "unknown" if scores.tail_shape is None else number(scores.tail_shape)
    return f"a coordinate has a heavy tail (shape {shape}): its variance, and any error, may be infinite"


def bounds_are_in_order(scores: FamilyScores) -> Complaint:
    """The lower bound of log Z is not above the upper one."""
    if scores.elbo is None or scores.eubo is None:
        return None
    excess = scores.elbo.value - scores.eubo.value
    if excess <= MAX_GAP * _combined(scores.elbo, scores.eubo):
        return None
    return f"its lower bound of log Z is {number(excess)} above its upper bound"


def paths_reach_the_chains(scores: FamilyScores) -> Complaint:
    """The bounds of log Z are at most MAX_BRACKET apart: paths go where the chains are, and back."""
    if scores.elbo is None or scores.eubo is None:
        return None
    width = scores.eubo.value - scores.elbo.value
    if width <= MAX_BRACKET:
        return None
    return f"its bounds of log Z are {number(width)} apart: its paths seldom go where the chains are"


def gradient_is_right(pilot: Pilot) -> Complaint:
    """The gradient equals finite differences and does not jump."""
    return None if pilot.gradient is None else f"the gradient is wrong: {pilot.gradient}"


def integral_is_finite(pilot: Pilot) -> Complaint:
    """Far out, the density falls fast enough to be normalised, or it could not be judged."""
    return None if pilot.integral is None else f"the density has no finite integral: {pilot.integral}"


def climbs_end(pilot: Pilot) -> Complaint:
    """At least MIN_STARTS optimisers start and most end at a mode; otherwise modes cannot be counted."""
    if pilot.starts < MIN_STARTS:
        return f"only {pilot.starts} optimisers could start where the density is positive, or had the time"
    if 2 * pilot.ended_at_modes >= pilot.starts:
        return None
    return (
        f"only {pilot.ended_at_modes} of {pilot.starts} optimisers end at a mode, so that modes cannot be "
        "counted: the density has a ridge, a spike or no top"
    )


def _combined(first: Estimate, second: Estimate) -> float:
    """The standard error of a difference; infinite where one is unknown."""
    errors = (first.standard_error, second.standard_error)
    return float("inf") if None in errors else sum((error or 0.0) ** 2 for error in errors) ** 0.5


LONGER = "run it longer"
# The rule that says most about a cause comes first.
FAMILY_RULES: tuple[FamilyRule, ...] = (
    FamilyRule(numbers_are_finite, "find where log_prob or its gradient is not finite, and mend it there"),
    FamilyRule(
        chains_do_not_diverge,
        "reparametrise: non-centred effects, logarithms of scales; a smaller step alone seldom helps",
    ),
    FamilyRule(chains_agree, "look for several modes, and give a base that covers them", True),
    FamilyRule(draws_are_enough, LONGER, True),
    FamilyRule(weights_are_usable, "this family does not fit the posterior; a base nearer to it may help"),
    FamilyRule(runs_agree, LONGER),
    FamilyRule(means_are_precise, LONGER, True),
    FamilyRule(identities_hold, "compare the gradient with finite differences; look for jumps and edges"),
    FamilyRule(identities_are_precise, LONGER, True),
    FamilyRule(tails_are_light, "trust quantiles only, or take a prior with lighter tails"),
    FamilyRule(bounds_are_in_order, "look for several modes"),
    FamilyRule(paths_reach_the_chains, "this path sampler does not fit the posterior; train it longer"),
)
PILOT_RULES: tuple[PilotRule, ...] = (
    PilotRule(gradient_is_right, "mend the gradient, or leave it out; write smooth functions for jumps"),
    PilotRule(integral_is_finite, "give every parameter a proper prior"),
    PilotRule(climbs_end, "give proper priors, and reparametrise scales by their logarithms"),
)
