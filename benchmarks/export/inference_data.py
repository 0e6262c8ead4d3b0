"""The draws that are stored beside rows, as files for ArviZ. It needs the extra `arviz`."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store

WHAT_IS_STORED = (
    "Stored draws are thinned: evenly spaced ones from all chains of the run, end to end as one chain. "
    "Effective sizes and R-hat of the run are in the attributes; those of these draws mean nothing."
)


def write_all(store: Store, folder: Path) -> int:
    """Write a file of NetCDF for each row of a store that has draws, and return the number of files.

    Raises BadInput where the package arviz is missing, and where a row or its arrays cannot be read.
    """
    arviz = optional_package("arviz", "arviz")
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for row in store.read_all():
        arrays = store.arrays(row)
        if arrays.get("x", np.empty(0)).ndim == 2:
            path = folder / f"{row.sampler}-{row.target}-{row.seed}-{row.identity[:8]}.nc"
            as_inference_data(arviz, row, arrays).to_netcdf(str(path))
            written += 1
    return written


def as_inference_data(arviz: ModuleType, row: Row, arrays: dict[str, np.ndarray]) -> Any:
    """The stored draws of a row as `InferenceData`: `x` as posterior, log weights as sample statistics.

    The attributes are what the row says of itself.
    """
    statistics = {"log_weights": arrays["log_weights"][None]} if "log_weights" in arrays else None
    attributes = {"stored_draws": WHAT_IS_STORED} | _attributes(row)
    return arviz.from_dict(
        posterior={"x": arrays["x"][None]},
        sample_stats=statistics,
        dims={"x": ["coordinate"]},
        attrs=attributes,
        posterior_attrs=attributes,
    )


def _attributes(row: Row) -> dict[str, str | float]:
    """The fields and the metrics of a row that are texts or numbers; NetCDF has no None."""
    fields = {name: value for name, value in row.to_json().items() if type(value) in (str, int, float)}
    metrics = {f"metric_{name}": value for name, value in row.metrics.items() if value is not None}
    return fields | metrics
