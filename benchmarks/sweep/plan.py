"""From a request to the rows it means, and the cells that are missing in the store."""

from collections.abc import Iterable
from dataclasses import dataclass
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
from bridgemark.benchmarks.sweep.presets import Preset
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target


@dataclass(frozen=True, kw_only=True)
class Request:
    """A grid as asked for; what is empty or None is the preset's.

    `budgets`: amounts and units; without any, samplers run as they are registered. `costly` asks for the
    distances that take long, too.
    """

    preset: Preset
    samplers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    seeds: int | None = None
    draws: int | None = None
    precision: str = "float32"
    cores: int = 1
    budgets: tuple[tuple[float, str], ...] = ()
    costly: bool = False
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One sampler on one target: the rows to be made, which differ by seed and budget alone."""

    rows: tuple[Row, ...]
    costly: bool = False

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.rows[0].sampler} x {self.rows[0].target}"

    @property
    def weight(self) -> float:
        """Expected work, in seeds of a small target: a guess for the time left, nothing else."""
        return sum(1 + row.dim / 200 for row in self.rows)


def plan(request: Request) -> list[Row]:
    """Every row of the grid, as yet without a result.

    Raises BadInput for unknown names, broken files, and costly distances without the extra they need.
    """
    if request.costly:
        require_transport()
    # The parent only looks targets up and must not hold the accelerator that its cells will use.
    jax.config.update("jax_platforms", "cpu")
    samplers, builders = registry.samplers(request.plugins), registry.targets(request.plugins)
    chosen = request.samplers or request.preset.samplers or tuple(samplers)
    names = request.targets or request.preset.targets or tuple(builders)
    samplers = choose("sampler", chosen, samplers)
    targets = [registry.build(*item) for item in choose_targets(names, builders).items()]
    provenance = {"versions": environment.versions(), "commit": environment.commit()}
    return [row for target in targets for row in _rows_of_target(request, samplers, target, provenance)]


def missing_cells(rows: Iterable[Row], store: Store, costly: bool = False) -> list[Cell]:
    """Cells of the rows that the store lacks, largest targets first so that the sweep packs well.

    Where `costly` distances are asked for, a row without them is run again, and takes its place.
    """
    missing = [row for row in rows if not store.settled(row) or (costly and _without_costly(store.find(row)))]
    groups = groupby(missing, key=lambda row: (row.target, row.sampler))
    return sorted((Cell(tuple(group), costly) for _, group in groups), key=lambda cell: -cell.rows[0].dim)


def _without_costly(row: Row | None) -> bool:
    return row is not None and row.status == "ok" and COSTLY.isdisjoint(row.metrics)


def _rows_of_target(
    request: Request,
    samplers: dict[str, Sampler],
    target: Target,
    provenance: dict[str, Any],
) -> list[Row]:
    known = {
        "target": target.name,
        "target_version": target.version,
        "fingerprint": registry.guarded(f"target {target.name!r}", lambda: fingerprint(target)),
        "draws": request.draws or request.preset.draws_for(target.density.dim),
        "precision": request.precision,
        "cores": request.cores,
    }
    meaning = {"truth": truth_hash(target), "metrics": metrics.VERSION, "cell": CELL_VERSION}
    meaning["packages"] = {name: provenance["versions"][name] for name in environment.PACKAGES}
    no_result = {"status": "failed", "reason": "never ran", "dim": target.density.dim}
    rows = []
    seeds, budgets = range(request.seeds or request.preset.seeds), _budgets(request)
    for (name, sampler), budget, seed in product(samplers.items(), budgets, seeds):
        floor = {"uses_exact_draws": sampler.needs_exact_draws}
        own = {"sampler": name, "config": repr(sampler), "source": source_hash(sampler), "seed": seed}
        identity = row_identity(**known, **meaning, **own, **budget)
        rows.append(Row(identity=identity, **known, **own, **floor, **budget, **no_result, **provenance))
    return rows


def _budgets(request: Request) -> list[dict[str, Any]]:
    """Those asked for or the preset's, the smallest first, as fields of a record."""
    wanted = sorted(set(request.budgets or request.preset.budgets), key=lambda budget: budget[::-1])
    return [{"budget": amount, "budget_unit": unit} for amount, unit in wanted] or [{}]
