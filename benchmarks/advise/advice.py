"""All that `advise` knows at its end: what the report, the JSON document and the screen are made of."""

from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks.advise.answer import snippet
from bridgemark.benchmarks.advise.family_evidence import CHAINS, FamilyEvidence, weigh
from bridgemark.benchmarks.advise.parameters import (
    Comparison,
    Description,
    Entries,
    compare_pairs,
    describe,
    entries_of,
)
from bridgemark.benchmarks.advise.race import Race
from bridgemark.benchmarks.advise.verdict import Verdict, judge


class Advice(NamedTuple):
    """The verdict on a model, and everything that it rests on.

    Attributes:
        model: the file of the model, as it was given.
        race: what all processes have returned.
        evidence: what the draws of each family show.
        verdict: the answer.
        entries: the entries of the parameters, by the draws of each family that returned finite ones.
        described: the family by whose draws parameters are described: the one whose draws to use, or else the
            chains, or else the first; None where no family returned finite draws.
        descriptions: what its draws say of every entry.
        comparisons: whether the families agree, pair by pair.
        script: Python that runs the chosen sampler alone; None where none is chosen.
    """

    model: Path
    race: Race
    evidence: dict[str, FamilyEvidence]
    verdict: Verdict
    entries: dict[str, Entries]
    described: str | None
    descriptions: list[Description]
    comparisons: list[Comparison]
    script: str | None


def advice_on(model: Path, race: Race, folder: Path, minutes: float | None = None) -> Advice:
    """Weigh what the families have returned, judge, and describe the parameters.

    `folder` has the files of the race, and `minutes` are those that the families had.
    """
    evidence = {name: weigh(family) for name, family in race.families.items()}
    verdict = judge(race.pilot, evidence, race.failed, race.coordinates, minutes)
    finite = [name for name, item in evidence.items() if item.scores.finite]
    entries = {name: entries_of(race.families[name], race.named[name]) for name in finite}
    preferred = [name for name in (verdict.draws_of, CHAINS, *finite) if name in entries]
    described = preferred[0] if preferred else None
    return Advice(
        model,
        race,
        evidence,
        verdict,
        entries,
        described,
        [] if described is None else describe(entries[described]),
        compare_pairs(entries),
        snippet(verdict, race, model, folder),
    )
