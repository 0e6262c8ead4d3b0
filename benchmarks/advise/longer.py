"""How much longer the families must run, to be precise enough."""

import math

from bridgemark.benchmarks.advise.family_evidence import CHAINS, TEMPERED, FamilyEvidence
from bridgemark.benchmarks.advise.rules import (
    LONGER,
    MAX_IDENTITY_ERROR,
    MAX_MEAN_ERROR,
    MIN_ESS,
    chains_agree,
)

MARGIN = 1.5  # because effective sizes are uncertain themselves
LEAST = 2.0  # times as long; less is no change
OF_CHAINS_THAT_DISAGREE = 4.0  # times as long at least, because their effective size says little
LONGEST = 240.0  # minutes that are worth while


def longer_run(evidence: dict[str, FamilyEvidence], minutes: float) -> str:
    """What to do, in words, where families that had so many minutes were not precise enough."""
    times = [times_longer(item) for name, item in evidence.items() if name in (CHAINS, TEMPERED)]
    needed = minutes * max(times, default=LEAST)
    if not needed <= LONGEST:
        return f"running longer hardly helps: it would take more than {LONGEST / 60:g} hours"
    return f"{LONGER}: --minutes {math.ceil(needed)}"


def times_longer(item: FamilyEvidence) -> float:
    """How many times as long Markov chains must run: precision is one over the square root of the length."""
    scores = item.scores
    ess = min(scores.ess_bulk or 0.0, scores.ess_tail or 0.0)
    needed = [MIN_ESS / ess if ess else math.inf, ((scores.mean_error or 0.0) / MAX_MEAN_ERROR) ** 2]
    if scores.identities is not None:
        needed.append((scores.identities.largest_error / MAX_IDENTITY_ERROR) ** 2)
    least = LEAST if chains_agree(scores) is None else OF_CHAINS_THAT_DISAGREE
    return max(MARGIN * max(needed), least)
