"""The site that `nox -s docs` has built: its links lead somewhere, and it fetches nothing.

Skipped without Sphinx, that is outside that session.
"""

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from support.documentation import PAGES
from support.project import ROOT

pytest.importorskip("sphinx")

SITE = ROOT / "results" / "local" / "docs"
MADE_BY_SPHINX = {"genindex", "search", "py-modindex"}


class Page(HTMLParser):
    """The anchors of a page, where its links lead, and what it loads."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loaded = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values["id"]} if values.get("id") else set()
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") not in {"index", "search", "next", "prev"}:
            self.loaded.append(values["href"])
        if values.get("src"):
            self.loaded.append(values["src"])


@pytest.fixture(scope="module")
def site():
    if not (SITE / "index.html").exists():
        pytest.skip("`nox -s docs` builds the site")
    return {path.stem: Page(path.read_text()) for path in SITE.glob("*.html")}


def test_every_page_was_built(site):
    assert set(site) - MADE_BY_SPHINX == set(PAGES) - {"equations"}


def test_every_link_leads_to_a_file_and_to_a_place_in_it(site):
    for name, page in site.items():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme:
                assert address.scheme == "https", f"{name}: {link}"
                continue
            assert not address.path or (SITE / unquote(address.path)).is_file(), f"{name}: {link}"
            page_name = address.path.removesuffix(".html") if address.path else name
            if address.fragment and page_name in site:
                assert unquote(address.fragment) in site[page_name].anchors, f"{name}: {link}"


def test_nothing_is_fetched(site):
    for name, page in site.items():
        for address in page.loaded:
            assert not urlsplit(address).netloc, f"{name} loads {address}"
            assert (SITE / urlsplit(address).path).is_file(), f"{name} loads {address}"


def test_formulas_need_no_script(site):
    text = (SITE / "theory.html").read_text()
    assert text.count("<math") > 50
    assert not [address for address in site["theory"].loaded if "mathjax" in address.lower()]


def test_the_search_knows_every_sampler(site):
    index = (SITE / "searchindex.js").read_text()
    for word in ("adjoint", "nuts", "waste"):
        assert f"{word}" in index
