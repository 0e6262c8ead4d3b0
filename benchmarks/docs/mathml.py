"""Formulas as MathML, which browsers show by themselves: the page fetches and runs nothing for them."""

from typing import Any

from docutils import nodes  # pyright: ignore[reportMissingModuleSource]
from docutils.utils.math.latex2mathml import tex2mathml  # pyright: ignore[reportMissingModuleSource]


def add_mathml(app: Any) -> None:
    """Register MathML as a renderer of formulas in HTML, called "mathml"."""
    app.add_html_math_renderer("mathml", (write_inline, None), (write_display, None))


def write_inline(writer: Any, node: Any) -> None:
    """Write a formula within a line. Raises MathError for TeX that docutils does not know."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def write_display(writer: Any, node: Any) -> None:
    """Write a formula on a line of its own, which a narrow screen scrolls."""
    writer.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode
