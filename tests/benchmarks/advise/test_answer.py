"""The answer begins with the verdict, says how far the pilot has looked, and its script is Python."""

import ast
from pathlib import Path

import numpy as np

from bridgemark.benchmarks.advise import answer
from bridgemark.benchmarks.advise.family_evidence import weigh
from bridgemark.benchmarks.advise.verdict import judge

from support.advice import made_race
from support.family_draws import pilot, unit_mode


def judged(seen, divergences=0):
    """A race of four families on N(0, I), what they show, and the verdict."""
    race = made_race(divergences=divergences)._replace(pilot=seen)
    evidence = {name: weigh(family) for name, family in race.families.items()}
    return race, evidence, judge(seen, evidence, {})


def test_trust_comes_first_and_then_what_was_seen():
    race, _, verdict = judged(pilot(unit_mode(np.zeros(2))))
    first, *rest = answer.in_words(verdict, race)
    assert first == "trusted: use the draws of nuts"
    assert "model: the Density mine in a.py. Z is the evidence" in rest
    assert rest[-1].startswith(
        "seen: 1 mode in 2 dimensions, condition number 1 at the highest, from 30 starts"
    )
    assert "up to 100 scales of the base away; a mode farther away or narrower would not be seen" in rest[-1]


def test_distrust_comes_first_with_every_reason():
    race, _, verdict = judged(None, divergences=400)
    first, second, *rest = answer.in_words(verdict, race)
    assert first == "not trusted: I do not know what the density looks like: the pilot did not end"
    assert second.startswith("also: nuts: 10 % of its transitions diverge")
    assert rest[-1] == "seen: the pilot returned nothing"
    unjudged = answer.in_words(verdict, race._replace(pilot=pilot()._replace(integral_judged=False)))
    assert unjudged[-1].endswith("Whether its integral is finite was not judged")


def test_tables_have_a_line_for_every_family():
    race, evidence, _ = judged(pilot())
    for headings, lines in (
        (answer.HEADINGS, answer.table(race, evidence)),
        (answer.EVIDENCE_HEADINGS, answer.evidence_table(evidence)),
    ):
        assert [line[0] for line in lines] == ["nuts", "smc", "dds", "pathfinder"]
        assert {len(line) for line in lines} == {len(headings)}
    nuts = answer.table(race, evidence)[0]
    assert nuts[1] == "9"
    assert nuts[5] == ""  # Pareto k has no meaning for chains


def test_the_script_is_python_whatever_the_file_is_called():
    race, _, verdict = judged(pilot())
    path = Path("it's \\ mine.py")
    script = answer.snippet(verdict, race, path, Path("."))
    assert str(path.resolve()) in [getattr(node, "value", None) for node in ast.walk(ast.parse(script))]
    nothing = judge(race.pilot, {}, {"nuts": "it crashed"})
    assert answer.snippet(nothing, race, path, Path(".")) is None
