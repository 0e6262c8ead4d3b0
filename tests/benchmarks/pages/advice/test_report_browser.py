"""report.html in Chromium: every plot is drawn, in light and dark, and names stay text; by `nox -s page`."""

import pytest

from bridgemark.benchmarks.pages.advice import contents, page

from support.advice import made_advice, with_names
from support.chromium import watch

# What would become an element, a script or an expression where Vega or the page took it for one.
NAMES = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "a.b[0]",
    "datum['x']",
    "&lt;b&gt;",
    "{{ 7 * 7 }}",
    "quote \" and '",
)


@pytest.fixture(scope="module")
def advice():
    return with_names(made_advice(), NAMES)


@pytest.fixture(scope="module")
def address(advice, tmp_path_factory):
    return page.write(advice, tmp_path_factory.mktemp("report")).as_uri()


@pytest.fixture
def open_page(browser, address, advice):
    """A function that opens the report, waits for its last plot, and keeps what went wrong."""
    problems, opened = [], []
    last = contents.contents(advice).plots[-1].identifier

    def open_it(**options):
        shown = browser.new_page(**options)
        opened.append(shown)
        watch(shown, address, problems)
        shown.goto(address)
        shown.wait_for_selector(f"#{last} svg")
        return shown

    yield open_it
    for shown in opened:
        shown.close()
    assert problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_fits_its_window_with_every_plot(open_page, advice, width, scheme):
    shown = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    assert shown.locator(".plot svg").count() == len(contents.contents(advice).plots)
    ink = shown.evaluate("getComputedStyle(document.body).color")
    titles = "[...document.querySelectorAll('.plot svg text')].map((text) => getComputedStyle(text).fill)"
    assert set(shown.evaluate(titles)) == {ink}


def test_names_of_the_model_are_text(open_page):
    shown = open_page()
    assert shown.locator("img").count() == 0
    words = shown.inner_text("main")
    assert all(name in words for name in NAMES)
    texts = shown.locator(".plot svg text").all_text_contents()
    assert any("onerror" in text for text in texts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_serious_finding(open_page, scheme):
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="`nox -s page` installs axe")
    shown = open_page(color_scheme=scheme)
    violations = axe.Axe().run(shown)["violations"]
    assert [item["id"] for item in violations if item["impact"] in ("serious", "critical")] == []
