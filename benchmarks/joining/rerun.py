"""Runs a row again as a sweep would, and says how the two runs were made differently."""

from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from bridgemark.benchmarks.joining.present_code import require_registered
from bridgemark.benchmarks.rows.command import has_costly_metrics
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep import runner
from bridgemark.benchmarks.sweep.measure import REPEATS
from bridgemark.benchmarks.sweep.presets import PRESETS, Budget
from bridgemark.benchmarks.sweep.request import Request
from bridgemark.benchmarks.sweep.runner import Resources

# A run may take this many seconds, and this many times as long as the one before it, compilation included.
LEAST_TIMEOUT, SLOWER = 1_800.0, 10.0
# What determines a row's numbers besides the settings that a rerun takes from the row, in words.
DETERMINANTS = {
    "source": "code of the sampler",
    "config": "settings of the sampler",
    "target_version": "version of the target",
    "fingerprint": "density of the target",
    "target_hash": "code, data, truths or values of the target",
    "device": "device",
    "flags": "flags of XLA",
}
READABLE = ("target_version", "device", "flags")  # the others are hashes, and long texts


def run_again(row: Row, plugins: tuple[str, ...], console: Console, timeout: float | None = None) -> Row:
    """Run a row with its own seed, draws, budget, precision and cores, in the process of a cell.

    The result is stored nowhere. It has the identity that the present code, packages and device give to it.
    `timeout` is in seconds. Raises BadInput where the row cannot be run here.
    """
    require_registered(row, plugins)
    request = Request(
        preset=PRESETS["default"],
        samplers=(row.sampler,),
        targets=(row.target,),
        seed_numbers=(row.seed,),
        draws=row.draws,
        precision=row.precision,
        cores=row.cores,
        budgets=_budgets(row),
        costly=has_costly_metrics(row),
        plugins=plugins,
        jax_platform="cpu" if (row.device or "cpu").startswith("cpu") else None,
    )
    with TemporaryDirectory(prefix="bridgemark-") as folder:
        limit = timeout or max(LEAST_TIMEOUT, SLOWER * _seconds(row))
        resources = Resources(workers=1, timeout=limit)
        (again,) = runner.run(request, Store(Path(folder)), resources, console).rows
    return again


def what_differs(before: Row, again: Row) -> list[str]:
    """In words, what made the numbers of a row and is not the same in its rerun; empty if all is.

    Whatever is not stored by itself, such as the definitions of the metrics, counts as one.
    """
    if before.identity == again.identity:
        return []
    differences = []
    for name, words in DETERMINANTS.items():
        old, new = getattr(before, name), getattr(again, name)
        if old != new:
            differences.append(f"{words} ({old} before, {new} now)" if name in READABLE else words)
    for package in sorted((before.versions.keys() | again.versions.keys()) - {"python"}):
        old, new = before.versions.get(package, "absent"), again.versions.get(package, "absent")
        if old != new:
            differences.append(f"{package} ({old} before, {new} now)")
    return differences or ["data files of the sampler, or the definitions of metrics or costs"]


def _budgets(row: Row) -> tuple[Budget, ...]:
    if row.budget is None or row.budget_unit is None:
        return ()
    return (Budget(row.budget, row.budget_unit),)


def _seconds(row: Row) -> float:
    """Wall seconds that the row took, as far as they are known."""
    later_draws = (REPEATS - 1) * (row.steady_seconds or 0.0)
    phases = (row.compile_seconds, row.fit_seconds, row.sample_seconds)
    return sum(seconds or 0.0 for seconds in phases) + later_draws
