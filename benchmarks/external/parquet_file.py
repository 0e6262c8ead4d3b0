"""Draws in a Parquet file, with a column per coordinate."""

from pathlib import Path

import numpy as np

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external.layout import (
    ExternalDraws,
    Layout,
    arrange,
    choose_columns,
    require_size,
)
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.text import one_line


def read(path: Path, dim: int, layout: Layout) -> ExternalDraws:
    """The draws in a Parquet file. Raises BadInput for a file that does not hold draws of this dimension.

    It needs the package pyarrow, from the extra `export`; BadInput says so where it is missing.
    """
    pyarrow = optional_package("pyarrow", "export")
    parquet = optional_package("pyarrow.parquet", "export")
    try:
        with parquet.ParquetFile(path) as file:
            fields = file.schema_arrow
            numeric = [
                field.name
                for field in fields
                if pyarrow.types.is_integer(field.type) or pyarrow.types.is_floating(field.type)
            ]
            columns = choose_columns(path, numeric, dim, layout)
            require_size(path, file.metadata.num_rows * len(columns.all()))
            arrays = file.read(columns=columns.all())
            for name in columns.all():
                if arrays[name].null_count:
                    raise BadInput(
                        f"{path}: {arrays[name].null_count} cells of the column {name!r} are empty"
                    )
            table = np.stack([np.asarray(arrays[name], np.float64) for name in columns.all()], axis=1)
    except (pyarrow.ArrowException, OSError) as error:
        raise BadInput(f"{path} is not a Parquet file ({one_line(error, 150)})") from error
    return arrange(path, table, columns)
