"""Views are filters over one set of rows, which one's own samplers join without moving anybody."""

from dataclasses import replace

import pytest

from bridgemark.benchmarks.analysis import views
from bridgemark.benchmarks.analysis.row_table import row_table

from support.synthetic_rows import row, rows, spending

PUBLISHED = [replace(stored, origin="measured here") for stored in rows()]


def published(sampler, target, seed=0):
    """A published row of a sampler of any name."""
    return replace(row("smc", "gmm9", seed), sampler=sampler, target=target, origin="measured here")


def own(sampler, target):
    return replace(published(sampler, target), origin=None)


def cells(view, stored):
    """The samplers by target that a view selects."""
    selected = view.select(row_table(stored))
    by_target = {}
    for sampler, target in zip(selected["sampler"], selected["target"], strict=True):
        by_target.setdefault(target, set()).add(sampler)
    return by_target


def test_five_on_seven_leaves_out_other_samplers_and_targets():
    stored = [*PUBLISHED, published("ais", "gmm9"), published("smc", "banana")]
    assert cells(views.FIVE_ON_SEVEN, stored) == cells(views.FIVE_ON_SEVEN, PUBLISHED)


@pytest.mark.parametrize("view", [views.FIVE_ON_SEVEN, views.WHOLE_BOARD])
def test_an_own_sampler_joins_the_targets_that_it_was_run_on(view):
    before, after = cells(view, PUBLISHED), cells(view, [*PUBLISHED, own("mine", "gmm9")])
    assert after == before | {"gmm9": before["gmm9"] | {"mine"}}


def test_an_own_row_of_a_published_sampler_brings_its_published_rows():
    stored = [*PUBLISHED, published("ais", "funnel-10"), own("ais", "gmm9")]
    selected = cells(views.FIVE_ON_SEVEN, stored)
    assert [target for target in selected if "ais" in selected[target]] == ["funnel-10", "gmm9"]


def test_without_published_rows_nobody_joins():
    stored = [*rows(), own("mine", "gmm9")]
    assert "mine" not in cells(views.FIVE_ON_SEVEN, stored)["gmm9"]
    assert "mine" in cells(views.WHOLE_BOARD, stored)["gmm9"]


def test_the_whole_board_has_targets_of_more_than_half_of_the_samplers():
    """Of four samplers, two have rows on b and three on a."""
    stored = [published(sampler, "a") for sampler in ("p", "q", "r")]
    stored += [published(sampler, "b") for sampler in ("r", "s")]
    assert cells(views.WHOLE_BOARD, stored) == {"a": {"p", "q", "r"}}
    assert cells(views.FURTHER_TARGETS, stored) == {"b": {"r", "s"}}


def test_own_rows_do_not_move_the_targets_of_the_whole_board():
    many = [own(f"mine-{index}", "banana") for index in range(20)]
    assert cells(views.WHOLE_BOARD, [*PUBLISHED, *many]) == cells(views.WHOLE_BOARD, PUBLISHED)
    assert set(cells(views.FURTHER_TARGETS, [*PUBLISHED, *many])) == {"banana"}


def test_no_view_has_rows_with_a_budget():
    stored = [*rows(), *spending(1)]
    table = row_table(stored)
    for view in views.VIEWS:
        assert view.select(table)["budget"].isna().all()


def test_equal_selections_are_shown_once():
    assert [view.view for view in views.views_with_rows(row_table(PUBLISHED))] == [views.FIVE_ON_SEVEN]
    with_others = [*PUBLISHED, *(published("ais", target) for target in ("gmm9", "funnel-10"))]
    shown = [view.view for view in views.views_with_rows(row_table(with_others))]
    assert shown == [views.FIVE_ON_SEVEN, views.WHOLE_BOARD]
    assert views.views_with_rows(row_table([])) == []
