"""The row table as a Parquet file, which keeps types and full precision. It needs the extra `export`."""

from io import BytesIO
from types import ModuleType
from typing import Any

import pandas as pd

from bridgemark.benchmarks.export.schema import meaning_of
from bridgemark.benchmarks.optional import optional_package


def as_parquet(table: pd.DataFrame) -> bytes:
    """A row table as the content of a Parquet file; the same table gives the same bytes.

    None is null and NaN stays NaN. Each column has its meaning among its metadata. Raises BadInput where the
    package pyarrow is missing.
    """
    pyarrow = optional_package("pyarrow", "export")
    parquet = optional_package("pyarrow.parquet", "export")
    arrays, fields = [], []
    for name in table.columns:
        arrays.append(_array(pyarrow, table[name].tolist()))
        fields.append(pyarrow.field(name, arrays[-1].type, metadata={"meaning": meaning_of(name)}))
    content = BytesIO()
    parquet.write_table(pyarrow.table(arrays, schema=pyarrow.schema(fields)), content)
    return content.getvalue()


def _array(pyarrow: ModuleType, values: list[Any]) -> Any:
    """A column. Where some of its numbers are floating-point numbers, all become that."""
    if float in set(map(type, values)):
        values = [None if value is None else float(value) for value in values]
    return pyarrow.array(values, from_pandas=False)
