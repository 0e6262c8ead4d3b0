"""The whole answer as one JSON document, for programs. MEANINGS says what every field is."""

import json
from importlib.metadata import version
from typing import Any

from bridgemark.benchmarks.advise import answer
from bridgemark.benchmarks.advise.advice import Advice
from bridgemark.benchmarks.advise.family_evidence import FamilyEvidence
from bridgemark.benchmarks.advise.family_scores import FamilyScores
from bridgemark.benchmarks.advise.parameters import Comparison, Description
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.advise.race import Race
from bridgemark.benchmarks.scores.evidence import Estimate

SCHEMA = 1  # changes where a field changes its meaning or goes; a further field does not change it

# Scores of a family that are numbers, and those that are estimates.
NUMBERS = (
    *("r_hat", "ess_bulk", "ess_tail", "divergent"),
    *("pareto_k", "run_spread", "mean_error", "tail_shape"),
)
ESTIMATES = ("log_z", "elbo", "eubo")
# By the path of the field; * stands for any name. Fields of a record that are not here do not exist.
MEANINGS = {
    "schema": f"version of this form, {SCHEMA}",
    "bridgemark": "version of bridgemark",
    "model.file": "the file as it was given",
    "model.origin": "what in the file was taken for the model",
    "model.evidence": "what its normalising constant Z is",
    "trusted": "whether the draws can be used as draws of the posterior; the exit status says the same",
    "draws_of": "the family whose draws to use; null where there is none to prefer",
    "answer": "the answer in sentences, the most important first",
    "reasons": "sentences that say why the draws are not trusted",
    "agreements": "sentences that say what agrees",
    "missed": "sentences that say which family failed, or what it missed",
    "next_steps": "what to do next, the most useful first",
    "log_z.value": "the most precise estimate of log Z",
    "log_z.standard_error": "its standard error",
    "log_z.trusted": "whether a second precise estimate agrees",
    "log_z.contradicted": "whether a second precise estimate disagrees",
    "log_z.sentence": "how far to trust it, in words",
    "pilot": "what the first look at the density saw; null where it did not end",
    "pilot.dim": "dimension of the unconstrained space",
    "pilot.gradient": "what is wrong with the gradient; null where nothing is",
    "pilot.integral": "why the integral is infinite; null where it looks finite or was not judged",
    "pilot.integral_judged": "whether that was judged",
    "pilot.modes": "log densities at the modes that were found, the highest first",
    "pilot.condition_number": "squared ratio of the widest to the narrowest direction at the highest mode",
    "pilot.starts": "optimisers that started where the density is finite",
    "pilot.ended_at_modes": "how many of them ended at one of the modes",
    "pilot.reach": "how far from the base the farthest of them started, in scales of the base",
    "pilot.gradient_seconds": "seconds that a gradient takes",
    "pilot.batched_gradient_seconds": "seconds that a gradient takes in a batch",
    "families.*.seconds": "wall seconds",
    "families.*.failure": "why the family returned nothing; null where it returned draws",
    "families.*.chains": "Markov chains, or independent runs; null where draws are independent",
    "families.*.draws": "draws, all chains together",
    "families.*.complaints": "what its own rules find, in sentences; a family without any passes",
    "families.*.cures": "what to try against each of the complaints",
    "families.*.r_hat": "largest split R-hat of a coordinate of Markov chains",
    "families.*.ess_bulk": "smallest bulk effective size of Markov chains",
    "families.*.ess_tail": "smallest tail effective size",
    "families.*.divergent": "share of divergent transitions",
    "families.*.pareto_k": "shape of the upper tail of the weights of independent draws",
    "families.*.run_spread": "standard deviation of the log Z of independent runs",
    "families.*.mean_error": "largest standard error of a mean, in standard deviations",
    "families.*.stein": "largest deviation from one of Stein's identities, in standard errors",
    "families.*.stein_limit": "what it may be",
    "families.*.tail_shape": "shape of the heaviest tail of a coordinate",
    "families.*.log_z": "estimate of log Z, [value, standard error]",
    "families.*.elbo": "lower bound of log Z, [value, standard error]",
    "families.*.eubo": "upper bound of log Z, [value, standard error]",
    "parameters_of": "the family by whose draws parameters are described: draws_of, or else another; or null",
    "parameters.*": "an entry of a parameter, such as theta[0]",
    "parameters.*.values": "its mean, sd and quantiles",
    "parameters.*.errors": "Monte Carlo standard errors of these",
    "parameters.*.r_hat": "its split R-hat",
    "parameters.*.ess_bulk": "its bulk effective size",
    "parameters.*.ess_tail": "its tail effective size",
    "parameters_left_out": "entries of parameters that are not described, because there are too many",
    "comparisons[].families": "two families that returned finite draws, whether or not they pass",
    "comparisons[].agree": "whether they agree about all entries; null where they are too imprecise to tell",
    "comparisons[].worst": "largest difference of a mean, sd or quantile, in combined standard errors",
    "comparisons[].limit": "what it may be",
    "comparisons[].statistic": "the statistic that differs most",
    "comparisons[].parameter": "the entry about which they differ most",
}


