"""Writes report.html: a static page with everything in it, which fetches nothing."""

from pathlib import Path

from bridgemark.benchmarks.advise.advice import Advice
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.pages.advice.contents import contents
from bridgemark.benchmarks.pages.html import bundles
from bridgemark.benchmarks.pages.html.environment import environment
from bridgemark.benchmarks.pages.html.page import TEMPLATES as SHARED
from bridgemark.benchmarks.rows.files import write_atomically

FILE_NAME = "report.html"
TEMPLATES = Path(__file__).parent / "templates"
PACKAGES = ("jinja2", "altair", "vl_convert")


def require_packages() -> None:
    """Raise BadInput, with what installs it, where a package is missing that the page needs."""
    for name in PACKAGES:
        optional_package(name, bundles.EXTRA)


def write(advice: Advice, folder: Path) -> Path:
    """Write report.html in `folder`. Raises BadInput where a package is missing."""
    text = render(advice)
    path = folder / FILE_NAME
    write_atomically(path, lambda file: file.write(text.encode()))
    return path


def render(advice: Advice) -> str:
    """The page as a text. Everything that the template shows is escaped but our own code and the bundle."""
    require_packages()
    report = contents(advice)
    return (
        environment(TEMPLATES)
        .get_template("report.html.jinja")
        .render(
            report=report,
            style=(SHARED / "style.css").read_text() + (TEMPLATES / "report.css").read_text(),
            script=(TEMPLATES / "report.js").read_text(),
            charts={plot.identifier: plot.chart for plot in report.plots},
            vega_embed=bundles.pack(bundles.vega_embed()),
        )
    )
