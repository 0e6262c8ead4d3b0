"""Draws in a NumPy file of several arrays (.npz), without any pickled object."""

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external.layout import (
    ExternalDraws,
    Layout,
    listed,
    require_size,
)
from bridgemark.benchmarks.text import one_line

KINDS_OF_NUMBERS = "fiu"  # floating-point numbers and integers
READERS_OF_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read(path: Path, dim: int, layout: Layout) -> ExternalDraws:
    """The draws in the array `x`, or in the only array beside the weights.

    Its shape is (draws, dim) or (chains, draws, dim), that of the log weights the same without `dim`. Raises
    BadInput for another shape, for arrays of anything but real numbers, and for a file that is no archive.
    """
    if layout.chains is not None:
        raise BadInput(f"--chains names a column; in {path} the chains are the first axis of x")
    try:
        with zipfile.ZipFile(path) as archive:
            x = _numbers(path, archive, _name_of_x(path, _names(archive), layout))
            name = layout.log_weights
            log_weights = None if name is None else _numbers(path, archive, name)
    except BadInput:
        raise
    except Exception as error:  # an archive of a stranger can raise anything
        raise BadInput(f"{path} does not hold arrays ({one_line(error, 150)})") from error
    if x.ndim not in (2, 3) or x.shape[-1] != dim:
        raise BadInput(
            f"x in {path} has the shape {x.shape}; it must be (draws, {dim}) or (chains, draws, {dim})"
        )
    return _arranged(path, x, log_weights)


def _arranged(path: Path, x: np.ndarray, log_weights: np.ndarray | None) -> ExternalDraws:
    if log_weights is not None and log_weights.shape != x.shape[:-1]:
        raise BadInput(f"the log weights in {path} have the shape {log_weights.shape}, not {x.shape[:-1]}")
    if x.ndim == 2:
        x = x[None]
        log_weights = None if log_weights is None else log_weights[None]
    return ExternalDraws(x, log_weights)


def _names(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _name_of_x(path: Path, names: Sequence[str], layout: Layout) -> str:
    if layout.log_weights is not None and layout.log_weights not in names:
        raise BadInput(
            f"{path} has no array {layout.log_weights!r} for --log-weights; it has {listed(names)}"
        )
    rest = [name for name in names if name != layout.log_weights]
    if "x" not in rest and len(rest) != 1:
        raise BadInput(f"{path} has the arrays {listed(names)}; call that of the draws x")
    return "x" if "x" in rest else rest[0]


def _numbers(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of real numbers in float64. What its header says is checked before any memory is taken."""
    with archive.open(f"{name}.npy") as file:
        shape, dtype = _header(file)
    if dtype.kind not in KINDS_OF_NUMBERS:
        raise BadInput(f"the array {name!r} in {path} holds {dtype} and not real numbers")
    require_size(path, math.prod(shape))
    with archive.open(f"{name}.npy") as file:
        return np.asarray(npy.read_array(file, allow_pickle=False), np.float64)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = npy.read_magic(file)
    if version not in READERS_OF_HEADERS:
        raise ValueError(f"version {version} of the format is for arrays of records")
    shape, _, dtype = READERS_OF_HEADERS[version](file)
    return shape, dtype
