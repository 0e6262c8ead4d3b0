"""What a user asks for, and the cells in which it is run."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep.presets import Budget, Preset

# The fields in which all rows of a cell agree.
COMMON = (
    *("sampler", "config", "source", "target", "target_version", "fingerprint", "target_hash"),
    *("draws", "precision", "cores", "device", "flags"),
)
SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A grid that a user asks for. Whatever is empty or None is taken from the preset.

    `seeds` is how many seeds run; they are 0, 1, 2, ... unless `seed_numbers` names others. `draws` is the
    number of draws per seed, and `cores` the number of cores per cell. With `budgets`, samplers run at sizes
    that spend them; without, with their registered settings. `costly` asks for the metrics that take long,
    too. `plugins` are files. `jax_platform` is the kind of device that cells compute on, as JAX calls it;
    None leaves JAX the choice.
    """

    preset: Preset
    samplers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    seeds: int | None = None
    seed_numbers: tuple[int, ...] = ()
    draws: int | None = None
    precision: str = "float32"
    cores: int = 1
    budgets: tuple[Budget, ...] = ()
    costly: bool = False
    plugins: tuple[str, ...] = ()
    jax_platform: str | None = None


def request_to_json(request: Request) -> dict[str, Any]:
    """A request as dicts, lists, texts and numbers."""
    return asdict(request)


def request_from_json(data: dict[str, Any]) -> Request:
    """The request that `request_to_json` wrote."""
    preset = {**data["preset"], "budgets": _budgets(data["preset"]["budgets"])}
    return Request(
        **_with_tuples(
            {**data, "preset": Preset(**_with_tuples(preset)), "budgets": _budgets(data["budgets"])}
        )
    )


def _budgets(pairs: Iterable[Any]) -> tuple[Budget, ...]:
    return tuple(Budget(amount, unit) for amount, unit in pairs)


def _with_tuples(data: dict[str, Any]) -> dict[str, Any]:
    """The entries, with a tuple for each list: JSON has no tuples."""
    return {name: tuple(value) if type(value) is list else value for name, value in data.items()}


@dataclass(frozen=True)
class Cell:
    """One sampler on one target: the rows that one process runs. They differ only by seed and budget.

    `costly` and `jax_platform` are as in the request.
    """

    rows: tuple[Row, ...]
    costly: bool = False
    jax_platform: str | None = None

    @property
    def name(self) -> str:
        """The cell's name on the screen."""
        return f"{self.rows[0].sampler} x {self.rows[0].target}"

    @property
    def identity(self) -> str:
        """A hash of what all rows of the cell have in common, whatever seeds are asked for."""
        common = [getattr(self.rows[0], name) for name in COMMON]
        return hashlib.sha256(repr((*common, self.costly)).encode()).hexdigest()[:20]

    @property
    def work(self) -> float:
        """The expected work, in seeds of a small target: a rough guess, from which time left is estimated."""
        return sum(1 + row.dim / 200 for row in self.rows)


@dataclass(frozen=True)
class Shard:
    """Part `number`, counted from 1, of the cells of a grid, which `count` runners share without talking."""

    number: int
    count: int

    def has(self, cell: Cell) -> bool:
        """Whether a cell belongs to this part. It belongs to one part, whatever else is asked for."""
        return int(cell.identity, 16) % self.count == self.number - 1


def missing_cells(
    rows: Iterable[Row], store: Store, request: Request | None = None, shard: Shard | None = None
) -> list[Cell]:
    """Cells of the rows that the store lacks, the largest targets first, which fills the workers evenly.

    `request` says whether costly metrics are wanted and on which device; only cells of the `shard` are
    returned.
    """
    missing = [row for row in rows if not store.settled(row)]
    costly, jax_platform = (request.costly, request.jax_platform) if request else (False, None)
    groups = groupby(missing, key=lambda row: (row.target, row.sampler))
    cells = [Cell(tuple(group), costly, jax_platform) for _, group in groups]
    chosen = [cell for cell in cells if shard is None or shard.has(cell)]
    return sorted(chosen, key=lambda cell: -cell.rows[0].dim)


def parse_shard(text: str | None) -> Shard | None:
    """The shard that "2/8" means; None for None. Raises BadInput for anything else."""
    if text is None:
        return None
    match = SHARD.fullmatch(text)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise BadInput(f"--shard takes a part such as 2/8, the second of eight, not {text!r}")
    return Shard(number, count)
