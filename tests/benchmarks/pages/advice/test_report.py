"""The report of an advice: the answer first, its parts and numbers, and names of the user's are text."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from bridgemark.benchmarks import optional
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.pages.advice import charts, contents, page, plotted
from bridgemark.benchmarks.pages.html import bundles

from support.advice import made_advice, with_names
from support.stored_rows import HOSTILE_TEXTS

MEGABYTE = 1e6
ALL = ("nuts", "smc", "dds", "pathfinder")


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, its words, and its scripts by id."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.scripts, self.within = [], [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.within = f"{tag} {dict(attrs).get('id', '')}"

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within.startswith("script "):
            self.scripts[self.within.removeprefix("script ")] = data
        elif not self.within.startswith("style"):
            self.words.append(data)


@pytest.fixture(scope="module")
def advice():
    return made_advice()


@pytest.fixture(scope="module")
def text(advice):
    return page.render(advice)


def test_the_answer_comes_first_and_nothing_is_fetched(text):
    made = Elements(text)
    words = " ".join(" ".join(made.words).split())
    assert words.index("trusted: use the draws of nuts") < words.index("log Z by family")
    for part in ("Evidence", "Parameters", "Chains", "Pairs", "Families", "Script"):
        assert part in words
    assert "effects[1]" in words
    assert "confirmed by" in words
    assert not {"link", "img", "iframe"} & {element[0] for element in made.elements}
    assert not [element for element in made.elements if "src" in element]
    assert len(text) < MEGABYTE


def test_every_plot_has_a_place_and_a_specification(text, advice):
    made = Elements(text)
    specifications = json.loads(made.scripts["charts"])
    plots = contents.contents(advice).plots
    assert specifications.keys() == {plot.identifier for plot in plots}
    for plot in plots:
        assert text.count(f'id="{plot.identifier}"') == 1
        assert plot.chart["description"]
    # log Z, three parameters, five entries that are no constants, and six pairs of four entries.
    assert len(specifications) == 1 + 3 + 5 + 6


def test_the_same_advice_gives_the_same_bytes(text, advice):
    assert page.render(advice) == text


@pytest.mark.parametrize("start", range(0, len(HOSTILE_TEXTS), 7))
def test_what_the_model_names_is_text(monkeypatch, text, advice, start):
    """Neither an element nor an attribute is added, and scripts and specifications read as before."""
    monkeypatch.setattr(bundles, "vega_embed", str)  # an empty text: packing the bundle takes seconds
    hostile = (*HOSTILE_TEXTS, *HOSTILE_TEXTS)[start : start + 7]
    renamed = with_names(advice, [contents.remark(name, 60) + str(k) for k, name in enumerate(hostile)])
    race = renamed.race._replace(origin=contents.remark(f"the Model {hostile[0]} in a.py"))
    made = Elements(page.render(renamed._replace(race=race)))
    plain = Elements(page.render(with_names(advice, list("abcdefg"))))
    assert made.elements == plain.elements
    assert json.loads(made.scripts["charts"]).keys() == json.loads(plain.scripts["charts"]).keys()
    assert made.scripts[""] == plain.scripts[""]


def test_distrust_says_so_and_failed_families_are_marked():
    report = contents.contents(made_advice(divergences=400, failed=["dds"]))
    assert not report.is_trusted
    assert report.words[0].startswith("not trusted: ")
    assert list(report.colours) == ["nuts, which fails its own checks", "smc", "pathfinder"]
    assert 'class="headline">' in page.render(made_advice(divergences=400))


def test_where_nothing_was_returned_there_is_a_report():
    made = made_advice(failed=ALL)
    assert contents.contents(made).plots == []
    words = " ".join(Elements(page.render(made)).words)
    assert "not trusted" in words
    assert "None" not in words


def test_draws_without_chains_have_no_rank_plots():
    report = contents.contents(made_advice(failed=["nuts"]))
    assert report.ranks == []
    assert len(report.pairs) == 6


def test_ranks_of_chains_that_agree_are_level_and_all_are_counted():
    """Counts of 50 expected: six standard deviations are 42, and 80 counts are looked at."""
    x = np.random.default_rng(0).standard_normal((4, 1_000))
    counts = np.array([point["count"] for point in plotted.ranks(x)]).reshape(4, -1)
    assert counts.sum() == x.size
    assert np.all(np.abs(counts - 50) < 42)
    apart = x + 10 * np.arange(4)[:, None]
    lowest = [point["count"] for point in plotted.ranks(apart) if point["chain"] == "0"]
    assert lowest == [200] * 5 + [0] * 15


def test_forests_show_weighted_quantiles(advice):
    """Six Monte Carlo errors, about 0.03 each."""
    draws = plotted.equal_draws(advice.entries["dds"])
    (effect,) = plotted.intervals("dds", ("effects[0]",), draws[:, [1]])
    assert effect["median"] == pytest.approx(0, abs=0.15)
    assert effect["low"] == pytest.approx(-1.645, abs=0.25)
    assert effect["upper"] == pytest.approx(0.674, abs=0.18)


def test_a_number_that_is_not_finite_leaves_a_gap():
    points = plotted.intervals("nuts", ("a",), np.full((10, 1), np.inf))
    assert points[0]["median"] is None
    json.dumps(charts.forest(points), allow_nan=False)


def test_one_wild_estimate_does_not_hide_the_others(advice):
    scores = advice.evidence["smc"].scores
    wild = scores._replace(log_z=scores.log_z._replace(value=-1e9))
    changed = advice.evidence | {"smc": advice.evidence["smc"]._replace(scores=wild)}
    low, high = plotted.log_z_plot(advice._replace(evidence=changed)).domain
    assert high - low <= 2 * plotted.WIDEST
    assert low < np.log(2 * np.pi) < high


@pytest.mark.parametrize("package", page.PACKAGES)
def test_a_missing_package_is_named_with_its_extra(monkeypatch, advice, package):
    def missing(name):
        if name == package:
            raise ImportError(name)
        return __import__(name)

    monkeypatch.setattr(optional.importlib, "import_module", missing)
    with pytest.raises(BadInput, match=r"bridgemark\[page\]"):
        page.render(advice)
