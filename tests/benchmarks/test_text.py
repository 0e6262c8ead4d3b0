"""Numbers as people read them, and strangers' text as nothing but text."""

import csv
import io
import math
import xml.etree.ElementTree as ElementTree

import pytest
from markdown_it import MarkdownIt

from bridgemark.benchmarks.text import (
    csv_cell,
    escape_markdown,
    escape_xml,
    markdown_table,
    number,
    one_line,
    printable,
    remark,
    with_error,
)

from support.stored_rows import HOSTILE_TEXTS

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
each_text = pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:12]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (0, "0"),
        (0.1234, "0.12"),
        (-812.5, "-810"),
        (123456, "1.2e5"),
        (2e-4, "2e-4"),
    ],
)
def test_numbers_for_people(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("as it is: [x] <y> 日本 é", "as it is: [x] <y> 日本 é"),
        ("  spaces  stay ", "  spaces  stay "),
        ("a\nb\r\n\tc\u2028d\x85e\xa0f", "a b c d e f"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\x00\x07\x7f\x9b", "a\\x00\\x07\\x7f\\x9b"),
        ("\u202e\u2066\ufeff\u200b", "\\u202e\\u2066\\ufeff\\u200b"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_texts_become_printable(text, line):
    assert printable(text) == line


@each_text
def test_a_remark_is_a_short_line(text):
    line = remark(text)
    assert line.isprintable()
    assert len(line) <= 300
    assert remark(line) == line
    assert remark(text, 20) == remark(remark(text, 20), 20)


def test_a_remark_says_that_it_was_cut():
    assert remark("x" * 300) == "x" * 300
    assert remark("x" * 301) == "x" * 299 + "…"
    assert remark("\x00" * 1_000, 10) == "\\x00\\x00\\…"


class WithoutText(Exception):
    def __str__(self):
        raise ValueError("there is no text")


def test_an_exception_without_a_message_is_named():
    assert one_line(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert one_line(WithoutText()) == "WithoutText: it has no message that can be shown"


@each_text
def test_an_exception_is_a_short_line(text):
    line = one_line(ValueError(text), 100)
    assert line.startswith("ValueError")
    assert line.isprintable()
    assert len(line) <= 100


@each_text
def test_markdown_shows_the_text_itself(text):
    """In a list, in a heading and in a table: after rendering and reading, it is the printable text."""
    text = text[:200]
    escaped = escape_markdown(text)
    assert escaped.isprintable()
    for page in (
        f"- name: {escaped}",
        f"## name {escaped}",
        markdown_table(["a", "b"], [[f"name {escaped}", "x"]]),
    ):
        kinds, shown = set(), ""
        for token in MARKDOWN.parse(page):
            for child in token.children or ():
                kinds.add(child.type)
                shown += child.content
        assert kinds <= {"text", "text_special"}
        assert " ".join(printable(text).split()) in " ".join(shown.split())


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a < b | c", "a &lt; b \\| c"),
        ("log_prob of x_0", "log_prob of x_0"),
        ("_a_ __b__", "\\_a\\_ \\_\\_b\\_\\_"),
        ("a & b &lt;", "a &amp; b &amp;lt;"),
        ("back\\slash", "back\\\\slash"),
        ("https://a.b HTTP://c www.d WWW.e", "https&#58;//a.b HTTP&#58;//c www&#46;d WWW&#46;e"),
        ("![i](j)", "!\\[i\\](j)"),
    ],
)
def test_what_is_escaped_on_a_page(text, escaped):
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "--1", "+", "-"])
def test_formulas_are_text(text):
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a, b", '"a, b"'),
        ('say "x"', '"say ""x"""'),
        ("two\nlines", '"two\nlines"'),
        ("=1,2", '"\'=1,2"'),
        ("[x] 日本 'y'", "[x] 日本 'y'"),
    ],
)
def test_cells_are_quoted_where_they_must_be(text, cell):
    assert csv_cell(text) == cell
    (cells,) = csv.reader(io.StringIO(f"{cell},next\n"))
    assert cells == ["'" * text.startswith("=") + text, "next"]


@pytest.mark.parametrize("text", ["", "a=1", "-1", "+2.5e-3", "-inf", "'=1", "smc", "3 - 4"])
def test_numbers_and_other_texts_are_no_formulas(text):
    assert csv_cell(text) == text


def test_a_table_has_columns_of_equal_width():
    table = markdown_table(["a", "long heading"], [["1", "2"], ["three", ""]])
    assert table == (
        "| a     | long heading |\n"
        "|:------|:-------------|\n"
        "| 1     | 2            |\n"
        "| three |              |"
    )
    assert markdown_table(["a"], []) == "| a   |\n|:----|"


@each_text
def test_text_is_text_in_xml(text):
    """An element and an attribute give back what a terminal would show."""
    element = ElementTree.fromstring(f'<a b="{escape_xml(text)}">{escape_xml(text)}</a>')
    assert (element.text or "") == element.attrib["b"] == printable(text)
    assert not list(element)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-77.56841, 0.0083, "-77.5684 ± 0.0083"),
        (-10596.02, 8000.0, "-10596 ± 8000"),
        (1.8378770664, 0.0, "1.837877"),
        (0.0, 0.0, "0"),
        (100.0, 0.0, "100"),
        (1.5, math.inf, "1.5 ± inf"),
        (1.5, None, "1.5"),
        (1.5, math.nan, "1.5"),
        (math.nan, 0.1, "nan ± 0.1"),
        (1e308, 1e-308, "1e308 ± 1e-308"),
        (1.5, -1.0, "1.5 ± -1"),
    ],
)
def test_a_value_is_shown_to_the_digits_that_it_has(value, error, text):
    assert with_error(value, error) == text
