"""How a file of draws is laid out: which columns are coordinates, and which draws belong to which chain."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.text import count, remark

MAX_BYTES = 500_000_000  # of a file
MAX_NUMBERS = 20_000_000  # of all draws in a file: 1,600 dimensions times 12,500 draws
MAX_LISTED = 200  # characters of a list of names in a message
CHAIN_COLUMNS = (".chain", "chain")  # of the R package posterior, and of ArviZ
# What Stan (`lp__`), the R package posterior (`.draw`), ArviZ and pandas (no name) write beside parameters.
NO_PARAMETER = re.compile(r"|.*__|\.?draw|\.?iteration")
VECTORS = (("x{}", 0), ("x.{}", 1), ("x[{}]", 0), ("x[{}]", 1))  # names of a vector, and the first number


class Layout(NamedTuple):
    """The names of the columns, or of the array, of log weights and chains; None where there are none."""

    log_weights: str | None = None
    chains: str | None = None


class Columns(NamedTuple):
    """The columns of a table of draws: the coordinates in order, the log weights and the chains."""

    x: tuple[str, ...]
    log_weights: str | None
    chains: str | None

    def all(self) -> list[str]:
        """Every column that is read, the coordinates first."""
        return [*self.x, *(name for name in (self.log_weights, self.chains) if name is not None)]


class ExternalDraws(NamedTuple):
    """Draws and their log weights, in float64. Where a file does not tell chains apart, there is one."""

    x: Float[np.ndarray, "chains length dim"]
    log_weights: Float[np.ndarray, "chains length"] | None


def choose_columns(path: Path, names: Sequence[str], dim: int, layout: Layout) -> Columns:
    """Choose the columns to read among the `names` of those that hold numbers.

    The coordinates are the columns of a vector x, as its entries are called in this project (x0), in Stan
    (x.1) or in ArviZ (x[0]). Without them they are all the columns, in order, that are neither log weights,
    chains nor what programs write beside parameters. Raises BadInput unless they are `dim`.
    """
    for option, name in (("--log-weights", layout.log_weights), ("--chains", layout.chains)):
        if name is not None and name not in names:
            raise BadInput(f"{path} has no column of numbers {name!r} for {option}; it has {listed(names)}")
    if repeated := {name for name in names if names.count(name) > 1}:
        raise BadInput(f"{path} has several columns {listed(sorted(repeated))}; give each a name of its own")
    chains = layout.chains or next((name for name in CHAIN_COLUMNS if name in names), None)
    rest = [name for name in names if name not in (layout.log_weights, chains)]
    coordinates = _vector(rest, dim) or [name for name in rest if not NO_PARAMETER.fullmatch(name)]
    if len(coordinates) != dim:
        raise BadInput(
            f"{path} has {count(len(coordinates), 'column')} for the {dim} dimensions of the target: "
            f"{listed(coordinates)}; keep those of the coordinates, or call them x0, x1, ..."
        )
    return Columns(tuple(coordinates), layout.log_weights, chains)


def arrange(path: Path, table: Float[np.ndarray, "n columns"], columns: Columns) -> ExternalDraws:
    """Arrange a table with the `columns.all()` by chains: rows of a chain keep their order.

    Without a column of chains the rows are one chain. Raises BadInput for chains of different lengths.
    """
    dim = len(columns.x)
    chain_of_row = table[:, -1] if columns.chains is not None else np.zeros(len(table))
    if not np.isfinite(chain_of_row).all():
        raise BadInput(f"{path}: the column {columns.chains!r} must number the chains")
    lengths = np.unique(chain_of_row, return_counts=True)[1]
    if len(set(lengths.tolist())) > 1:
        raise BadInput(
            f"{path} has chains of {min(lengths)} to {max(lengths)} draws; cut them to the same length"
        )
    ordered = table[np.argsort(chain_of_row, kind="stable")]
    shape = (len(lengths), int(lengths[0]))
    log_weights = ordered[:, dim].reshape(shape) if columns.log_weights is not None else None
    return ExternalDraws(ordered[:, :dim].reshape(*shape, dim), log_weights)


def require_size(path: Path, numbers: int) -> None:
    """Raise BadInput where a file has no draws, or more numbers than are read."""
    if numbers <= 0:
        raise BadInput(f"{path} has no draws")
    if numbers > MAX_NUMBERS:
        raise BadInput(f"{path} has {numbers} numbers, and {MAX_NUMBERS} are read at most; thin the draws")


def listed(names: Sequence[str]) -> str:
    """Names in a message, cut where they are many."""
    return remark(", ".join(names[:50]), MAX_LISTED) or "none"


def _vector(names: Sequence[str], dim: int) -> list[str]:
    """The columns of a vector x of exactly `dim` entries; empty where there is none."""
    for pattern, start in VECTORS:
        entries = [pattern.format(start + index) for index in range(dim)]
        if set(entries) <= set(names) and pattern.format(start + dim) not in names:
            return entries
    return []
