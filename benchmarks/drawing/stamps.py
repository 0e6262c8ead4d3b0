"""Stamps: a hash of the drawn rows in the file of a figure, which shows whether the figure is current."""

import zlib
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from PIL import Image

from bridgemark.benchmarks.rows.encoding import encode_readable
from bridgemark.benchmarks.rows.row import Row

KEYWORD = "Rows"  # of the text chunk of the PNG file
HEADER_BYTES = 33  # of a PNG file: its signature, and the chunk that every other chunk follows
DIGITS = 20


def stamp_of(rows: Iterable[Row]) -> str:
    """The stamp of a figure of these rows, whatever their order."""
    lines = sorted(map(encode_readable, rows))
    return sha256(b"".join(lines)).hexdigest()[:DIGITS]


def write(path: Path, stamp: str) -> None:
    """Put a stamp into a PNG file that has none."""
    content = path.read_bytes()
    data = b"tEXt" + f"{KEYWORD}\0{stamp}".encode("latin-1")
    chunk = (len(data) - 4).to_bytes(4, "big") + data + zlib.crc32(data).to_bytes(4, "big")
    path.write_bytes(content[:HEADER_BYTES] + chunk + content[HEADER_BYTES:])


def read(path: Path) -> str | None:
    """The stamp of a PNG file, None where it has none."""
    with Image.open(path) as image:
        return image.info.get(KEYWORD)
