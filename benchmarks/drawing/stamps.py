"""Stamps: a hash of the drawn rows in the file of a figure, which shows whether the figure is current."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bridgemark.benchmarks.rows.encoding import encode_readable
from bridgemark.benchmarks.rows.row import Row

KEYWORD = "Rows"  # of the text chunk of the PNG file
DIGITS = 20


def stamp_of(rows: Iterable[Row]) -> str:
    """The stamp of a figure of these rows, whatever their order."""
    lines = sorted(map(encode_readable, rows))
    return sha256(b"".join(lines)).hexdigest()[:DIGITS]


def write(path: Path, stamp: str) -> None:
    """Put a stamp into a PNG file. Of what else the file says of itself only the resolution stays."""
    with Image.open(path) as image:
        chunks = PngInfo()
        chunks.add_text(KEYWORD, stamp)
        image.save(path, dpi=image.info["dpi"], pnginfo=chunks)


def read(path: Path) -> str | None:
    """The stamp of a PNG file, None where it has none."""
    with Image.open(path) as image:
        return image.info.get(KEYWORD)
