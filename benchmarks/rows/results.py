"""Folders of results, and what is read from several of them at once.

A folder of results has published rows in rows/, rows that this computer ran in store/, and certificates in
certificates/; what is missing is empty. Published results are a folder of the repository that is installed
with the package. One's own results are another folder, which git ignores. Reading lays the second over the
first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.environment import PROJECT
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store

# Of a clone or of an installed package: in both, the folder beside that of this code.
PUBLISHED = PROJECT / "results"


def rows_folder(folder: Path) -> Path:
    """Where a folder of results has its published rows."""
    return folder / "rows"


def store_of(folder: Path) -> Store:
    """The store of a folder of results."""
    return Store(folder / "store")


def certificates_folder(folder: Path) -> Path:
    """Where a folder of results has its certificates."""
    return folder / "certificates"


def checks_folder(folder: Path) -> Path:
    """Where a folder of results has the checks of exact truths; those of references are with these."""
    return folder / "checks"


@dataclass(frozen=True)
class Results:
    """Folders of results that are read as one: where two have the same row, the last of them counts."""

    folders: tuple[Path, ...]

    def read(self) -> list[Row]:
        """Every row. Raises BadInput for the first that cannot be read, and where there is none."""
        rows = self.read_if_any()
        if not rows:
            raise BadInput(f"no rows are in {self}; `bridgemark run` makes rows")
        return rows

    def read_if_any(self) -> list[Row]:
        """Every row; there may be none. Raises BadInput for the first that cannot be read."""
        rows: dict[str, Row] = {}
        for folder in self.folders:
            rows |= {row.identity: row for row in published.read(rows_folder(folder))}
            rows |= {row.identity: row for row in store_of(folder).read_all()}
        return list(rows.values())

    def find(self, beginning: str) -> Row:
        """The only row whose identity begins so; most others are not read. Raises BadInput."""
        rows: dict[str, Row] = {}
        for folder in self.folders:
            rows |= {row.identity: row for row in published.find(rows_folder(folder), beginning)}
            rows |= {row.identity: row for row in store_of(folder).read_matching(beginning)}
        if len(rows) != 1:
            labels = [f"{row.identity} ({row.sampler} x {row.target})" for row in rows.values()]
            hint = ", ".join(labels[:5]) or f"the rows are in {self}"
            raise BadInput(f"{len(rows)} rows begin with {beginning!r}: {hint}")
        return next(iter(rows.values()))

    def certificate_paths(self, sampler: str) -> Iterator[Path]:
        """Where the certificate of a sampler may be, the place that counts first."""
        for folder in reversed(self.folders):
            yield certificates_folder(folder) / f"{sampler}.json"

    def __str__(self) -> str:
        return " or ".join(str(folder) for folder in self.folders)
