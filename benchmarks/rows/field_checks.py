"""Checks of the fields of a row in JSON: the type and the range of every value."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import lru_cache
from sys import intern
from typing import Any, TypeAlias

from bridgemark.benchmarks.registry import NAME
from bridgemark.benchmarks.rows.cost import RATES, Cost
from bridgemark.benchmarks.rows.row import ORIGINS, STATUSES, Row
from bridgemark.benchmarks.rows.unreadable import DamagedRow
from bridgemark.benchmarks.text import remark

# JSON has no numbers for these, so they are written as texts; None, which is null, is kept apart from NaN.
SPECIAL_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
IDENTITY = re.compile(r"[0-9a-f]{1,64}")
METRIC = re.compile(r"[^\W\d][^.]*")  # a dot separates a metric from what is derived from it
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})?")
MAX_NAME = 100  # characters
MAX_ENTRIES = 1_000  # of a dict or a list
MAX_INTEGER = 2**63 - 1
MAX_AMOUNT = 1e18
# Columns of the tables that are neither a field of a row nor a metric: no metric may have such a name.
TAKEN = {
    *("label", "seeds", "evaluations", "gradients", "spent", "spent_seconds", "log_z_abs_error"),
    *("curve", "point", "cost", "metric", "value", "covers", "floor", "largest", "at_once"),
    *STATUSES,
}
FLOAT_OR_NONE = {float, type(None)}
ROW_FIELDS = {field.name for field in fields(Row)}

Check: TypeAlias = Callable[[Any], Any]  # from a value in JSON to that of a row. Raises DamagedRow


def described(value: Any) -> str:
    """A value of JSON in a few words, whatever its size."""
    if type(value) in (dict, list):
        return "an object" if type(value) is dict else "a list"
    return remark(repr(value), 60)


def _wrong(expected: str, value: Any) -> DamagedRow:
    return DamagedRow(f"it must be {expected}, not {described(value)}")


def _optional(check: Check) -> Check:
    def check_unless_none(value: Any) -> Any:
        return None if value is None else check(value)

    return check_unless_none


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _wrong("a text", value)
    return intern(value)  # equal texts of many rows are kept once


def _matching(pattern: re.Pattern[str], expected: str) -> Check:
    def check_pattern(value: Any) -> str:
        if type(value) is not str or len(value) > MAX_NAME or not pattern.fullmatch(value):
            raise _wrong(f"{expected}, of at most {MAX_NAME} characters", value)
        return intern(value)

    return check_pattern


def _choice(values: Sequence[str]) -> Check:
    def check_choice(value: Any) -> str:
        if type(value) is not str or value not in values:
            raise _wrong(f"one of {', '.join(values)}", value)
        return intern(value)

    return check_choice


def _integer_from(least: int) -> Check:
    def check_integer(value: Any) -> int:
        if type(value) is not int or not least <= value <= MAX_INTEGER:
            raise _wrong_integer(least, value)
        return value

    return check_integer


def _wrong_integer(least: int, value: Any) -> DamagedRow:
    return _wrong(f"an integer from {least} to 2^63 - 1", value)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise _wrong("true or false", value)
    return value


def _amount(value: Any) -> float | None:
    """Seconds or megabytes, or None."""
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value <= MAX_AMOUNT:
        raise _wrong(f"a number from 0 to {MAX_AMOUNT:g}", value)
    return float(value)


def _budget(value: Any) -> float | None:
    """An amount but 0, which would mean elsewhere that there is no budget."""
    if value == 0:
        raise _wrong("positive", value)
    return _amount(value)


def _number(value: Any) -> float | None:
    """A number of any size; None, NaN and the infinities have a meaning, too."""
    if value is None or type(value) is float:
        return value
    if type(value) is str and value in SPECIAL_NUMBERS:
        return SPECIAL_NUMBERS[value]
    if type(value) is int and abs(value) <= MAX_INTEGER:
        return float(value)
    raise _wrong("a number, null, or one of the texts nan, inf and -inf", value)


def _numbers(value: Any) -> dict[str, float | None]:
    """Numbers by the name of a metric."""
    names = _names(value)
    entries = value.values()
    if not set(map(type, entries)) <= FLOAT_OR_NONE:
        entries = map(_number, entries)
    return dict(zip(names, entries, strict=True))


def _lists(value: Any) -> dict[str, list[float | None]]:
    """Lists of numbers by the name of a metric."""
    return dict(zip(_names(value), map(_list, value.values()), strict=True))


def _list(value: Any) -> list[float | None]:
    if type(value) is not list or len(value) > MAX_ENTRIES:
        raise _wrong(f"a list of at most {MAX_ENTRIES} numbers", value)
    return value if set(map(type, value)) <= FLOAT_OR_NONE else list(map(_number, value))


def _finite(value: Any) -> float | None:
    """A number that is finite, or None."""
    if value is None:
        return None
    if type(value) not in (int, float) or not -MAX_AMOUNT <= value <= MAX_AMOUNT:
        raise _wrong(f"a number of at most {MAX_AMOUNT:g} in size, or null", value)
    return float(value)


def _points(value: Any) -> list[list[float]]:
    """Points in the plane."""
    if type(value) is not list or len(value) > MAX_ENTRIES:
        raise _wrong(f"a list of at most {MAX_ENTRIES} points", value)
    return [_point(point) for point in value]


def _point(value: Any) -> list[float]:
    if type(value) is not list or len(value) != 2 or not set(map(type, value)) <= {int, float}:
        raise _wrong("a point, which is a list of two numbers", value)
    if not all(map(math.isfinite, value)):
        raise _wrong("a point of finite numbers", value)
    return list(map(float, value))


def _names(value: Any) -> tuple[str, ...]:
    """The keys of an object, each the name of a metric; equal ones of many rows are kept once."""
    if type(value) is not dict or len(value) > MAX_ENTRIES:
        raise _wrong(f"an object of at most {MAX_ENTRIES} entries", value)
    return _metric_names(tuple(value))


@lru_cache(4_096)
def _metric_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        is_plain = METRIC.fullmatch(name) and name.isprintable() and len(name) <= MAX_NAME
        if not is_plain or name in TAKEN or name in ROW_FIELDS:
            raise DamagedRow(f"{described(name)} cannot be the name of a metric")
    return tuple(map(intern, names))


def _versions(value: Any) -> dict[str, str]:
    """Versions by the name of a package."""
    if type(value) is not dict or len(value) > MAX_ENTRIES:
        raise _wrong(f"an object of at most {MAX_ENTRIES} entries", value)
    return {_name(package): _text(version) for package, version in value.items()}


def _cost(value: Any) -> Cost | None:
    if value is None:
        return None
    if type(value) is not dict or value.keys() != RATES.keys():
        raise _wrong(f"an object of {', '.join(RATES)}", value)
    for number in value.values():
        if type(number) is not int or not 0 <= number <= MAX_INTEGER:
            raise _wrong_integer(0, number)
    return Cost(values=value["values"], gradients=value["gradients"], simulations=value["simulations"])


def _check_of(annotation: Any) -> Check:
    """The check of a field that is any value of a type."""
    return {
        str: _text,
        int: _count,
        bool: _flag,
        str | None: _optional(_text),
        float | None: _amount,
        Cost | None: _cost,
        dict[str, float | None]: _numbers,
        dict[str, list[float | None]]: _lists,
        list[list[float]]: _points,
        dict[str, str]: _versions,
    }[annotation]


_count = _integer_from(0)
_positive = _integer_from(1)
_any_name = _matching(NAME, "a name of letters, digits, '-', '_' and '.'")
_remembered_name = lru_cache(4_096)(_any_name)


def _name(value: Any) -> str:
    """A name that may be part of the name of a file. Most rows repeat those of other rows."""
    return _remembered_name(value) if type(value) is str else _any_name(value)


# Fields of which a type allows too much. The others are checked by their types.
NARROWER: dict[str, Check] = {
    "identity": _matching(IDENTITY, "hexadecimal digits"),
    "sampler": _name,
    "target": _name,
    "source": _name,
    "fingerprint": _name,
    "dim": _positive,
    "draws": _positive,
    "cores": _positive,
    "status": _choice(STATUSES),
    "precision": _choice(("float32", "float64")),
    "budget": _budget,
    "budget_unit": _optional(_choice(("gradients", "seconds"))),
    "origin": _optional(_choice(ORIGINS)),
    "true_log_z": _finite,
    "started": _optional(_matching(DATE, "a date and a time")),
}
CHECKS: dict[str, Check] = {
    field.name: NARROWER.get(field.name) or _check_of(field.type) for field in fields(Row)
}
