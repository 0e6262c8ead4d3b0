"""Numbers, exceptions and text from outside, formatted for people and for Markdown."""

import numpy as np


def number(value: float | None, digits: int = 2) -> str:
    """Format a number with a few significant digits: '' for None (no meaning), 'nan' for NaN (failed)."""
    if value is None:
        return ""
    if not np.isfinite(value):
        return str(float(value))
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return np.format_float_positional(value, precision=digits, fractional=False, trim="-")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def count(things: int, noun: str) -> str:
    """A number of things in words: "1 row", "2 rows"."""
    return f"{things} {noun}{'' if things == 1 else 's'}"


def escape_bars(text: str) -> str:
    """Escape vertical bars, which would end a cell of a Markdown table."""
    return text.replace("|", "\\|")


def escape_markdown(text: str) -> str:
    """Escape what would end a cell of a Markdown table or open an HTML tag."""
    return escape_bars(text).replace("<", "&lt;")


def one_line(error: BaseException, max_length: int) -> str:
    """The type and message of an exception, on one line of at most `max_length` characters."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:max_length]
