"""Marks of origin: none where all rows have the same, a legend where they differ."""

import pytest

from bridgemark.benchmarks.pages.origins import origin_marks


def summary_rows(*origins):
    return [{"origin": origin} for origin in origins]


@pytest.mark.parametrize(
    ("origin", "legend"),
    [("yours", "All rows are yours."), ("measured here", "All rows were measured here.")],
)
def test_one_origin_is_said_once(origin, legend):
    rows = summary_rows(origin, origin)
    marks = origin_marks(rows)
    assert [marks.mark(row) for row in rows] == ["", ""]
    assert marks.legend() == legend


def test_several_origins_have_marks_that_the_legend_explains():
    rows = summary_rows("measured here", "yours; sent in", "sent in and rerun")
    marks = origin_marks(rows)
    assert [marks.mark(row) for row in rows] == ["", " ▲△", " ▽"]
    assert all(sign in marks.legend() for sign in "▲△▽")
    assert marks.legend().endswith("; all others were measured here.")


def test_no_rows_have_no_marks():
    assert origin_marks([]).legend()
