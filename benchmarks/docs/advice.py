"""The fields of the JSON document of `bridgemark advise` as text, made of the code that writes it."""

from collections.abc import Callable

from bridgemark.benchmarks.advise.document import MEANINGS
from bridgemark.benchmarks.text import escape_markdown, markdown_table


def fields() -> str:
    """A table of the fields with their meanings."""
    lines = [(f"`{path}`", escape_markdown(meaning)) for path, meaning in MEANINGS.items()]
    return markdown_table(("field", "what it is"), lines)


PARTS: dict[str, Callable[[], str]] = {"fields of advice": fields}
