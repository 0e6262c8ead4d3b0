"""What follows from all evidence: which draws to use, whether to trust them, and how far to trust log Z."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bridgemark.benchmarks.advise.agreement import Agreement, compare, summarise
from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.family_scores import FamilyScores, score_family
from bridgemark.benchmarks.advise.log_z import LogZ, judge_log_z, sees_more_mass
from bridgemark.benchmarks.advise.modes import modes_without_draws
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.advise.rules import FAMILY_RULES, LONGER, PILOT_RULES
from bridgemark.benchmarks.advise.unvisited import unvisited_by
from bridgemark.benchmarks.text import count, number

CHAINS = "nuts"  # the family that needs neither a base near the posterior nor weights
ENOUGH = "nothing: these draws are enough"


class Finding(NamedTuple):
    """Something that speaks against trust, and what to try."""

    complaint: str
    cure: str


class FamilyEvidence(NamedTuple):
    """A family's draws, their scores, and what its own rules find."""

    family: FamilyDraws
    scores: FamilyScores
    findings: tuple[Finding, ...]

    @property
    def passes(self) -> bool:
        """Whether its own rules find nothing."""
        return not self.findings


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


def weigh(family: FamilyDraws) -> FamilyEvidence:
    """Score a family, and apply its own rules."""
    scores = score_family(family)
    if not scores.finite:
        rule = FAMILY_RULES[0]
        return FamilyEvidence(family, scores, (Finding(rule.check(scores) or "", rule.cure),))
    complaints = [(rule.check(scores), rule.cure) for rule in FAMILY_RULES]
    return FamilyEvidence(family, scores, tuple(Finding(text, cure) for text, cure in complaints if text))


def judge(pilot: Pilot | None, evidence: dict[str, FamilyEvidence], failed: dict[str, str]) -> Verdict:
    """The verdict on a model, from the pilot and the evidence of families by name.

    `pilot` is None where it did not end; `failed` says why families returned nothing.
    """
    passing = {name: item for name, item in evidence.items() if item.passes}
    chosen = choose(passing)
    comparisons = compare_all(chosen, passing)
    log_z = judge_log_z({name: item.scores.log_z for name, item in passing.items()})
    findings = [
        *_about_pilot(pilot),
        *_about_families(chosen, passing, evidence),
        *_about_agreement(chosen, comparisons),
        *(_about_coverage(pilot, chosen, evidence) if chosen else []),
        *([Finding(log_z.sentence, "find which family misses a mode")] if log_z.contradicted else []),
    ]
    missed = [f"{name} returned nothing: {reason}" for name, reason in failed.items()]
    missed += [f"{name}: {item.findings[0].complaint}" for name, item in evidence.items() if item.findings]
    cures = [finding.cure for finding in findings]
    cures += [finding.cure for item in evidence.values() for finding in item.findings]
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
        next_steps=tuple(dict.fromkeys(cures)) if findings else (ENOUGH,),
    )


def choose(passing: dict[str, FamilyEvidence]) -> str | None:
    """The chains where they pass their own rules, because their draws have equal weights.

    Otherwise the family that passes and knows the means best; None where none passes.
    """
    if CHAINS in passing:
        return CHAINS
    errors = {name: item.scores.mean_error or np.inf for name, item in passing.items()}
    return min(errors, key=lambda name: errors[name]) if errors else None


def compare_all(chosen: str | None, passing: dict[str, FamilyEvidence]) -> dict[str, Agreement]:
    """The chosen family compared with every other one that passes its own rules."""
    if chosen is None:
        return {}
    summary = summarise(passing[chosen].family)
    others = {name: item for name, item in passing.items() if name != chosen}
    return {name: compare(summary, summarise(item.family)) for name, item in others.items()}


def _about_pilot(pilot: Pilot | None) -> list[Finding]:
    if pilot is None:
        return [Finding("I do not know what the density looks like: the pilot did not end", LONGER)]
    complaints = [(rule.check(pilot), rule.cure) for rule in PILOT_RULES]
    return [Finding(text, cure) for text, cure in complaints if text]


def _about_families(
    chosen: str | None, passing: dict[str, FamilyEvidence], evidence: dict[str, FamilyEvidence]
) -> list[Finding]:
    """The chains must pass their own rules, whoever's draws are used: the rest cannot do without them."""
    if CHAINS in passing:
        return []
    of_chains = list(evidence[CHAINS].findings) if CHAINS in evidence else []
    findings = [Finding(f"{CHAINS}: {finding.complaint}", finding.cure) for finding in of_chains]
    if not findings:
        findings = [Finding("I do not know: there are no Markov chains to compare with", LONGER)]
    if chosen is None:
        findings.append(Finding("I do not know which draws to use: no family passes its own checks", LONGER))
    return findings


def _about_agreement(chosen: str | None, comparisons: dict[str, Agreement]) -> list[Finding]:
    """All families that pass must agree, and one of them precisely."""
    if chosen is None:
        return []
    findings = [
        Finding(
            f"{chosen} and {name} disagree about the {item.statistic} of coordinate {item.coordinate} "
            f"({number(item.worst, 3)} standard errors)",
            "find which of the two misses a region, by plots of that coordinate",
        )
        for name, item in comparisons.items()
        if item.agree is False
    ]
    if not any(item.agree for item in comparisons.values()):
        sentence = f"I do not know: nothing that shares no code with {chosen} confirms its draws"
        findings.append(Finding(sentence, LONGER))
    return findings


def _about_coverage(pilot: Pilot | None, chosen: str, evidence: dict[str, FamilyEvidence]) -> list[Finding]:
    """Modes of the pilot, draws of other families and their log Z that the chosen draws leave out."""
    sample = evidence[chosen].family.weighted_sample()
    findings = []
    if pilot is not None and pilot.modes:
        missed = modes_without_draws(pilot.modes, sample.x, sample.weights)
        if missed:
            modes = f"{count(len(missed), 'mode')} of the {len(pilot.modes)} that the pilot found"
            findings.append(
                Finding(f"{chosen} has hardly a draw near {modes}", "give a base that covers all modes")
            )
    for name, item in evidence.items():
        if name == chosen or not item.scores.finite:
            continue
        outside = unvisited_by(evidence[chosen].family, item.family)
        if outside:
            text = f"{name} has {count(outside, 'draw')} of high density where {chosen} has never been"
            findings.append(Finding(text, "give a base that covers all modes"))
        if sees_more_mass(item.scores.log_z, evidence[chosen].scores.log_z):
            findings.append(Finding(f"{name} sees more mass than {chosen}", "find what it sees by plots"))
    return findings
