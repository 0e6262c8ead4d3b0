"""Plans a sweep: the rows that a request asks for, and the cells of those that the store lacks."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from typing import Any, NamedTuple

import jax

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import choose
from bridgemark.benchmarks.registry import call_user_code, choose_targets
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.code_hash import hash_of_code
from bridgemark.benchmarks.rows.data_hash import hash_of_data
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.rows.identity import CELL_VERSION, row_identity, sampler_closure, source_hash
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.rows.target_identity import IdentifiedTarget, identify_target
from bridgemark.benchmarks.scores import metrics
from bridgemark.benchmarks.scores.distances import require_transport
from bridgemark.benchmarks.sweep.presets import Budget, Preset
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target

NEVER_RAN: Any = {"status": "failed", "reason": "never ran"}  # fields of a planned row


@dataclass(frozen=True, kw_only=True)
class Request:
    """A grid that a user asks for. Whatever is empty or None is taken from the preset.

    `seeds` is how many seeds run, `draws` the number of draws per seed, and `cores` the number of cores per
    cell. With `budgets`, samplers run at sizes that spend them; without, with their registered settings.
    `costly` asks for the metrics that take long, too. `plugins` are files. `jax_platform` is the kind of
    device that cells compute on, as JAX calls it; None leaves JAX the choice.
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
    jax_platform: str | None = None


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
    def work(self) -> float:
        """The expected work, in seeds of a small target: a rough guess, from which time left is estimated."""
        return sum(1 + row.dim / 200 for row in self.rows)


class IdentifiedSampler(NamedTuple):
    """A registered sampler, hashes of its code and data, and the packages that a plug-in computes with."""

    name: str
    sampler: Sampler
    source: str
    data: str
    packages: frozenset[str]


def plan(request: Request) -> list[Row]:
    """Every row of the grid, without results.

    Raises BadInput for unknown names, for broken files, for targets that are broken or wrong, and for costly
    metrics whose packages are missing.
    """
    if request.costly:
        require_transport()
    # The parent process only looks targets up and must not occupy the accelerator that its cells will use.
    jax.config.update("jax_platforms", "cpu")
    samplers, targets = _samplers(request), _targets(request)
    device, commit = environment.device_of_cells(request.jax_platform), environment.commit()
    seeds = range(request.seeds or request.preset.seeds)
    rows = []
    for target in targets:
        common = {
            **_target_fields(target.target, target.fingerprint, target.hash),
            "draws": request.draws or request.preset.draws_for(target.target.density.dim),
            "precision": request.precision,
            "cores": request.cores,
            "flags": environment.flags_of_cells(request.cores),
            "device": device,
        }
        for sampler, budget, seed in product(samplers, _budget_fields(request), seeds):
            versions = environment.versions(request.costly, target.packages | sampler.packages)
            of_sampler = _sampler_fields(sampler.name, sampler.sampler, sampler.source)
            fields = {**common, **of_sampler, **budget, "seed": seed}
            identity = _identity(fields, sampler.data, versions, request.costly)
            rows.append(
                Row(
                    **fields,
                    **_truth_fields(target.target),
                    identity=identity,
                    versions=versions,
                    commit=commit,
                    **NEVER_RAN,
                )
            )
    return rows


def unfinished_row(name: str, sampler: Sampler, target: Target, draws: int, seed: int) -> Row:
    """The row of one sampler, target and seed for this process, without results.

    It has no identity: a target by itself does not say where its code is, and the settings of this process
    are not those of a cell.
    """
    return Row(
        **_target_fields(target, fingerprint(target), ""),
        **_truth_fields(target),
        **_sampler_fields(name, sampler, source_hash(sampler)),
        identity="",
        seed=seed,
        draws=draws,
        precision="float64" if jax.config.read("jax_enable_x64") else "float32",
        flags=environment.flags(),
        device=environment.device(),
        machine=environment.machine(),
        load=environment.load(),
        versions=environment.versions(),
        commit=environment.commit(),
        **NEVER_RAN,
    )


def missing_cells(
    rows: Iterable[Row], store: Store, costly: bool = False, jax_platform: str | None = None
) -> list[Cell]:
    """Cells of the rows that the store lacks, the largest targets first, which fills the workers evenly."""
    missing = [row for row in rows if not store.settled(row)]
    groups = groupby(missing, key=lambda row: (row.target, row.sampler))
    cells = [Cell(tuple(group), costly, jax_platform) for _, group in groups]
    return sorted(cells, key=lambda cell: -cell.rows[0].dim)


def _samplers(request: Request) -> list[IdentifiedSampler]:
    """The samplers that a request asks for, with the hashes of their code."""
    registered, modules = registry.samplers(request.plugins), registry.sampler_modules(request.plugins)
    names = request.samplers or request.preset.samplers or tuple(registered)
    identified = []
    for name, sampler in choose("sampler", names, registered).items():
        code = call_user_code(f"sampler {name!r}", partial(sampler_closure, sampler, modules[name]))
        source, data = hash_of_code(code.files), hash_of_data(code.files)
        identified.append(IdentifiedSampler(name, sampler, source, data, code.packages))
    return identified


def _targets(request: Request) -> list[IdentifiedTarget]:
    """The targets that a request asks for, with their hashes."""
    builders, modules = registry.targets(request.plugins), registry.target_modules(request.plugins)
    names = request.targets or request.preset.targets or tuple(builders)
    chosen = choose_targets(names, builders)
    try:
        return [identify_target(name, modules[name], builder) for name, builder in chosen.items()]
    finally:
        jax.clear_caches()  # of what `identify_target` computed in double precision


def _target_fields(target: Target, fingerprint: str, target_hash: str) -> dict[str, Any]:
    """The fields of a row that its target determines."""
    return {
        "target": target.name,
        "target_version": target.version,
        "fingerprint": fingerprint,
        "target_hash": target_hash,
        "dim": target.density.dim,
    }


def _truth_fields(target: Target) -> dict[str, Any]:
    """The fields of a row that say by which log Z it is judged; `target_hash` covers them."""
    if target.log_z is None:
        return {}
    return {"true_log_z": float(target.log_z.value), "true_log_z_error": float(target.log_z.standard_error)}


def _sampler_fields(name: str, sampler: Sampler, source: str) -> dict[str, Any]:
    """The fields of a row that its sampler determines."""
    return {
        "sampler": name,
        "config": repr(sampler),
        "source": source,
        "uses_exact_draws": sampler.needs_exact_draws,
    }


def _identity(fields: dict[str, Any], sampler_data: str, versions: dict[str, str], costly: bool) -> str:
    """The identity of a row with these fields: it hashes them, and the versions of whatever else computes.

    `sampler_data` hashes the files that the module of the sampler reads. The identity does not depend on the
    version of Python, the commit, the host, or where files are.
    """
    packages = {name: version for name, version in versions.items() if name != "python"}
    return row_identity(
        **fields,
        sampler_data=sampler_data,
        packages=packages,
        costly=costly,
        cell=CELL_VERSION,
        metrics=metrics.VERSION,
    )


def _budget_fields(request: Request) -> list[dict[str, Any]]:
    """The row fields of each budget, from the smallest on; without any budget those of a row without one."""
    budgets = set(request.budgets or request.preset.budgets)
    if not budgets:
        return [{}]
    ordered = sorted(budgets, key=lambda budget: (budget.unit, budget.amount))
    return [{"budget": budget.amount, "budget_unit": budget.unit} for budget in ordered]
