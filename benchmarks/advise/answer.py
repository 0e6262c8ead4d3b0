"""The answer in words, the table of the families' scores, and a script that runs the chosen one alone."""

from dataclasses import fields
from pathlib import Path

import numpy as np

from bridgemark.benchmarks.advise.family_evidence import FamilyEvidence
from bridgemark.benchmarks.advise.family_scores import FamilyScores
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.advise.plan import sized
from bridgemark.benchmarks.advise.race import Race
from bridgemark.benchmarks.advise.verdict import Verdict
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.benchmarks.text import count, duration, number, with_error

HEADINGS = ("family", "seconds", "R-hat", "ESS", "tail ESS", "k", "Stein", "tail")
EVIDENCE_HEADINGS = ("family", "log Z", "lower bound", "upper bound")
DRAWS = 4_000  # that the script makes


def in_words(verdict: Verdict, race: Race) -> list[str]:
    """The answer, most important sentence first, and at last how far the pilot has looked."""
    lines = [f"trusted: use the draws of {verdict.draws_of}"] if verdict.trusted else []
    labels = ("not trusted", *["also"] * len(verdict.reasons))
    lines += [f"{label}: {reason}" for label, reason in zip(labels, verdict.reasons, strict=False)]
    lines += [f"agrees: {sentence}" for sentence in verdict.agreements]
    lines += [f"missed: {sentence}" for sentence in verdict.missed]
    lines.append(verdict.log_z.sentence)
    lines += [f"next: {step}" for step in verdict.next_steps]
    if verdict.trusted:
        seconds = duration(race.seconds.get(verdict.draws_of or "", np.nan))
        lines.append(
            f"next: run_alone.py draws {DRAWS:,} more by {verdict.draws_of} alone, in less than {seconds}"
        )
    lines.append(f"model: {race.origin}. {race.evidence}")
    lines.append(f"seen: {'the pilot returned nothing' if race.pilot is None else _seen(race.pilot)}")
    return lines


def table(race: Race, evidence: dict[str, FamilyEvidence]) -> list[tuple[str, ...]]:
    """The cells under HEADINGS, a line for every family; empty where a score has no meaning.

    Under "Stein" is the largest deviation from one of Stein's identities, in standard errors, and under
    "tail" the shape of the heaviest tail.
    """
    return [_cells(name, race.seconds[name], item.scores) for name, item in evidence.items()]


def evidence_table(evidence: dict[str, FamilyEvidence]) -> list[tuple[str, ...]]:
    """The cells under EVIDENCE_HEADINGS, a line for every family."""
    lines = []
    for name, item in evidence.items():
        scores = item.scores
        lines.append((name, *map(_estimate, (scores.log_z, scores.elbo, scores.eubo))))
    return lines


def snippet(verdict: Verdict, race: Race, model: Path, folder: Path) -> str | None:
    """A Python script that runs the chosen sampler alone; None where none is chosen.

    `folder` is where the pilot's file is, which tells the base where the pilot found several basins.
    """
    if verdict.draws_of is None:
        return None
    sampler = sized(verdict.draws_of, race.pilot, race.shares.get(verdict.draws_of, np.inf)).sampler
    settings = ", ".join(
        f"{field.name}={getattr(sampler, field.name)!r}"
        for field in fields(sampler)
        if getattr(sampler, field.name) != field.default
    )
    kind = type(sampler)
    return f"""from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)

from bridgemark import find_model
from bridgemark.benchmarks.advise.pilot_file import load_if_whole
from bridgemark.benchmarks.advise.plan import working_density
from {kind.__module__} import {kind.__name__}

model = find_model({str(model.resolve())!r})
# Where the pilot found several basins, the base covers them.
density = working_density(load_if_whole(Path({str((folder / "pilot.json").resolve())!r})), model.density)
sampler = {kind.__name__}({settings})
key_fit, key_draw = jax.random.split(jax.random.key(0))
state = jax.jit(lambda key: sampler.fit(key, density).state)(key_fit)
draw = jax.jit(lambda key, state: sampler.sample(key, density, state, {DRAWS}))
_, draws = draw(key_draw, state)
parameters = model.parameters(draws.x)  # by name; each draw has the weight exp(draws.log_weights), if any
"""


def _seen(pilot: Pilot) -> str:
    modes = count(len(pilot.modes), "mode")
    condition = pilot.condition_number()
    conditioning = "" if condition is None else f", condition number {number(condition)} at the highest"
    integral = "" if pilot.integral_judged else ". Whether its integral is finite was not judged"
    return (
        f"{modes} in {pilot.dim} dimensions{conditioning}, from {pilot.starts} starts up to {pilot.reach:g} "
        f"scales of the base away; a mode farther away or narrower would not be seen. A gradient takes "
        f"{duration(pilot.gradient_seconds)}{integral}"
    )


def _cells(name: str, seconds: float, scores: FamilyScores) -> tuple[str, ...]:
    identities = None if scores.identities is None else scores.identities.worst
    return (
        name,
        f"{seconds:.0f}",
        number(scores.r_hat, 4),
        number(scores.ess_bulk, 3),
        number(scores.ess_tail, 3),
        number(scores.pareto_k),
        number(identities),
        number(scores.tail_shape),
    )


def _estimate(estimate: Estimate | None) -> str:
    return "" if estimate is None else with_error(*estimate)
