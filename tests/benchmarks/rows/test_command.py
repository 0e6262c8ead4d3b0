"""The command of a row makes this row: the options lead to its identity."""

import shlex
from dataclasses import replace

import pytest

from bridgemark.benchmarks.rows.command import command_of, has_costly_metrics
from bridgemark.benchmarks.rows.store import Store

from support.project import TOYS, python
from support.synthetic_rows import row

COSTLY = {"ott-jax": "0.5", "scikit-learn": "1.6"}


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, ""),
        ({"budget": 1e4, "budget_unit": "gradients"}, " --budget 10000"),
        ({"budget": 0.1 + 0.2, "budget_unit": "seconds"}, " --seconds 0.3"),
        ({"precision": "float64"}, " --precision float64"),
        ({"cores": 2}, " --cores 2"),
        ({"versions": COSTLY}, " --costly"),
    ],
)
def test_an_option_stands_for_what_is_not_the_default(changes, options):
    made = row(seed=3, **changes)
    assert command_of(made) == f"bridgemark run --sampler smc --target gmm9 --seeds 4 --draws 10000{options}"


def test_draws_of_another_program_are_scored_again():
    made = row(external=True)
    assert command_of(made) == "bridgemark score FILE --target gmm9 --name smc"


def test_a_strange_name_is_one_word_of_the_shell():
    made = replace(row(), sampler="a; rm -rf .")
    assert shlex.split(command_of(made))[3] == "a; rm -rf ."


def test_costly_metrics_are_those_of_both_packages():
    assert has_costly_metrics(row(versions=COSTLY))
    assert not has_costly_metrics(row(versions={"ott-jax": "0.5"}))


def test_the_command_makes_the_row(tmp_path):
    made = row(seed=1, draws=70, precision="float64")
    made = replace(made, sampler="toy-exact", target="toy-gaussian")
    done = python("-m", *shlex.split(command_of(made)), "--plugin", TOYS, "--results", "here", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    stored = Store(tmp_path / "here" / "store").read_all()
    assert sorted(row.seed for row in stored) == [0, 1]
    assert command_of(max(stored, key=lambda row: row.seed)) == command_of(made)
