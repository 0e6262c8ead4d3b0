"""The page leaderboard.html: its parts, its numbers, and that what strangers write is text on it."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bridgemark.benchmarks import optional
from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.ledger import published_claim
from bridgemark.benchmarks.ledger.published_claim import PublishedClaim
from bridgemark.benchmarks.ledger.verdicts import NOT_REPRODUCED
from bridgemark.benchmarks.pages.html import bundles, contents, page
from bridgemark.benchmarks.pages.html.lines import make_board
from bridgemark.benchmarks.pages.shown_rows import shown_rows
from bridgemark.benchmarks.rows.results import PUBLISHED, Results
from bridgemark.benchmarks.rows.row import TEXTS
from bridgemark.benchmarks.text import number

from support.many_rows import many_rows
from support.stored_rows import HOSTILE_TEXTS
from support.synthetic_rows import failed, row, rows, spending

MEGABYTE = 1e6
TEXTS_ON_PAGES = [text for text in HOSTILE_TEXTS if text.strip() and len(text) < 1_000]
VOID = {"meta", "link", "input", "br", "img"}


class Structure(HTMLParser):
    """The elements of a page with the names of their attributes, its scripts, and its text without styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.words, self.identifiers, self.scripts = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.identifiers += [value for name, value in attrs if name == "id"]
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.words.append(data)


def made_of(text):
    """Two settings of a sampler and a failure with this text in every field that a stranger can fill."""
    texts = {name: text for name in TEXTS if name not in ("config", "reason")} | {"versions": {"jax": text}}
    ok = [row(seed=0, config=text, **texts), row(seed=1, config=f"{text} more", **texts)]
    return [*ok, replace(failed("failed", sampler="hmc"), **texts, config=text, reason=text)]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results((tmp_path_factory.mktemp("none"),))


@pytest.fixture(scope="module")
def made_up(results):
    """The page of made-up rows."""
    return page.render([*rows(), *spending(2, (1e4,))], results)


@pytest.fixture(scope="module")
def published_rows():
    return Results((PUBLISHED,)).read()


def test_a_second_build_gives_the_same_bytes(results, made_up, tmp_path):
    in_other_order = [*spending(2, (1e4,)), *rows()][::-1]
    path = page.write(in_other_order, results, tmp_path)
    assert path.read_bytes() == made_up.encode()


def test_elements_are_closed_and_identifiers_are_unique(made_up):
    structure = Structure(made_up)
    assert structure.open == []
    assert len(structure.identifiers) == len(set(structure.identifiers))
    assert {"answer", "board", "chart", "heat", "samplers", "targets", "rows"} <= set(structure.identifiers)


def test_nothing_is_fetched(made_up):
    for element in Structure(made_up).elements:
        assert "src" not in element
        assert element[0] not in ("link", "img", "iframe")


def test_tables_have_captions_and_headings_have_scopes(made_up):
    elements = Structure(made_up).elements
    kinds = [element[0] for element in elements]
    assert kinds.count("caption") == kinds.count("table") > 3
    assert all("scope" in element for element in elements if element[0] == "th")


@pytest.mark.parametrize("text", TEXTS_ON_PAGES, ids=lambda text: repr(text[:12]))
def test_what_strangers_write_is_text(results, text):
    hostile, plain = (Structure(page.render(made_of(value), results)) for value in (text, "a plain text"))
    assert hostile.elements == plain.elements


@pytest.mark.parametrize("text", TEXTS_ON_PAGES, ids=lambda text: repr(text[:12]))
def test_what_a_claim_says_is_text(results, monkeypatch, text):
    """A name is a word: it is part of an identifier."""

    def page_with(words):
        claim = PublishedClaim("a-name", words, words, words, NOT_REPRODUCED, words, value="1.5")
        monkeypatch.setattr(published_claim, "read", lambda: [claim])
        return Structure(page.render([row()], results))

    hostile, plain = page_with(text), page_with("a plain text")
    assert hostile.elements == plain.elements
    assert "claim-a-name" in plain.identifiers


def test_every_claim_is_on_the_page_with_its_verdict(made_up):
    words = " ".join(" ".join(Structure(made_up).words).split())
    for claim in published_claim.read():
        assert claim.evidence in words
        assert claim.source in words


