"""A change of the definition of any metric is a new version: rows of different versions are never mixed."""

import json

import pytest

from bridgemark.benchmarks.scores import classifier, metrics, sinkhorn

from support.pinned_metrics import CASES, FILE, constants, rounded

CHANGED = (
    "the definition changed: raise VERSION in metrics.py and renew this file by "
    "`python -m support.pinned_metrics` in the folder tests"
)
PINNED = json.loads(FILE.read_text())
# Of the costly distances, which other packages compute in other versions.
TOLERANCES = {"sinkhorn": {"rel": 1e-3}, "c2st": {"abs": 0.1}}


def test_the_file_is_of_this_version():
    assert PINNED["version"] == metrics.VERSION, CHANGED


def test_every_constant_is_the_pinned_one():
    assert constants() == PINNED["constants"], (
        f"{CHANGED}; where a constant was only renamed, renew the file alone"
    )


@pytest.mark.implicit_broadcasting  # in OTT-JAX
@pytest.mark.parametrize("case", CASES)
def test_every_metric_floor_and_error_is_the_pinned_one(case):
    if case == "costly" and not (sinkhorn.installed() and classifier.installed()):
        pytest.skip("needs the extra transport")
    actual = rounded(CASES[case]())
    for group, numbers in PINNED["cases"][case].items():
        assert actual[group].keys() == numbers.keys(), CHANGED
        for name, number in numbers.items():
            tolerance = TOLERANCES.get(name, {"rel": 1e-6, "abs": 1e-9})
            expected = None if number is None else pytest.approx(number, **tolerance)
            assert actual[group][name] == expected, f"{group} {name} of {case}: {CHANGED}"


def test_every_metric_has_a_number_somewhere():
    for group in ("metrics", "floors", "errors"):
        numbers = {}
        for case in PINNED["cases"].values():
            numbers.update({name: number for name, number in case[group].items() if number is not None})
        names = {name for case in PINNED["cases"].values() for name in case[group]}
        assert numbers.keys() == names
