"""The ways in which a stored row cannot be read. Each has another cure."""

from pathlib import Path

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.text import printable

CURE = "`bridgemark doctor --set-aside` moves it away, and `bridgemark run` makes it again"


class UnreadableRow(Exception):
    """A row cannot be read. The message says why and continues a sentence that begins with the file's name.

    `cure` says what to do, where that does not depend on where the row is stored.
    """

    cure: str | None = None


class DamagedRow(UnreadableRow):
    """The text of a row is not what any version of this program writes."""


class DamagedArrays(DamagedRow):
    """The file of a row's arrays is damaged, while the row itself may be whole."""

    cure = "`bridgemark doctor --set-aside` moves it away, and figures go without it"


class NewerRow(UnreadableRow):
    """A row was written by a newer version of this program."""

    cure = "update bridgemark"


class BlockedRow(UnreadableRow):
    """The file system does not let a row be read."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.cure = cure


def bad_input(path: Path, error: UnreadableRow) -> BadInput:
    """One line on a file of the store that cannot be read, with its cure."""
    return BadInput(f"{printable(str(path))} {error}; {error.cure or CURE}")
