"""Writes leaderboard.html: a static page with everything in it, made from stored rows and the registry."""

from collections.abc import Sequence
from pathlib import Path

from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.pages.html import bundles, charts
from bridgemark.benchmarks.pages.html.contents import contents
from bridgemark.benchmarks.pages.html.environment import environment
from bridgemark.benchmarks.rows.files import write_atomically
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.rows.row import Row

FILE_NAME = "leaderboard.html"
TEMPLATES = Path(__file__).parent / "templates"
MAX_ROWS = 10_000  # of a page that is made by itself: it has all of them, half a kB each
PACKAGES = ("jinja2", "itables", "altair", "vl_convert")


def require_packages() -> None:
    """Raise BadInput, with what installs it, where a package is missing that the page needs."""
    for name in PACKAGES:
        optional_package(name, bundles.EXTRA)


def require_showable(rows: Sequence[Row]) -> None:
    """Raise BadInput where a package is missing that the page needs, or where it would be too large."""
    require_packages()
    if len(rows) > MAX_ROWS:
        raise BadInput(f"{len(rows):,} rows are too many for a browser; at most {MAX_ROWS:,} are shown")


def write(rows: Sequence[Row], results: Results, folder: Path) -> Path:
    """Write leaderboard.html in `folder` from all stored rows; `results` has the certificates.

    The same rows, code and packages give the same bytes. Raises BadInput where a package is missing.
    """
    text = render(rows, results)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    write_atomically(path, lambda file: file.write(text.encode()))
    return path


def render(rows: Sequence[Row], results: Results) -> str:
    """The page as a text. Everything that the template shows is escaped but our own code and the bundles."""
    require_packages()
    return (
        environment(TEMPLATES)
        .get_template("page.html.jinja")
        .render(
            page=contents(rows, row_table(rows), results),
            style=(TEMPLATES / "style.css").read_text(),
            script=(TEMPLATES / "page.js").read_text(),
            data_tables=bundles.pack(bundles.data_tables()),
            vega_embed=bundles.pack(bundles.vega_embed()),
            chart=charts.cost_chart(),
        )
    )
