"""Numbers, exceptions and text from outside, formatted for people.

Names, reasons, configurations and the like come from strangers. Every place that shows them has one function
here that keeps them plain text: `printable` for a terminal, `escape_markdown` for a page, `escape_xml` for an
image, and `csv_cell` for a spreadsheet. Rich's markup is the business of `console.plain_text`.
"""

import html
import math
import re
from collections.abc import Sequence

import numpy as np

MAX_LINE = 300  # characters of a reason or another remark
# Characters that mean something to Markdown. An underscore inside a word, as in `log_prob`, means nothing.
MARKDOWN = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# GitHub turns these into links without any brackets.
BARE_LINK = re.compile(r"\b(https?|ftp)(:)(?=//)|\b(www)(\.)", re.IGNORECASE)
# What a character that means something to LaTeX is spelt as.
LATEX = {character: f"\\{character}" for character in "{}$&#_%"}
LATEX |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
LATEX |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}"}
SMALLEST_ERROR = 1e-12  # relative to the value, or to 1: a smaller one has more digits than the value
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def number(value: float | None, digits: int = 2) -> str:
    """Format a number with a few significant digits: '' for None (no meaning), 'nan' for NaN (failed)."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return str(float(value))
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return np.format_float_positional(value, precision=digits, fractional=False, trim="-")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def with_error(value: float, error: float | None) -> str:
    """A value with its standard error, to the digits that it has: "-77.5684 ± 0.0083", or "1.837877".

    Alone where the error is zero or not known.
    """
    if error is None or math.isnan(error):
        return number(value, 6)
    if error == 0:
        return f"{value:.6f}".rstrip("0").rstrip(".")
    if not (math.isfinite(value) and SMALLEST_ERROR * max(1.0, abs(value)) <= error < math.inf):
        return f"{number(value, 6)} ± {number(error)}"
    decimals = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{decimals}f} ± {number(error)}"


def count(things: int, noun: str) -> str:
    """A number of things in words: "1 row", "2 rows"."""
    return f"{things} {noun}{'' if things == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time in seconds, minutes or hours: "12 s", "4 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{number(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def printable(text: str) -> str:
    r"""The text on one line, without any character that a terminal would obey.

    White space of any kind becomes a space. Control characters, marks that reverse the direction of writing
    and halves of surrogate pairs are spelt out, such as `\x1b`.
    """
    if text.isprintable():
        return text
    return " ".join("".join(map(_spelt_out, word)) for word in text.split())


def remark(text: str, max_length: int = MAX_LINE) -> str:
    """The text on one printable line of at most `max_length` characters; where it is cut, "…" ends it."""
    if len(text) <= max_length and text.isprintable():
        return text
    text = printable(text[: 10 * max_length])
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


def _spelt_out(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def message_of(error: BaseException) -> str:
    """The message of an exception, or a remark where a stranger's exception raises instead of telling it."""
    try:
        return str(error)
    except Exception:
        return "it has no message that can be shown"


def one_line(error: BaseException, max_length: int = MAX_LINE) -> str:
    """The type and message of an exception, on one printable line of at most `max_length` characters."""
    message = message_of(error)
    name = type(error).__name__
    return remark(" ".join(f"{name}: {message}".split()) if message else name, max_length)


def escape_bars(text: str) -> str:
    """Escape vertical bars, which would end a cell of a Markdown table, in text of this project."""
    return text.replace("|", "\\|")


def escape_markdown(text: str) -> str:
    """Escape a text for Markdown: it has no HTML, emphasis, code, formulas, links or images there.

    It may stand in a cell of a table and inside a line of text, but not at the beginning of a line, where
    "#" or "-" would have a meaning.
    """
    text = MARKDOWN.sub(lambda match: f"\\{match[0]}", printable(text))
    text = "".join(HTML.get(character, character) for character in text)
    return BARE_LINK.sub(_without_link, text)


def _without_link(match: re.Match[str]) -> str:
    """The beginning of a link, with the character spelt as HTML by which it is recognised."""
    name, sign = (part for part in match.groups() if part)
    return f"{name}&#{ord(sign)};"


def escape_xml(text: str) -> str:
    """Escape a text for XML, such as SVG: it has no element, no entity and no end of an attribute there."""
    return html.escape(printable(text))


def escape_latex(text: str) -> str:
    """Escape a text for LaTeX: it has no command, no formula and no comment there."""
    return "".join(LATEX.get(character, character) for character in printable(text))


def csv_cell(text: str) -> str:
    """A text as a cell of a CSV file: quoted where it must be, and never a formula of a spreadsheet.

    A text that a spreadsheet would evaluate gets an apostrophe before it; numbers stay as they are.
    """
    if text.startswith(FORMULA_STARTS) and not is_number(text):
        text = f"'{text}"
    if '"' in text or "," in text or "\n" in text or "\r" in text:
        text = '"' + text.replace('"', '""') + '"'
    return text


def is_number(text: str) -> bool:
    """Whether Python reads the text as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def markdown_table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table of text that is already escaped, its columns padded to equal width."""
    columns = list(zip(headings, *lines, strict=True))
    widths = [max(3, *map(len, column)) for column in columns]
    rule = "|".join(f":{'-' * (width + 1)}" for width in widths)
    rows = [" | ".join(map(str.ljust, line, widths)) for line in (headings, *lines)]
    head, *body = (f"| {row} |" for row in rows)
    return "\n".join([head, f"|{rule}|", *body])