def as_document(advice: Advice) -> dict[str, Any]:
    """Everything but the draws, as values that JSON has. What is unknown or not finite is None."""
    race, verdict = advice.race, advice.verdict
    returned = {name: _family(race, name, item) for name, item in advice.evidence.items()}
    failed = {name: {"seconds": race.seconds[name], "failure": why} for name, why in race.failed.items()}
    described = advice.entries.get(advice.described or "")
    document = {
        "schema": SCHEMA,
        "bridgemark": version("bridgemark"),
        "model": {"file": str(advice.model), "origin": race.origin, "evidence": race.evidence},
        "trusted": verdict.trusted,
        "draws_of": verdict.draws_of,
        "answer": answer.in_words(verdict, race),
        "reasons": verdict.reasons,
        "agreements": verdict.agreements,
        "missed": verdict.missed,
        "next_steps": verdict.next_steps,
        "log_z": verdict.log_z._asdict(),
        "pilot": None if race.pilot is None else _pilot(race.pilot),
        "families": returned | failed,
        "parameters_of": advice.described,
        "parameters": {item.label: _parameter(item) for item in advice.descriptions},
        "parameters_left_out": 0 if described is None else described.left_out,
        "comparisons": [_comparison(item) for item in advice.comparisons],
    }
    return _finite(document)


def as_json(document: dict[str, Any]) -> str:
    """The document as a text of JSON."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _finite(document: dict[str, Any]) -> dict[str, Any]:
    """The same document for JSON, which has no NaN and no infinity: they become None."""
    return json.loads(json.dumps(document), parse_constant=lambda _: None)


def _pilot(pilot: Pilot) -> dict[str, Any]:
    return pilot._asdict() | {
        "modes": [mode.log_prob for mode in pilot.modes],
        "condition_number": pilot.condition_number(),
    }


def _family(race: Race, name: str, item: FamilyEvidence) -> dict[str, Any]:
    draws = item.family.draws
    return {
        "seconds": race.seconds[name],
        "failure": None,
        "chains": None if draws.unresampled_log_weights() is not None else len(draws.x),
        "draws": draws.size,
        "complaints": [finding.complaint for finding in item.findings],
        "cures": [finding.cure for finding in item.findings],
        **_scores(item.scores),
    }


def _scores(scores: FamilyScores) -> dict[str, Any]:
    identities = scores.identities
    return {
        **{name: getattr(scores, name) for name in NUMBERS},
        **{name: _estimate(getattr(scores, name)) for name in ESTIMATES},
        "stein": None if identities is None else identities.worst,
        "stein_limit": None if identities is None else identities.limit,
    }


def _estimate(estimate: Estimate | None) -> list[float | None] | None:
    return None if estimate is None else [estimate.value, estimate.standard_error]


def _parameter(description: Description) -> dict[str, Any]:
    fields = description._asdict()
    del fields["label"]
    return fields


def _comparison(comparison: Comparison) -> dict[str, Any]:
    worst = comparison.agreement
    return {
        "families": [comparison.first, comparison.second],
        "agree": worst.agree,
        "worst": worst.worst,
        "limit": worst.limit,
        "statistic": worst.statistic,
        "parameter": comparison.label,
    }
