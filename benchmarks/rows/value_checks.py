"""Checks of single values of JSON: their type and their range.

A check takes a value of JSON and returns that of a row, or raises DamagedRow with what it must be.
"""

import math
import re
from collections.abc import Callable, Sequence
from sys import intern
from typing import Any, TypeAlias

from bridgemark.benchmarks.rows.unreadable import DamagedRow
from bridgemark.benchmarks.text import remark

# JSON has no numbers for these, so they are written as texts; None, which is null, is kept apart from NaN.
SPECIAL_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
MAX_NAME = 100  # characters
MAX_ENTRIES = 1_000  # of a dict or a list
MAX_INTEGER = 2**63 - 1
MAX_AMOUNT = 1e18

Check: TypeAlias = Callable[[Any], Any]


def described(value: Any) -> str:
    """A value of JSON in a few words, whatever its size."""
    if type(value) in (dict, list):
        return "an object" if type(value) is dict else "a list"
    return remark(repr(value), 60)


def wrong(expected: str, value: Any) -> DamagedRow:
    """What is raised for a value that is not what was expected."""
    return DamagedRow(f"it must be {expected}, not {described(value)}")


def optional(check: Check) -> Check:
    """The check of a value that may be None."""

    def check_unless_none(value: Any) -> Any:
        return None if value is None else check(value)

    return check_unless_none


def text(value: Any) -> str:
    """A text."""
    if type(value) is not str:
        raise wrong("a text", value)
    return intern(value)  # equal texts of many rows are kept once


def matching(pattern: re.Pattern[str], expected: str) -> Check:
    """The check of a text that a pattern describes, which is `expected` in words."""

    def check_pattern(value: Any) -> str:
        if type(value) is not str or len(value) > MAX_NAME or not pattern.fullmatch(value):
            raise wrong(f"{expected}, of at most {MAX_NAME} characters", value)
        return intern(value)

    return check_pattern


def choice(values: Sequence[str]) -> Check:
    """The check of one of several texts."""

    def check_choice(value: Any) -> str:
        if type(value) is not str or value not in values:
            raise wrong(f"one of {', '.join(values)}", value)
        return intern(value)

    return check_choice


def integer_from(least: int) -> Check:
    """The check of an integer that is `least` or more, and fits into 64 bits."""

    def check_integer(value: Any) -> int:
        if type(value) is not int or not least <= value <= MAX_INTEGER:
            raise wrong_integer(least, value)
        return value

    return check_integer


def wrong_integer(least: int, value: Any) -> DamagedRow:
    """What is raised for a value that is not such an integer."""
    return wrong(f"an integer from {least} to 2^63 - 1", value)


def flag(value: Any) -> bool:
    """True or False."""
    if type(value) is not bool:
        raise wrong("true or false", value)
    return value


def amount(value: Any) -> float | None:
    """Seconds or megabytes, or None."""
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value <= MAX_AMOUNT:
        raise wrong(f"a number from 0 to {MAX_AMOUNT:g}", value)
    return float(value)


def budget(value: Any) -> float | None:
    """An amount but 0, which would mean elsewhere that there is no budget."""
    if value == 0:
        raise wrong("positive", value)
    return amount(value)


def number(value: Any) -> float | None:
    """A number of any size; None, NaN and the infinities have a meaning, too."""
    if value is None or type(value) is float:
        return value
    if type(value) is str and value in SPECIAL_NUMBERS:
        return SPECIAL_NUMBERS[value]
    if type(value) is int and abs(value) <= MAX_INTEGER:
        return float(value)
    raise wrong("a number, null, or one of the texts nan, inf and -inf", value)


def finite(value: Any) -> float | None:
    """A number that is finite, or None."""
    if value is None:
        return None
    if type(value) not in (int, float) or not -MAX_AMOUNT <= value <= MAX_AMOUNT:
        raise wrong(f"a number of at most {MAX_AMOUNT:g} in size, or null", value)
    return float(value)


def points(value: Any) -> list[list[float]]:
    """Points in the plane."""
    if type(value) is not list or len(value) > MAX_ENTRIES:
        raise wrong(f"a list of at most {MAX_ENTRIES} points", value)
    return [_point(point) for point in value]


def _point(value: Any) -> list[float]:
    if type(value) is not list or len(value) != 2 or not set(map(type, value)) <= {int, float}:
        raise wrong("a point, which is a list of two numbers", value)
    if not all(map(math.isfinite, value)):
        raise wrong("a point of finite numbers", value)
    return list(map(float, value))
