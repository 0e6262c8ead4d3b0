"""Draws as files for ArviZ: NetCDF with a group `posterior`. It needs the extra `arviz`.

The files are written by xarray as a DataTree, which ArviZ 1 works on; ArviZ 0 reads them as InferenceData.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bridgemark.benchmarks.advise.named_draws import NamedDraws, resampled
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.text import printable

EXTRA = "arviz"
ENGINE = "h5netcdf"  # the package that writes NetCDF
WHAT_IS_STORED = (
    "Stored draws are thinned: evenly spaced ones from all chains of the run, end to end as one chain. "
    "Effective sizes and R-hat of the run are in the attributes; those of these draws mean nothing."
)
Attributes = Mapping[str, str | float]


# By whether weights are kept.
WHAT_WEIGHTS_ARE = {
    False: "weighted draws were resampled and have equal weights now",
    True: "draws have the log weights sample_stats.log_weights; functions of ArviZ do not heed them",
}


def require_packages() -> None:
    """Raise BadInput, with what installs it, where a package is missing that the files need."""
    for name in ("xarray", ENGINE, "h5py"):
        optional_package(name, EXTRA)


def write_all(store: Store, folder: Path, keep_weights: bool) -> int:
    """Write a file for each row of a store that has draws, and return the number of files.

    Raises BadInput where a package is missing, and where a row or its arrays cannot be read.
    """
    require_packages()
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for row in store.read_all():
        arrays = store.arrays(row)
        if arrays.get("x", np.empty(0)).ndim == 2:
            log_weights = arrays.get("log_weights")
            draws = NamedDraws(
                {"x": arrays["x"][None]}, None if log_weights is None else log_weights[None], step=1
            )
            path = folder / f"{row.sampler}-{row.target}-{row.seed}-{row.identity[:8]}.nc"
            write(draws, path, keep_weights, {"stored_draws": WHAT_IS_STORED} | _attributes(row))
            written += 1
    return written


def write(draws: NamedDraws, path: Path, keep_weights: bool, attributes: Attributes) -> None:
    """Write draws as one file. Raises BadInput where a package is missing."""
    require_packages()
    as_tree(draws, keep_weights, attributes).to_netcdf(path, engine=ENGINE)


def as_tree(draws: NamedDraws, keep_weights: bool, attributes: Attributes) -> Any:
    """Draws as a DataTree: parameters by name in `posterior`, log weights that are kept in `sample_stats`.

    Weighted draws are resampled to equal weights where these are not kept.
    """
    xarray = optional_package("xarray", EXTRA)
    is_weighted = draws.log_weights is not None
    if is_weighted:
        attributes = {**attributes, "weights": WHAT_WEIGHTS_ARE[keep_weights]}
    if not keep_weights:
        draws = resampled(draws)
    groups = {"posterior": _variables(draws)}
    if draws.log_weights is not None:
        groups["sample_stats"] = {"log_weights": (["chain", "draw"], draws.log_weights)}
    chains, length = next(iter(draws.values.values())).shape[:2]
    coordinates = {"chain": np.arange(chains), "draw": draws.step * np.arange(length)}
    return xarray.DataTree.from_dict(
        {"/": xarray.Dataset(attrs=attributes)}
        | {
            group: xarray.Dataset(arrays, coords=coordinates, attrs=attributes)
            for group, arrays in groups.items()
        }
    )


def _variables(draws: NamedDraws) -> dict[str, tuple[list[str], np.ndarray]]:
    """Parameters with the names of their dimensions, all distinct; those of ArviZ where names allow it."""
    variables = {}
    taken = {"chain", "draw"}
    for name, array in draws.values.items():
        variable = _new_name(name, taken)
        dimensions = [_new_name(f"{variable}_dim_{k}", taken) for k in range(array.ndim - 2)]
        variables[variable] = (["chain", "draw", *dimensions], array)
    return variables


def _new_name(name: str, taken: set[str]) -> str:
    """A name that NetCDF allows, printable and without slashes, and that is not taken; from now on it is."""
    safe_name = printable(name).strip().replace("/", "_")
    if not safe_name.strip("."):  # "." is a group itself
        safe_name = "parameter"
    while safe_name in taken:
        safe_name += "_"
    taken.add(safe_name)
    return safe_name


def _attributes(row: Row) -> dict[str, str | float]:
    """The fields and the metrics of a row that are texts or numbers; NetCDF has no None."""
    fields = {name: value for name, value in row.to_json().items() if type(value) in (str, int, float)}
    metrics = {f"metric_{name}": value for name, value in row.metrics.items() if value is not None}
    return fields | metrics
