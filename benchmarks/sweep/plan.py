"""Plans a sweep: the rows that a request asks for."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import jax

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.registry import choose_targets
from bridgemark.benchmarks.rows import environment, settings
from bridgemark.benchmarks.rows.command import has_costly_metrics
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.rows.identity import CELL_VERSION, row_identity, source_hash
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.target_identity import IdentifiedTarget
from bridgemark.benchmarks.scores import metrics
from bridgemark.benchmarks.scores.distances import require_transport
from bridgemark.benchmarks.sweep.identified import IdentifiedSampler, identify_samplers, identify_targets
from bridgemark.benchmarks.sweep.request import Request
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target

NEVER_RAN: Any = {"status": "failed", "reason": "never ran"}  # fields of a planned row


def plan(request: Request) -> list[Row]:
    """Every row of the grid, without results.

    Raises BadInput for unknown names, for broken files, for targets that are broken or wrong, and for costly
    metrics whose packages are missing.
    """
    planner = start_planning(request)
    return [row for name in planner.targets for row in planner.rows_of(name)]


@dataclass(frozen=True)
class Planner:
    """Plans a request target by target: any of them may turn out to be wrong.

    `targets` are the names of those that are asked for. `samplers` are identified already.
    """

    request: Request
    samplers: tuple[IdentifiedSampler, ...]
    targets: tuple[str, ...]
    device: str
    commit: str | None

    def rows_of(self, name: str) -> list[Row]:
        """The rows of one target, without results. Raises BadInput where the target is broken or wrong."""
        request = self.request
        (target,) = identify_targets((name,), request.plugins)
        common = {
            **target_fields(target.target, target.fingerprint, target.hash),
            "draws": request.draws or request.preset.draws_for(target.target.density.dim),
            "precision": request.precision,
            "cores": request.cores,
            "flags": settings.flags_of_cells(request.cores, self.device),
            "device": self.device,
        }
        unidentified: Any = {**truth_fields(target.target), "commit": self.commit, **NEVER_RAN}
        seeds = request.seed_numbers or range(request.seeds or request.preset.seeds)
        rows = []
        for sampler, budget, seed in product(self.samplers, _budget_fields(request), seeds):
            versions = environment.versions(request.costly, target.packages | sampler.packages)
            of_sampler = _sampler_fields(sampler.name, sampler.sampler, sampler.source)
            fields = {**common, **of_sampler, **budget, "seed": seed}
            identity = _identity(fields, sampler.data, versions, request.costly)
            rows.append(Row(**fields, identity=identity, versions=versions, **unidentified))
        return rows


def start_planning(request: Request) -> Planner:
    """Look up and identify the samplers of a request, and look up its targets, which are not built yet.

    Raises BadInput for unknown names, for broken files, and for costly metrics whose packages are missing.
    """
    if request.costly:
        require_transport()
    # This process only looks targets up and must not occupy the accelerator that cells will use.
    jax.config.update("jax_platforms", "cpu")
    samplers = identify_samplers(request.samplers or request.preset.samplers, request.plugins)
    builders = registry.targets(request.plugins)
    targets = choose_targets(request.targets or request.preset.targets or tuple(builders), builders)
    device = environment.device_of_cells(request.jax_platform)
    return Planner(request, tuple(samplers), tuple(targets), device, environment.commit())


def unfinished_row(name: str, sampler: Sampler, target: Target, draws: int, seed: int) -> Row:
    """The row of one sampler, target and seed for this process, without results.

    It has no identity: a target by itself does not say where its code is, and the settings of this process
    are not those of a cell.
    """
    return Row(
        **target_fields(target, fingerprint(target), ""),
        **truth_fields(target),
        **_sampler_fields(name, sampler, source_hash(sampler)),
        identity="",
        seed=seed,
        draws=draws,
        precision="float64" if jax.config.read("jax_enable_x64") else "float32",
        flags=settings.flags(),
        device=environment.device(),
        machine=environment.machine(),
        load=environment.load(),
        versions=environment.versions(),
        commit=environment.commit(),
        **NEVER_RAN,
    )


def present_identity(row: Row, sampler: IdentifiedSampler, target: IdentifiedTarget) -> str:
    """The identity that the present code of its sampler and target gives to a row.

    The settings, the device, the flags and the versions of packages are those of the row. So the result is
    the row's own identity exactly if the present code is what made it.
    """
    fields = {
        **target_fields(target.target, target.fingerprint, target.hash),
        **_sampler_fields(sampler.name, sampler.sampler, sampler.source),
        **{name: getattr(row, name) for name in ("seed", "draws", "precision", "cores", "flags", "device")},
        **({} if row.budget is None else {"budget": row.budget, "budget_unit": row.budget_unit}),
    }
    return _identity(fields, sampler.data, row.versions, has_costly_metrics(row))


def target_fields(target: Target, fingerprint: str, target_hash: str) -> dict[str, Any]:
    """The fields of a row that its target determines."""
    return {
        "target": target.name,
        "target_version": target.version,
        "fingerprint": fingerprint,
        "target_hash": target_hash,
        "dim": target.density.dim,
    }


def truth_fields(target: Target) -> dict[str, Any]:
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
