"""What is printed besides progress: the end of a sweep, one record, the lists of samplers and targets."""

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates.certify import Certificate
from bridgemark.benchmarks.rows.row import STATUSES, Row, worst
from bridgemark.benchmarks.rows.store import SETTLED, Store
from bridgemark.targets.base import Alias, Target


def print_summary(rows: Sequence[Row], ran: int, store: Store, console: Console) -> None:
    """Targets by samplers with the worst status and the seconds of all seeds; then what failed, and why."""
    samplers = list(dict.fromkeys(row.sampler for row in rows))
    table = Table("target", *samplers)
    for target in dict.fromkeys(row.target for row in rows):
        mine = [row for row in rows if row.target == target]
        table.add_row(
            target, *(_cell_text([row for row in mine if row.sampler == name]) for name in samplers)
        )
    console.print(table)
    counted = Counter(row.status for row in rows)
    counts = ", ".join(f"{counted[status]} {status}" for status in STATUSES if counted[status])
    _plain(console, f"{len(rows)} rows: {counts}; {ran} run now, {len(rows) - ran} stored before")
    for _, group in groupby((row for row in rows if row.status not in SETTLED), key=_complaint):
        some = list(group)
        seeds = ", ".join(str(row.seed) for row in some)
        one = some[0]
        _plain(console, f"{one.status}: {one.sampler} x {one.target}, seed {seeds}: {one.reason}")
        _plain(console, f"    bridgemark show {one.identity}; log: {store.log(one)}")


def print_record(record: Row) -> None:
    """One record, whole: its fields, then its metrics with floor and error."""
    fields = Table("field", "value", show_header=False)
    columns = {
        name: value for name, value in record.to_json().items() if name in ("metrics", "floors", "errors")
    }
    for name, value in record.to_json().items():
        if name not in columns:
            fields.add_row(name, "-" if value is None else str(value))
    metrics = Table("metric", *columns)
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        metrics.add_row(name, *(_number(column.get(name)) for column in columns.values()))
    Console().print(fields, metrics)


def print_certificates(certificates: Sequence[Certificate], identity: str = "identity") -> None:
    """A line a check for each, with the reason where it is not passed, then the verdict and identity."""
    console = Console()
    for certificate in certificates:
        table = Table("check", "status", "seconds", title=certificate.sampler, title_justify="left")
        for each in certificate.findings:
            status = f"{each.status}: {each.reason}" if each.reason else each.status
            table.add_row(each.check, status, f"{each.seconds:.1f}")
        console.print(table)
        _plain(console, f"{certificate.sampler}: {certificate.verdict}; {identity} {certificate.identity}")


def print_samplers(plugins: Sequence[str]) -> None:
    """Every sampler: its name, what its file says it is, its configuration."""
    table = Table("sampler", "what it is", "configuration")
    for name, sampler in registry.samplers(plugins).items():
        about = sys.modules[type(sampler).__module__].__doc__ or ""
        table.add_row(name, about.strip().partition("\n")[0], repr(sampler))
    Console().print(table)


def print_targets(plugins: Sequence[str]) -> None:
    """Every target and what is known of it: truths, exact draws, modes, source, names in the literature."""
    table = Table(show_lines=True)
    for column in ("target", "dim", "log Z"):
        table.add_column(column, no_wrap=True)
    for column in ("known", "source", "also called"):
        table.add_column(column)
    for name, builder in registry.targets(plugins).items():
        target = registry.build(name, builder)
        truth = target.log_z
        log_z = "-" if truth is None else f"{truth.value:.8g} ± {truth.standard_error:.1g}"
        called = "; ".join(map(_called, target.about.aliases)) or "-"
        table.add_row(name, str(target.density.dim), log_z, _known(target), target.about.source, called)
    Console().print(table)


def _known(target: Target) -> str:
    """Exact draws, moments, modes, and whether it is a posterior with a joint."""
    moments = ", ".join(statistic.name for statistic in target.statistics)
    known = {
        "exact draws": target.sample is not None,
        f"moments of {moments}": bool(moments),
        f"{len(target.modes.masses) if target.modes else 0} modes": target.modes is not None,
        "posterior": target.density.joint is not None,
    }
    return "; ".join(what for what, is_known in known.items() if is_known) or "-"


def _called(alias: Alias) -> str:
    """A name in the literature, and whether it means this very density."""
    return f"{alias.name} ({alias.used_by}){'' if alias.same_density else ': another density'}"


def _plain(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _complaint(row: Row) -> tuple[str, str, str, str | None]:
    return row.sampler, row.target, row.status, row.reason


def _cell_text(rows: Sequence[Row]) -> str:
    """Status and seconds; the compilation that seeds share is counted once."""
    if not rows:
        return "-"
    seconds = max(row.compile_seconds or 0.0 for row in rows)
    seconds += sum((row.fit_seconds or 0.0) + (row.sample_seconds or 0.0) for row in rows)
    return f"{worst(rows)} {seconds:.1f} s" if seconds else worst(rows)


def _number(value: float | None) -> str:
    """Six digits; a dash for what has no meaning."""
    return "-" if value is None else f"{value:.6g}"
