"""What the comments of a page stand for.

`<!-- include: FILE#SECTION -->` is a section of another file of the repository. `<!-- generated: NAME -->` is
what the modules beside this one make of the registry, the metrics, the checks and the command line.
"""

import re

from bridgemark.benchmarks.docs import advice, catalogue, claims, commands, included, scoring

INCLUDE = re.compile(r"^<!-- include: (\S+) -->$", re.MULTILINE)
GENERATED = re.compile(r"^<!-- generated: (.+) -->$", re.MULTILINE)
PARTS = catalogue.PARTS | scoring.PARTS | commands.PARTS | claims.PARTS | advice.PARTS


def fill(page: str) -> str:
    """The text of a page with everything that it asks for. Raises KeyError for a part that does not exist."""
    page = INCLUDE.sub(lambda match: included.section(match[1]), page)
    page = GENERATED.sub(lambda match: PARTS[match[1]](), page)
    return included.relink(page, included.HERE)
