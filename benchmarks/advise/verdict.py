"""What follows from all evidence: which draws to use, whether to trust them, and how far to trust log Z."""

from dataclasses import dataclass

import numpy as np

from bridgemark.benchmarks.advise.agreement import Agreement, compare, summarise
from bridgemark.benchmarks.advise.family_evidence import CHAINS, TEMPERED, FamilyEvidence, Finding
from bridgemark.benchmarks.advise.log_z import LogZ, judge_log_z
from bridgemark.benchmarks.advise.longer import longer_run
from bridgemark.benchmarks.advise.objections import (
    NOT_CENTRED,
    about_agreement,
    about_coverage,
    about_families,
    about_funnel,
    about_pilot,
)
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.advise.rules import LONGER

ENOUGH = "nothing: these draws are enough"


@dataclass(frozen=True)
class Verdict:
    """The answer.

    Attributes:
        trusted: whether the draws can be used as draws of the posterior.
        draws_of: the family whose draws to use; None where there is no family to prefer.
        reasons: sentences that say why the draws are not trusted; empty where they are.
        agreements: sentences that say what agrees.
        missed: sentences that say which family failed, or what it missed.
        log_z: how far to trust log Z.
        next_steps: what to do next, the most useful first.
    """

    trusted: bool
    draws_of: str | None
    reasons: tuple[str, ...]
    agreements: tuple[str, ...]
    missed: tuple[str, ...]
    log_z: LogZ
    next_steps: tuple[str, ...]


def judge(
    pilot: Pilot | None,
    evidence: dict[str, FamilyEvidence],
    failed: dict[str, str],
    coordinates: tuple[str, ...] = (),
    minutes: float | None = None,
) -> Verdict:
    """The verdict on a model, from the pilot and the evidence of families by name.

    `pilot` is None where it did not end; `failed` says why families returned nothing. `coordinates` are names
    of the coordinates, where they are known, and `minutes` those that the families had.
    """
    passing = {name: item for name, item in evidence.items() if item.passes}
    chosen = choose(passing)
    comparisons = compare_all(chosen, passing)
    log_z = judge_log_z({name: item.scores.log_z for name, item in passing.items()})
    findings = [
        *about_funnel(pilot, evidence, coordinates),
        *about_pilot(pilot),
        *about_families(chosen, passing, evidence),
        *about_agreement(chosen, comparisons, coordinates),
        *(about_coverage(pilot, chosen, evidence) if chosen else []),
        *([Finding(log_z.sentence, "find which family misses a mode")] if log_z.contradicted else []),
    ]
    missed = [f"{name} returned nothing: {reason}" for name, reason in failed.items()]
    missed += [f"{name}: {item.findings[0].complaint}" for name, item in evidence.items() if item.findings]
    return Verdict(
        trusted=not findings,
        draws_of=chosen,
        reasons=tuple(finding.complaint for finding in findings),
        agreements=tuple(
            f"{chosen} and {name} agree about all means, standard deviations and quantiles"
            for name, comparison in comparisons.items()
            if comparison.agree
        ),
        missed=tuple(missed),
        log_z=log_z,
        next_steps=_next_steps(findings, evidence, minutes) if findings else (ENOUGH,),
    )


def _next_steps(
    findings: list[Finding], evidence: dict[str, FamilyEvidence], minutes: float | None
) -> tuple[str, ...]:
    """The cures of what speaks against trust, and then those of families that fail."""
    if findings[0].cure == NOT_CENTRED:
        return (NOT_CENTRED,)  # what else is wrong is its consequence
    cures = [finding.cure for finding in findings]
    cures += [finding.cure for item in evidence.values() for finding in item.findings]
    longer = LONGER if minutes is None else longer_run(evidence, minutes)
    return tuple(dict.fromkeys(longer if cure == LONGER else cure for cure in cures))


def choose(passing: dict[str, FamilyEvidence]) -> str | None:
    """The chains where they pass their own rules, because their draws have equal weights, or tempered chains.

    Otherwise the family that passes and knows the means best; None where none passes.
    """
    for name in (CHAINS, TEMPERED):
        if name in passing:
            return name
    errors = {name: item.scores.mean_error or np.inf for name, item in passing.items()}
    return min(errors, key=lambda name: errors[name]) if errors else None


def compare_all(chosen: str | None, passing: dict[str, FamilyEvidence]) -> dict[str, Agreement]:
    """The chosen family compared with every other one that passes its own rules."""
    if chosen is None:
        return {}
    summary = summarise(passing[chosen].family)
    others = {name: item for name, item in passing.items() if name != chosen}
    return {name: compare(summary, summarise(item.family)) for name, item in others.items()}
