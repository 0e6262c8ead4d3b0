"""A family's draws, their scores, and what its own rules find."""

from typing import NamedTuple

from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.family_scores import FamilyScores, score_family
from bridgemark.benchmarks.advise.rules import FAMILY_RULES

CHAINS = "nuts"  # the family that needs neither a base near the posterior nor weights
TEMPERED = "parallel-tempering"  # chains that move between modes


class Finding(NamedTuple):
    """Something that speaks against trust, and what to try."""

    complaint: str
    cure: str
    is_mixing: bool = False  # whether tempering mends it


class FamilyEvidence(NamedTuple):
    """A family's draws, their scores, and what its own rules find."""

    family: FamilyDraws
    scores: FamilyScores
    findings: tuple[Finding, ...]

    @property
    def passes(self) -> bool:
        """Whether its own rules find nothing."""
        return not self.findings


def weigh(family: FamilyDraws) -> FamilyEvidence:
    """Score a family, and apply its own rules."""
    scores = score_family(family)
    if not scores.finite:
        rule = FAMILY_RULES[0]
        return FamilyEvidence(family, scores, (Finding(rule.check(scores) or "", rule.cure),))
    complaints = [(rule.check(scores), rule.cure, rule.is_mixing) for rule in FAMILY_RULES]
    findings = (Finding(text, cure, mixing) for text, cure, mixing in complaints if text)
    return FamilyEvidence(family, scores, tuple(findings))
