"""leaderboard.html in Chromium: sort, filters, links to a view, light and dark; run by `nox -s page`."""

import pytest

from bridgemark.benchmarks.pages.html import page
from bridgemark.benchmarks.rows.results import PUBLISHED, Results

from support.chromium import watch
from support.many_rows import many_rows

ORDERED = "location.hash.includes('order=')"
COLUMN = """(heading) => {
    const headings = [...document.querySelectorAll('#board thead th')].map((cell) => cell.textContent);
    const rows = [...document.querySelectorAll('#board tbody tr')];
    return rows.map((row) => row.cells[headings.indexOf(heading)].textContent.trim());
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of the page of the published rows."""
    results = Results((PUBLISHED,))
    return page.write(results.read(), results, tmp_path_factory.mktemp("page")).as_uri()


@pytest.fixture
def open_page(browser, address):
    """A function that opens the page at a fragment, once its chart is drawn, and keeps what went wrong."""
    problems, opened = [], []

    def open_at(fragment="", **options):
        shown = browser.new_page(**options)
        opened.append(shown)
        watch(shown, address, problems)
        shown.goto(address + fragment)
        shown.wait_for_selector("#chart svg")
        return shown

    yield open_at
    for shown in opened:
        shown.close()
    assert problems == []


def column(shown, heading):
    return shown.evaluate(COLUMN, heading)


def test_the_page_opens_without_an_error_and_fetches_nothing(open_page, address):
    shown = open_page()
    assert shown.inner_text("#shown").endswith("lines")
    assert len(column(shown, "sampler")) == 25


def test_a_click_on_a_heading_sorts_by_number(open_page):
    shown = open_page("#view?target=gmm40-2")
    shown.click("#board thead th:has-text('gradients')")
    shown.wait_for_function(ORDERED)
    spent = [float(text) for text in column(shown, "gradients")]
    assert len(spent) > 20
    assert spent == sorted(spent)


def test_a_filter_leaves_its_lines_and_groups_them_again(open_page):
    shown = open_page()
    shown.select_option("select[name=target]", "gmm40-2")
    assert set(column(shown, "target")) == {"gmm40-2"}
    assert set(column(shown, "group")) > {"1", "2"}
    shown.select_option("select[name=sampler]", "hmc")
    assert column(shown, "sampler") == ["hmc"]
    assert column(shown, "group") == ["1"]


def test_a_link_restores_a_view(open_page):
    shown = open_page()
    shown.select_option("select[name=target]", "funnel-10")
    shown.fill("input[type=search]", "chains")
    shown.click("#board thead th:has-text('seconds')")
    shown.wait_for_function(ORDERED)  # a click sorts a moment later
    again = open_page(shown.evaluate("location.hash"))
    for heading in ("sampler", "target", "group", "seconds"):
        assert column(again, heading) == column(shown, heading)
    assert again.input_value("input[type=search]") == "chains"
    shown.click("text=Clear")
    assert shown.evaluate("location.hash") == ""


@pytest.mark.parametrize(
    "fragment", ["#view?target=%3Cb%3E&order=99,up&box=1,2,a,b&across=x", "#row-0%", "#view"]
)
def test_a_wrong_link_opens_the_whole_board(open_page, fragment):
    shown = open_page(fragment)
    assert shown.locator("#board tbody tr").count() == 25


def test_the_command_of_a_number_is_two_clicks_away(open_page):
    shown = open_page("#view?target=gmm9&sampler=smc")
    shown.click("#board tbody a:has-text('how')")
    code = shown.locator("tbody:target code")
    assert code.inner_text().startswith("bridgemark run --sampler smc --target gmm9 --seeds ")
    shown.click("tbody:target button:visible:has-text('Cop')")


def test_a_box_in_the_chart_filters_the_table(open_page):
    shown = open_page()
    shown.locator("#chart").scroll_into_view_if_needed()
    box = shown.locator("#chart svg").bounding_box()
    shown.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    shown.mouse.down()
    shown.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6, steps=5)
    shown.mouse.up()
    shown.wait_for_function("document.getElementById('shown').textContent.split(' ')[0] < 100")
    assert "box=" in shown.url
    shown.keyboard.press("Escape")
    shown.wait_for_function("!location.hash.includes('box')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_fits_its_window(open_page, width, scheme):
    shown = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    ground = "getComputedStyle(document.body).backgroundColor"
    before = shown.evaluate(ground)
    shown.click("#theme")
    assert shown.evaluate(ground) != before


def test_the_tables_need_no_script(browser, address):
    shown = browser.new_page(java_script_enabled=False)
    shown.goto(address)
    assert shown.locator("#board tbody tr").count() > 100
    assert shown.locator("#filters").is_hidden()
    shown.close()


@pytest.mark.parametrize("pixels", [1010, 690])
def test_on_paper_is_the_whole_view_and_nothing_is_cut(open_page, pixels):
    """At the width of a page of A4 across and upright."""
    shown = open_page("#view?target=gmm40-2", color_scheme="dark", viewport={"width": pixels, "height": 700})
    shown.emulate_media(media="print")
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.locator("#board tbody tr").count() > 25
    assert shown.locator(".cards details:not([open])").count() == 0
    assert shown.locator("button:visible, select:visible, input:visible, nav:visible").count() == 0
    assert shown.evaluate("document.documentElement.scrollWidth") <= pixels
    assert shown.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    assert shown.locator("#board tbody tr").count() == 25
    assert shown.locator(".cards details[open]").count() == 0


def test_five_thousand_rows_are_in_view_within_a_second(browser, tmp_path):
    """The best of three: a machine that is busy with other things is no fault of the page."""
    address = page.write(many_rows(5_000), Results((PUBLISHED,)), tmp_path).as_uri()
    shown, times = browser.new_page(), []
    for _ in range(3):
        shown.goto(address)
        shown.wait_for_selector(".dt-paging")
        times.append(shown.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    assert shown.locator("#board tbody tr").count() == 25
    shown.close()
    assert min(times) < 1_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_serious_finding(open_page, scheme):
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="`nox -s page` installs axe")
    shown = open_page(color_scheme=scheme)
    violations = axe.Axe().run(shown)["violations"]
    serious = [rule["id"] for rule in violations if rule["impact"] in ("serious", "critical")]
    assert serious == []
