"""Plans a sweep: the rows that a request asks for, and the cells of those that the store lacks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from typing import Any

import jax

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import choose
from bridgemark.benchmarks.registry import choose_targets
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.rows.identity import CELL_VERSION, row_identity, source_hash, truth_hash
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.scores import metrics
from bridgemark.benchmarks.scores.distances import COSTLY, require_transport
from bridgemark.benchmarks.sweep.presets import Budget, Preset
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target


@dataclass(frozen=True, kw_only=True)
class Request:
    """A grid that a user asks for. Whatever is empty or None is taken from the preset.

    `seeds` is how many seeds run, `draws` the number of draws per seed, and `cores` the number of cores per
    cell. With `budgets`, samplers run at sizes that spend them; without, with their registered settings.
    `costly` asks for the metrics that take long, too. `plugins` are files.
    """

    preset: Preset
    samplers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    seeds: int | None = None
    draws: int | None = None
    precision: str = "float32"
    cores: int = 1
    budgets: tuple[Budget, ...] = ()
    costly: bool = False
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One sampler on one target: the rows that one process runs. They differ only by seed and budget."""

    rows: tuple[Row, ...]
    costly: bool = False

    @property
    def name(self) -> str:
        """The cell's name on the screen."""
        return f"{self.rows[0].sampler} x {self.rows[0].target}"

    @property
    def work(self) -> float:
        """The expected work, in seeds of a small target: a rough guess, from which time left is estimated."""
        return sum(1 + row.dim / 200 for row in self.rows)


def plan(request: Request) -> list[Row]:
    """Every row of the grid, without results.

    Raises BadInput for unknown names, for broken files, and for costly metrics whose packages are missing.
    """
    if request.costly:
        require_transport()
    # The parent process only looks targets up and must not occupy the accelerator that its cells will use.
    jax.config.update("jax_platforms", "cpu")
    samplers, builders = registry.samplers(request.plugins), registry.targets(request.plugins)
    sampler_names = request.samplers or request.preset.samplers or tuple(samplers)
    target_names = request.targets or request.preset.targets or tuple(builders)
    samplers = choose("sampler", sampler_names, samplers)
    targets = [registry.build(name, build) for name, build in choose_targets(target_names, builders).items()]
    made_with = {"versions": environment.versions(), "commit": environment.commit()}
    seeds = range(request.seeds or request.preset.seeds)
    rows = []
    for target in targets:
        draws = request.draws or request.preset.draws_for(target.density.dim)
        setting = {"draws": draws, "precision": request.precision, "cores": request.cores}
        rows += _rows_of(target, samplers, setting, _budget_fields(request), seeds, made_with)
    return rows


def unfinished_row(name: str, sampler: Sampler, target: Target, draws: int, seed: int) -> Row:
    """The row of one sampler, target and seed, without results."""
    made_with = {"versions": environment.versions(), "commit": environment.commit()}
    precision = "float64" if jax.config.read("jax_enable_x64") else "float32"
    setting = {"draws": draws, "precision": precision, "cores": 1}
    return _rows_of(target, {name: sampler}, setting, [{}], [seed], made_with)[0]


def missing_cells(rows: Iterable[Row], store: Store, costly: bool = False) -> list[Cell]:
    """Cells of the rows that the store lacks, the largest targets first, which fills the workers evenly.

    With `costly`, a stored row without the costly metrics is run again and replaced.
    """
    missing = [row for row in rows if not store.settled(row) or (costly and _lacks_costly(store.find(row)))]
    groups = groupby(missing, key=lambda row: (row.target, row.sampler))
    return sorted((Cell(tuple(group), costly) for _, group in groups), key=lambda cell: -cell.rows[0].dim)


def _lacks_costly(row: Row | None) -> bool:
    return row is not None and row.status == "ok" and COSTLY.isdisjoint(row.metrics)


def _rows_of(
    target: Target,
    samplers: Mapping[str, Sampler],
    setting: dict[str, Any],
    budgets: Iterable[dict[str, Any]],
    seeds: Iterable[int],
    made_with: dict[str, Any],
) -> list[Row]:
    """The rows of one target, for all combinations of samplers, budgets and seeds.

    `setting` holds the fields `draws`, `precision` and `cores`, a budget the fields of a row's budget,
    `made_with` the fields `versions` and `commit`. The identity hashes the fields that say what is run, and the
    versions of the code and data behind it. It does not depend on the version of Python, the commit or the
    device.
    """
    common = setting | {
        "target": target.name,
        "target_version": target.version,
        "fingerprint": registry.call_user_code(f"target {target.name!r}", partial(fingerprint, target)),
    }
    code_versions = {
        "truth": truth_hash(target),
        "metrics": metrics.VERSION,
        "cell": CELL_VERSION,
        "packages": {name: made_with["versions"][name] for name in environment.PACKAGES},
    }
    rows = []
    for (name, sampler), budget, seed in product(samplers.items(), budgets, seeds):
        run = {"sampler": name, "config": repr(sampler), "source": source_hash(sampler), "seed": seed}
        run |= budget
        row = Row(
            identity=row_identity(**common, **code_versions, **run),
            **common,
            **run,
            **made_with,
            dim=target.density.dim,
            uses_exact_draws=sampler.needs_exact_draws,
            status="failed",
            reason="never ran",
        )
        rows.append(row)
    return rows


def _budget_fields(request: Request) -> list[dict[str, Any]]:
    """The row fields of each budget, from the smallest on; without any budget those of a row without one."""
    budgets = set(request.budgets or request.preset.budgets)
    if not budgets:
        return [{}]
    ordered = sorted(budgets, key=lambda budget: (budget.unit, budget.amount))
    return [{"budget": budget.amount, "budget_unit": budget.unit} for budget in ordered]
