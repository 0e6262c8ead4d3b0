"""Checks of the fields of a row in JSON: the type and the range of every value."""

import re
from dataclasses import fields
from functools import lru_cache
from sys import intern
from typing import Any

from bridgemark.benchmarks.providers import NAME
from bridgemark.benchmarks.rows import value_checks
from bridgemark.benchmarks.rows.cost import RATES, Cost
from bridgemark.benchmarks.rows.row import ORIGINS, STATUSES, Row
from bridgemark.benchmarks.rows.unreadable import DamagedRow
from bridgemark.benchmarks.sampler_names import SAMPLER_NAME

IDENTITY = re.compile(r"[0-9a-f]{1,64}")
METRIC = re.compile(r"[^\W\d][^.]*")  # a dot separates a metric from what is derived from it
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})?")
# Columns of the tables that are neither a field of a row nor a metric: no metric may have such a name.
TAKEN = {
    *("label", "seeds", "evaluations", "gradients", "spent", "spent_seconds", "log_z_abs_error"),
    *("curve", "point", "cost", "metric", "value", "covers", "floor", "largest", "at_once"),
    *STATUSES,
}
FLOAT_OR_NONE = {float, type(None)}
ROW_FIELDS = {field.name for field in fields(Row)}


def _numbers(value: Any) -> dict[str, float | None]:
    """Numbers by the name of a metric."""
    names = _names(value)
    entries = value.values()
    if not set(map(type, entries)) <= FLOAT_OR_NONE:
        entries = map(value_checks.number, entries)
    return dict(zip(names, entries, strict=True))


def _lists(value: Any) -> dict[str, list[float | None]]:
    """Lists of numbers by the name of a metric."""
    return dict(zip(_names(value), map(_list, value.values()), strict=True))


def _list(value: Any) -> list[float | None]:
    if type(value) is not list or len(value) > value_checks.MAX_ENTRIES:
        raise value_checks.wrong(f"a list of at most {value_checks.MAX_ENTRIES} numbers", value)
    return value if set(map(type, value)) <= FLOAT_OR_NONE else list(map(value_checks.number, value))


def _names(value: Any) -> tuple[str, ...]:
    """The keys of an object, each the name of a metric; equal ones of many rows are kept once."""
    if type(value) is not dict or len(value) > value_checks.MAX_ENTRIES:
        raise value_checks.wrong(f"an object of at most {value_checks.MAX_ENTRIES} entries", value)
    return _metric_names(tuple(value))


@lru_cache(4_096)
def _metric_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        is_plain = METRIC.fullmatch(name) and name.isprintable() and len(name) <= value_checks.MAX_NAME
        if not is_plain or name in TAKEN or name in ROW_FIELDS:
            raise DamagedRow(f"{value_checks.described(name)} cannot be the name of a metric")
    return tuple(map(intern, names))


def _versions(value: Any) -> dict[str, str]:
    """Versions by the name of a package."""
    if type(value) is not dict or len(value) > value_checks.MAX_ENTRIES:
        raise value_checks.wrong(f"an object of at most {value_checks.MAX_ENTRIES} entries", value)
    return {_name(package): value_checks.text(version) for package, version in value.items()}


def _cost(value: Any) -> Cost | None:
    if value is None:
        return None
    if type(value) is not dict or value.keys() != RATES.keys():
        raise value_checks.wrong(f"an object of {', '.join(RATES)}", value)
    for number in value.values():
        if type(number) is not int or not 0 <= number <= value_checks.MAX_INTEGER:
            raise value_checks.wrong_integer(0, number)
    return Cost(values=value["values"], gradients=value["gradients"], simulations=value["simulations"])


def _check_of(annotation: Any) -> value_checks.Check:
    """The check of a field that is any value of a type."""
    return {
        str: value_checks.text,
        int: _count,
        bool: value_checks.flag,
        str | None: value_checks.optional(value_checks.text),
        float | None: value_checks.amount,
        Cost | None: _cost,
        dict[str, float | None]: _numbers,
        dict[str, list[float | None]]: _lists,
        list[list[float]]: value_checks.points,
        dict[str, str]: _versions,
    }[annotation]


_count = value_checks.integer_from(0)
_positive = value_checks.integer_from(1)


def _remembering(check: value_checks.Check) -> value_checks.Check:
    """The check of a name that may be part of the name of a file. Most rows repeat those of other rows."""
    check_once = lru_cache(4_096)(check)
    return lambda value: check_once(value) if type(value) is str else check(value)


_name = _remembering(value_checks.matching(NAME, "a name of letters, digits, '-', '_' and '.'"))
_sampler_name = _remembering(
    value_checks.matching(SAMPLER_NAME, "the name of a sampler, such as 'dds' or 'dds[steps=64]'")
)
# Fields of which a type allows too much. The others are checked by their types.
NARROWER: dict[str, value_checks.Check] = {
    "identity": value_checks.matching(IDENTITY, "hexadecimal digits"),
    "sampler": _sampler_name,
    "target": _name,
    "source": _name,
    "fingerprint": _name,
    "dim": _positive,
    "draws": _positive,
    "cores": _positive,
    "status": value_checks.choice(STATUSES),
    "precision": value_checks.choice(("float32", "float64")),
    "budget": value_checks.budget,
    "budget_unit": value_checks.optional(value_checks.choice(("gradients", "seconds"))),
    "origin": value_checks.optional(value_checks.choice(ORIGINS)),
    "true_log_z": value_checks.finite,
    "started": value_checks.optional(value_checks.matching(DATE, "a date and a time")),
}
CHECKS: dict[str, value_checks.Check] = {
    field.name: NARROWER.get(field.name) or _check_of(field.type) for field in fields(Row)
}
