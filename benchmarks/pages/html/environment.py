"""What fills the templates of pages: Jinja2, which escapes all that it shows."""

from pathlib import Path
from typing import Any

from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.pages.html.bundles import EXTRA
from bridgemark.benchmarks.text import count, number


def environment(*folders: Path) -> Any:
    """The Jinja2 environment of the templates in these folders. Raises BadInput where Jinja2 is missing."""
    jinja2 = optional_package("jinja2", EXTRA)
    filling = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filling.filters |= {"number": number, "count": count}
    return filling
