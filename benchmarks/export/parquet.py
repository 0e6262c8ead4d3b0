"""The row table as a Parquet file, which keeps types and full precision. It needs the extra `export`."""

from io import BytesIO
from types import ModuleType
from typing import Any

import pandas as pd

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.export.schema import meaning_of


def as_parquet(table: pd.DataFrame) -> bytes:
    """A row table as the content of a Parquet file; the same table gives the same bytes.

    None is null and NaN stays NaN. Each column has its meaning among its metadata. Raises BadInput where the
    package pyarrow is missing.
    """
    pyarrow = require_pyarrow()
    from pyarrow import parquet  # pyright: ignore[reportMissingImports]

    arrays, fields = [], []
    for name in table.columns:
        arrays.append(_array(pyarrow, table[name].tolist()))
        fields.append(pyarrow.field(name, arrays[-1].type, metadata={"meaning": meaning_of(name)}))
    content = BytesIO()
    parquet.write_table(pyarrow.table(arrays, schema=pyarrow.schema(fields)), content)
    return content.getvalue()


def require_pyarrow() -> ModuleType:
    """The package pyarrow. Raises BadInput where it is missing."""
    try:
        import pyarrow  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise BadInput(
            "Parquet needs the package pyarrow: pip install 'bridgemark[export]', or '.[export]'"
        ) from None
    return pyarrow


def _array(pyarrow: ModuleType, values: list[Any]) -> Any:
    """A column. Where some of its numbers are floating-point numbers, all become that."""
    if float in set(map(type, values)):
        values = [None if value is None else float(value) for value in values]
    return pyarrow.array(values, from_pandas=False)