def test_this_test_would_see_an_element():
    assert Structure("<p>&lt;b&gt;</p>").elements != Structure("<p><b></b></p>").elements


def test_without_any_truth_there_are_estimates(results, made_up):
    """The columns of estimates, and what they mean, are there for no other page."""
    scores = {"log_z": 2.5, "elbo": 2.25, "pareto_k": 0.9}
    stored = replace(row(), metrics=scores, errors={"log_z": 0.01}, floors={})
    words, others = (" ".join(Structure(text).words) for text in (page.render([stored], results), made_up))
    assert "2.500 ± 0.01 †" in words
    assert "2.25" in words
    for meaning in contents.MEANINGS_WITHOUT_TRUTH.values():
        assert meaning in words
        assert meaning not in others


def test_scripts_are_whole(made_up):
    """The end of a script inside a bundle or a chart would make more text and elements."""
    structure = Structure(made_up)
    assert [element[0] for element in structure.elements].count("script") == 4
    chart, data_tables, vega_embed, own = structure.scripts
    assert json.loads(chart)["description"]
    assert bundles.unpack(data_tables) == bundles.data_tables()
    assert bundles.unpack(vega_embed) == bundles.vega_embed()
    assert all(script.rstrip().endswith("})();") for script in (bundles.unpack(vega_embed), own))


def test_what_is_packed_is_letters_and_digits():
    code = "const end = '</script><!--';" * 50
    packed = bundles.pack(code)
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", packed)
    assert bundles.unpack(packed) == code
    assert len(packed) < len(code) / 5


def test_every_published_score_is_on_the_page_and_it_is_small(published_rows):
    """The medians of the board as the Markdown page has them, and those of every seed in full."""
    text = page.render(published_rows, Results((PUBLISHED,)))
    assert len(text.encode()) <= 3 * MEGABYTE
    words = {word.strip() for word in Structure(text).words}
    for stored in published_rows:
        for metric in (columns.BIAS2_X_MAX, columns.LOG_Z_ERROR):
            assert number(stored.metrics.get(metric), 6) in {"", *words}, f"{stored.identity} {metric}"
    shown = shown_rows(row_table(published_rows))
    for line in shown.rows:
        for metric in (
            columns.SLICED_W2,
            columns.MODE_TV,
            columns.SPENT,
            columns.R_HAT_MAX,
            columns.ELBO_GAP,
        ):
            digits = 3 if metric == columns.R_HAT_MAX else 2
            value = number(line.get(metric), digits)
            assert any(word.startswith(value) for word in words), f"{line[columns.LABEL]} {metric}"


def test_five_thousand_rows_fit_into_three_megabytes(results):
    text = page.render(many_rows(5_000), results)
    assert len(text.encode()) <= 3 * MEGABYTE
    assert text.count('<tr><th scope="row">') > 5_000  # every seed is there


def test_groups_are_those_of_the_markdown_page(published_rows):
    table = row_table(published_rows)
    shown, board = shown_rows(table), make_board(published_rows, table)
    by_line = {
        (line.summary[columns.LABEL], line.summary[columns.TARGET]): line.group for line in board.lines
    }
    assert len(by_line) == len(shown.rows)
    for line in shown.rows:
        assert by_line[line[columns.LABEL], line[columns.TARGET]] == shown.standings.group(line)


def test_budgets_are_not_compared_with_each_other():
    made = [*rows(), *spending(3, (1e4, 1e5))]
    board = make_board(made, row_table(made))
    budgets = {line.budget for line in board.lines}
    assert budgets == {"none", "1e4 gradients", "1e5 gradients", "0.1 seconds", "1 seconds"}
    for setting in {line.setting for line in board.lines}:
        members = [line for line in board.lines if line.setting == setting]
        assert len({line.budget for line in members}) == 1
        assert 1 in {line.group for line in members}


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    def import_nothing(name):
        raise ImportError(name)

    monkeypatch.setattr(optional.importlib, "import_module", import_nothing)
    with pytest.raises(BadInput, match=r"jinja2: pip install 'bridgemark\[page\]'"):
        page.require_packages()


def test_a_page_that_no_browser_shows_well_is_not_made():
    page.require_showable([None] * page.MAX_ROWS)
    with pytest.raises(BadInput, match=r"10,001 rows are too many for a browser; at most 10,000 are shown"):
        page.require_showable([None] * (page.MAX_ROWS + 1))
