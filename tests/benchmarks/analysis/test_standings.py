"""Groups of tied samplers, and the share of neighbours that can be told apart."""

import numpy as np
import pytest

from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.standings import standings, ties
from bridgemark.benchmarks.analysis.summary_table import summary_table

from support.synthetic_rows import SAMPLERS, failed, row, rows


def scored(sampler, *scores, floor=0.0, resolution=0.0):
    """Rows of a sampler with these squared biases, a seed each."""
    made = []
    for seed, score in enumerate(scores):
        errors = {"bias2_x_max": resolution}
        floors = {"bias2_x_max": floor}
        made.append(row(sampler, seed=seed, metrics={"bias2_x_max": score}, floors=floors, errors=errors))
    return made


def groups_of(stored):
    """The groups by sampler, looked up as a page does."""
    table = row_table(stored)
    by_setting = standings(table)
    lines = summary_table(table).to_dict("records")
    return {line["sampler"]: by_setting.group(line) for line in lines}


@pytest.mark.parametrize(
    ("values", "groups", "separated"),
    [
        ({"a": [1, 2], "b": [1.5, 3], "c": [4, 5]}, {"a": 1, "b": 1, "c": 2}, 1),
        ({"a": [1, 2], "b": [3, 4], "c": [1.5, 9]}, {"a": 1, "c": 1, "b": 2}, 1),
        ({"a": [1, 2], "b": [3, 4], "c": [5, 6]}, {"a": 1, "b": 2, "c": 3}, 2),
        ({"a": [1, 1], "b": [np.inf, np.inf], "c": [np.inf, np.inf]}, {"a": 1, "b": 2, "c": 2}, 1),
        ({"a": [1, 2]}, {"a": 1}, 0),
    ],
)
def test_groups_end_where_ranges_are_disjoint(values, groups, separated):
    result = ties({sampler: np.array(seeds, float) for sampler, seeds in values.items()})
    assert result.groups == groups
    assert (result.pairs, result.separated) == (len(values) - 1, separated)


def test_scores_below_the_floor_or_the_error_of_the_truth_are_tied():
    apart = [*scored("hmc", 1e-4, 2e-4), *scored("smc", 3e-4, 4e-4)]
    assert groups_of(apart) == {"hmc": 1, "smc": 2}
    for limit in ({"floor": 5e-4}, {"resolution": 5e-4}):
        tied = [*scored("hmc", 1e-4, 2e-4, **limit), *scored("smc", 3e-4, 4e-4, **limit)]
        assert groups_of(tied) == {"hmc": 1, "smc": 1}


def test_failures_are_last_and_exact_draws_and_the_unsupported_are_in_no_group():
    stored = [*scored("hmc", 1.0, 2.0), failed(sampler="nuts"), failed("unsupported", sampler="dds")]
    stored += [row("smc", uses_exact_draws=True)]
    assert groups_of(stored) == {"hmc": 1, "nuts": 2, "dds": None, "smc": None}


def test_settings_are_not_compared():
    stored = [row("smc", draws=500), row("hmc")]
    assert groups_of(stored) == {"smc": 1, "hmc": 1}


def test_every_sampler_of_the_grid_has_a_group_on_every_target():
    table = row_table(rows())
    by_setting = standings(table)
    lines = summary_table(table).to_dict("records")
    assert all(by_setting.group(line) for line in lines)
    assert {by_setting.of_setting(line).pairs for line in lines} == {len(SAMPLERS) - 1}


def test_a_metric_that_no_row_has_ties_nobody():
    table = row_table(rows())
    line = summary_table(table).to_dict("records")[0]
    assert standings(table, "c2st").group(line) is None


def test_chance_separates_equal_samplers_as_often_as_the_page_says():
    """Of equal samplers, ranges of three seeds are disjoint in 1 case of 10, those of five in 1 of 126.

    8,000 pairs each: the share is within five standard errors, so the false-alarm rate is below 1e-5.
    """
    noise = np.random.default_rng(0)
    for seeds, chance in ((3, 1 / 10), (5, 1 / 126)):
        pairs = noise.normal(size=(8_000, 2, seeds))
        separated = np.mean([ties({"a": pair[0], "b": pair[1]}).separated for pair in pairs])
        assert abs(separated - chance) < 5 * np.sqrt(chance / 8_000)
