"""The README and the pages of the documentation, and the examples in them."""

import re

from support.project import ROOT

FOLDER = ROOT / "benchmarks" / "docs"
README = (ROOT / "README.md").read_text()
PAGES = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.md"))}
EVERYTHING = "\n".join([README, *PAGES.values()])


def example(name: str) -> str:
    """The Python code that follows the comment `example:NAME`, which is on one page only."""
    (code,) = re.findall(rf"<!-- example:{name} -->\n```python\n(.*?)```\n", EVERYTHING, re.DOTALL)
    return code
