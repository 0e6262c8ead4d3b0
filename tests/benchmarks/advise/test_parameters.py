"""Parameters are described entry by entry, in the user's space, and families are compared by them."""

import arviz
import numpy as np
import pytest

from bridgemark.benchmarks.advise import parameters
from bridgemark.benchmarks.advise.parameters import compare_pairs, describe, entries_of

from support.advice import made_advice, made_race

LABELS = ("scale", "effects[0]", "effects[1]")
MATRIX = tuple(f"correlation[{i}, {j}]" for i in range(2) for j in range(2))


@pytest.fixture(scope="module")
def advice():
    return made_advice()


def test_entries_have_the_labels_of_arviz(advice):
    assert advice.entries["nuts"].labels == LABELS + MATRIX
    assert advice.entries["nuts"].parameters == ("scale", "effects", "effects", *["correlation"] * 4)
    assert [item.label for item in advice.descriptions] == list(LABELS + MATRIX)


def test_numbers_of_chains_are_those_of_arviz(advice):
    summary = arviz.summary(
        arviz.convert_to_dataset({"x": advice.race.named["nuts"].values["scale"]}), round_to="none"
    ).loc["x"]
    scale = advice.descriptions[0]
    assert scale.values["mean"] == pytest.approx(summary["mean"])
    assert scale.values["sd"] == pytest.approx(summary["sd"], rel=1e-3)
    assert scale.r_hat == pytest.approx(summary["r_hat"])
    assert scale.ess_bulk == pytest.approx(summary["ess_bulk"])
    assert scale.ess_tail == pytest.approx(summary["ess_tail"])
    # Batches of independent draws: their number makes the error noisy by a tenth, and it is never below.
    assert 0.95 * summary["mcse_mean"] < scale.errors["mean"] < 2 * summary["mcse_mean"]


def test_means_are_right_within_their_errors(advice):
    """Six errors: false alarms of 1e-8, because the draws are independent."""
    for entries in advice.entries.values():
        scale = describe(entries)[0]
        assert abs(scale.values["mean"] - np.exp(0.5)) < 6 * scale.errors["mean"]


def test_a_constant_has_no_diagnostics_and_takes_no_part_in_comparisons(advice):
    by_label = {item.label: item for item in advice.descriptions}
    constant = by_label["correlation[0, 0]"]
    assert constant.values["mean"] == pytest.approx(1)
    assert constant.values["sd"] < 1e-9
    assert (constant.r_hat, constant.ess_bulk, constant.ess_tail) == (None, None, None)
    assert by_label["correlation[0, 1]"].r_hat == pytest.approx(1, abs=0.01)
    assert len(advice.comparisons) == 6
    assert all(item.agreement.agree for item in advice.comparisons)


def test_a_family_that_is_elsewhere_agrees_with_no_other(advice):
    shifted = advice.race.named["smc"].values
    moved = advice.race.named["smc"]._replace(values={**shifted, "effects": shifted["effects"] + [0, 0.5]})
    entries = advice.entries | {"smc": entries_of(advice.race.families["smc"], moved)}
    for item in compare_pairs(entries):
        assert item.agreement.agree == ("smc" not in (item.first, item.second))
        if "smc" in (item.first, item.second):
            assert item.label == "effects[1]"


def test_entries_beyond_the_limit_are_counted(monkeypatch):
    monkeypatch.setattr(parameters, "MAX_ENTRIES", 4)
    race = made_race()
    entries = entries_of(race.families["nuts"], race.named["nuts"])
    assert entries.labels == (*LABELS, "correlation[0, 0]")
    assert (entries.left_out, entries.draws.x.shape[2]) == (3, 4)


def test_labels_are_distinct_whatever_the_names_are():
    race = made_race()
    values = {"a": np.zeros((4, 1_000, 2)), "a[0]": np.zeros((4, 1_000))}
    values |= {"x" * 100 + end: np.zeros((4, 1_000)) for end in "ab"}
    entries = entries_of(race.families["nuts"], race.named["nuts"]._replace(values=values))
    assert entries.labels[:3] == ("a[0]", "a[1]", "a[0]'")
    assert len(set(entries.labels)) == 5
    assert len(set(entries.parameters)) == 4
    assert max(map(len, entries.labels)) == 61
