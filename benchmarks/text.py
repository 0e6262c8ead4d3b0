"""Numbers, errors and what strangers wrote, as text."""

import numpy as np


def number(value: float | None, digits: int = 2) -> str:
    """A number for people, of a few significant digits: '' when it has no meaning, 'nan' when it failed."""
    if value is None or not np.isfinite(value):
        return "" if value is None else str(float(value))
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return np.format_float_positional(value, precision=digits, fractional=False, trim="-")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def escaped(text: str) -> str:
    """Text that does not end a cell or begin a tag."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def one_line(error: BaseException, most: int) -> str:
    """What was raised, on one line of at most `most` characters."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:most]
