"""Turns JSON data into rows, and says in one line what is wrong with data that is no row.

Rows come from anywhere: from older and newer versions of this program, from disks that lose bytes, and from
strangers. A row that passes can be shown, stored and put into tables without further checks.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any

from bridgemark.benchmarks.rows.field_checks import CHECKS
from bridgemark.benchmarks.rows.row import SCHEMA, Row
from bridgemark.benchmarks.rows.unreadable import DamagedRow, NewerRow
from bridgemark.benchmarks.rows.value_checks import Check, described
from bridgemark.benchmarks.text import remark

REQUIRED = {
    field.name for field in fields(Row) if field.default is MISSING and field.default_factory is MISSING
}


def row_from_json(data: Any) -> Row:
    """The row that `Row.to_json` described, in JSON of this or an older schema.

    Fields that an older schema lacks have their defaults. Raises DamagedRow or NewerRow.
    """
    if type(data) is not dict:
        raise DamagedRow(f"holds {described(data)} and not a row")
    require_schema(data.get("schema"))
    values = {}
    for name, check in _checks_of(tuple(data)):
        try:
            values[name] = check(data[name])
        except DamagedRow as error:
            raise DamagedRow(f"has a wrong {name}: {error}") from None
    if (values.get("budget") is None) != (values.get("budget_unit") is None):
        raise DamagedRow("has a budget without a unit, or a unit without a budget")
    values["schema"] = SCHEMA
    return Row(**values)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Pause garbage collection during work on many rows: they all stay, and looking them through is slow."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def require_schema(schema: Any) -> None:
    """Raise DamagedRow where this is no number of a schema, and NewerRow where it is not known yet."""
    if type(schema) is not int or schema < 1:
        raise DamagedRow("has no schema, so it is not a row")
    if schema > SCHEMA:
        raise NewerRow(f"was written by a newer bridgemark (schema {described(schema)})")


@lru_cache(1_024)
def _checks_of(names: tuple[str, ...]) -> list[tuple[str, Check]]:
    """The checks of the fields that are there. Raises DamagedRow and NewerRow for too few or too many."""
    if missing := REQUIRED.difference(names):
        raise DamagedRow(f"has no {min(missing)}")
    if unknown := set(names) - CHECKS.keys():
        raise NewerRow(f"has the field {remark(min(unknown), 60)!r}, which this bridgemark does not know")
    return [(name, check) for name, check in CHECKS.items() if name in names]
