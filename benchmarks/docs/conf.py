"""Configuration of Sphinx: `nox -s docs` builds the documentation in results/local/docs.

The pages are Markdown; `pages` says what their comments stand for.
"""

from importlib import metadata
from typing import Any

from bridgemark.benchmarks.docs import pages
from bridgemark.benchmarks.docs.mathml import add_mathml

project = "bridgemark"
author = "The bridgemark developers"
release = version = metadata.version("bridgemark")
html_show_copyright = False

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.doctest"]
templates_path = ["templates"]
exclude_patterns = ["equations.md"]  # `catalogue` puts its sections into the pages of samplers
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

default_role = "code"  # docstrings write `name` for code
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "bridgemark"
html_static_path = ["style.css"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {"**": ["all-pages.html"]}
html_context = {"default_mode": "auto"}  # light or dark, as the browser is set
html_theme_options = {
    "navbar_center": [],
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
}


def setup(app: Any) -> dict[str, bool]:
    """Fill pages when Sphinx reads them, and write formulas as MathML, which no script has to draw."""
    app.connect("source-read", fill_page)
    add_mathml(app)
    return {"parallel_read_safe": True}


def fill_page(app: Any, page: str, source: list[str]) -> None:
    """Replace the comments of a page by what they stand for."""
    source[0] = pages.fill(source[0])
