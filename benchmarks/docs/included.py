"""Sections of other Markdown files of the repository in pages of the documentation: one source for each text.

Links are rewritten so that they lead to the same file or section from here.
"""

import os
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMENT = re.compile(r"^<!-- [\w:]+ -->\n", re.MULTILINE)  # markers of examples, and of what `publish` writes
HEADING = re.compile(r"^(#+) (.+)$")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
# The page that shows a file, or a section of it; the page of a file has its other sections.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CONTRIBUTING.md#certificates": "certificates.md",
    "CONTRIBUTING.md#how-truths-are-made": "truths.md",
    "CONTRIBUTING.md#glossary": "glossary.md",
    "benchmarks/README.md": "clusters.md",
    "benchmarks/docs/equations.md": "samplers.md",
    "results/README.md": "tables.md",
    "results/TRUTHS.md": "true-values.md",
    "targets/data/README.md": "data.md",
}


def section(source: str) -> str:
    """A file, or a section of it, without its heading; headings inside begin at the second level.

    `source` is FILE or FILE#SECTION: a path in the repository, and the anchor that GitHub gives to the
    heading of the section. Raises KeyError where the file has no such section.
    """
    name, _, anchor = source.partition("#")
    path = ROOT / name
    lines = path.read_text().splitlines()
    headings = headings_of(lines)
    start = next((line for line in headings if not anchor or anchor_of(headings[line][1]) == anchor), None)
    if start is None:
        raise KeyError(f"{name} has no section {anchor!r}")
    level = headings[start][0]
    end = next((line for line in headings if line > start and headings[line][0] <= level), len(lines))
    deeper = 1 - level
    inside = {line: heading for line, heading in headings.items() if start < line < end}
    for line, (depth, text) in inside.items():
        lines[line] = f"{'#' * (depth + deeper)} {text}"
    return relink(COMMENT.sub("", "\n".join(lines[start + 1 : end])), path.parent)


def headings_of(lines: list[str]) -> dict[int, tuple[int, str]]:
    """Level and text of every heading by the number of its line; comments of code are none."""
    headings, in_code = {}, False
    for number, line in enumerate(lines):
        in_code ^= line.startswith("```")
        match = HEADING.match(line)
        if match and not in_code:
            headings[number] = (len(match[1]), match[2])
    return headings


def anchor_of(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def relink(text: str, folder: Path) -> str:
    """Rewrite the links of a text of this folder. Code is left alone."""
    parts = re.split(r"(^```.*?^```$|`[^`\n]+`)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("`") else _relink_prose(part, folder) for part in parts)


def _relink_prose(text: str, folder: Path) -> str:
    return LINK.sub(lambda match: _link(match[1], match[2], match[3], folder), text)


def _link(image: str, text: str, address: str, folder: Path) -> str:
    """A link to a page where one shows the file, else to the file; the text alone of a link to a folder."""
    name, sharp, anchor = address.partition("#")
    if "://" in address or not name:
        return f"{image}[{text}]({address})"
    path = (folder / name).resolve()
    key = path.relative_to(ROOT).as_posix()
    if f"{key}#{anchor}" in PAGES:
        return f"[{text}]({PAGES[f'{key}#{anchor}']})"
    if key in PAGES:
        return f"[{text}]({PAGES[key]}{sharp}{anchor})"
    if path.is_dir():
        return text
    return f"{image}[{text}]({os.path.relpath(path, HERE)}{sharp}{anchor})"
