"""The text of a row: one line of JSON that ends with a checksum of all that is before it.

The keys are in a fixed order, and fields that hold their default are left out. Among metrics, None is null,
and NaN and the infinities are the texts "nan", "inf" and "-inf". So the line is standard JSON, and equal rows
have equal lines.
"""

import hashlib
import json
import math
from dataclasses import MISSING, fields
from typing import Any

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.reading import require_schema, row_from_json
from bridgemark.benchmarks.rows.row import SCHEMA, Row
from bridgemark.benchmarks.rows.unreadable import DamagedRow, UnreadableRow
from bridgemark.benchmarks.text import remark

CHECKSUM = b', "checksum": "'  # between the text that is hashed and its hash
HASH_DIGITS = 16
MAX_MESSAGE = 150  # characters
# What a field holds unless something is said of it. The schema is always written.
DEFAULTS = {field.name: field.default for field in fields(Row) if field.default is not MISSING}
DEFAULTS |= {
    field.name: field.default_factory() for field in fields(Row) if field.default_factory is not MISSING
}
del DEFAULTS["schema"]
FIRST_SCHEMA_WITH_CHECKSUM = 2


def encode(row: Row) -> bytes:
    """The line of a row, in UTF-8 and with a newline at its end."""
    data = row.to_json() | {"schema": SCHEMA, "versions": dict(sorted(row.versions.items()))}
    for name in ("metrics", "floors", "errors"):
        data[name] = {key: _json_number(value) for key, value in sorted(data[name].items())}
    lists = sorted(row.repeats.items())
    data["repeats"] = {key: [_json_number(value) for value in values] for key, values in lists}
    data = {name: value for name, value in data.items() if name not in DEFAULTS or value != DEFAULTS[name]}
    hashed = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()[:-1]
    return hashed + CHECKSUM + _hash(hashed) + b'"}\n'


def encode_readable(row: Row) -> bytes:
    """The line of a row, after trying to read it. Raises BadInput for a row that could not be read back."""
    try:
        line = encode(row)
        decode(line)
    except (UnreadableRow, TypeError, ValueError) as error:
        label = f"{row.identity} of {row.sampler} x {row.target}"
        raise BadInput(f"the row {label} cannot be stored: it {remark(str(error), MAX_MESSAGE)}") from error
    return line


def decode(line: bytes) -> Row:
    """The row of a line that `encode` wrote, or of JSON text of an older schema, which has no checksum.

    Raises DamagedRow or NewerRow.
    """
    data = _parse(line)
    if type(data) is dict:
        require_schema(data.get("schema"))
        checksum = data.pop("checksum", None)
        if checksum is not None or data["schema"] >= FIRST_SCHEMA_WITH_CHECKSUM:
            _require_checksum(line)
    return row_from_json(data)


def _json_number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return str(float(value))


def _hash(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:HASH_DIGITS].encode()


def _require_checksum(line: bytes) -> None:
    hashed, _, rest = line.rstrip(b"\r\n").rpartition(CHECKSUM)
    if rest != _hash(hashed) + b'"}':
        raise DamagedRow("does not match its checksum")


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line.decode())
    except UnicodeDecodeError:
        raise DamagedRow("is not text in UTF-8") from None
    except RecursionError:
        raise DamagedRow("is not a row: it is nested too deeply") from None
    except ValueError as error:
        reason = f"is not JSON ({remark(str(error), 100)})" if line.strip() else "is empty"
        raise DamagedRow(reason) from None
