"""What `bridgemark list` prints: the registered samplers and targets."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.console.plain_text import add_plain_row
from bridgemark.targets.base import Alias, Target


def print_samplers(plugins: Sequence[str]) -> None:
    """Print every sampler: its name, the first line of its file's docstring, its configuration."""
    table = Table("sampler", "what it is", "configuration")
    for name, sampler in registry.samplers(plugins).items():
        about = sys.modules[type(sampler).__module__].__doc__ or ""
        add_plain_row(table, name, about.strip().partition("\n")[0], repr(sampler))
    Console().print(table)


def print_targets(plugins: Sequence[str]) -> None:
    """Print every target: dimension, log Z, what else is known, source and names in the literature."""
    table = Table(show_lines=True)
    for heading in ("target", "dim", "log Z"):
        table.add_column(heading, no_wrap=True)
    for heading in ("known", "source", "also called"):
        table.add_column(heading)
    for name, builder in registry.targets(plugins).items():
        target = registry.build(name, builder)
        truth = target.log_z
        log_z = "-" if truth is None else f"{truth.value:.8g} ± {truth.standard_error:.1g}"
        aliases = "; ".join(map(alias_text, target.about.aliases)) or "-"
        dim = str(target.density.dim)
        add_plain_row(table, name, dim, log_z, known_truths(target), target.about.source, aliases)
    Console().print(table)


def known_truths(target: Target) -> str:
    """What is known of a target besides log Z: exact draws, moments, modes, and a joint distribution."""
    texts = []
    if target.sample is not None:
        texts.append("exact draws")
    if target.statistics:
        texts.append(f"moments of {', '.join(statistic.name for statistic in target.statistics)}")
    if target.modes is not None:
        texts.append(f"{len(target.modes.masses)} modes")
    if target.density.joint is not None:
        texts.append("posterior")
    return "; ".join(texts) or "-"


def alias_text(alias: Alias) -> str:
    """A name in the literature, who uses it, and whether it means another density."""
    return f"{alias.name} ({alias.used_by}){'' if alias.same_density else ': another density'}"
