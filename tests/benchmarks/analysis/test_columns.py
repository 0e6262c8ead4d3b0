"""Every column of the tables has one name and a meaning."""

from dataclasses import fields

from bridgemark.benchmarks.analysis import columns, curves
from bridgemark.benchmarks.analysis.row_table import DICTIONARIES, LISTS, row_table
from bridgemark.benchmarks.rows.row import STATUSES, Row

from support.synthetic_rows import spending


def without_families(names):
    """The names that are no floor, error, version or number of evaluations of something else."""
    return {name for name in names if "." not in name}


def test_every_column_of_the_row_table_has_a_meaning():
    table = row_table(spending(1))
    assert without_families(table.columns) <= columns.MEANINGS.keys()
    assert {field.name for field in fields(Row)} - {*DICTIONARIES, *LISTS} <= columns.MEANINGS.keys()


def test_every_column_of_the_curves_has_a_meaning():
    rows = curves.curve_rows(row_table(spending(1)))
    tables = [rows, curves.points(rows), *(curves.costs_to_reach(rows, goal) for goal in curves.GOALS)]
    for table in tables:
        assert without_families(table.columns) - {*STATUSES} <= columns.MEANINGS.keys()


def test_every_name_is_spelt_once():
    names = []
    for constant, name in vars(columns).items():
        if constant.isupper() and isinstance(name, str) and constant not in ("MAIN_METRIC", "PAPER"):
            names += [name] if name in columns.MEANINGS else []
    assert sorted(names) == sorted(columns.MEANINGS)


def test_a_setting_is_a_group_without_its_sampler():
    assert set(columns.GROUP) - set(columns.BLOCK) == {
        *(columns.SAMPLER, columns.CONFIG, columns.SOURCE, columns.TARGET_HASH)
    }
