"""Which rows the present code makes: only those may join the published rows."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.code_hash import PLUGIN, PROJECT
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.target_identity import IdentifiedTarget
from bridgemark.benchmarks.sampler_names import parts_of
from bridgemark.benchmarks.sweep.identified import IdentifiedSampler, identify_samplers, identify_targets
from bridgemark.benchmarks.sweep.plan import present_identity
from bridgemark.samplers.base import Sampler

EXTERNAL = "made from draws of another program"
FOREIGN_SAMPLER = "of a sampler that no file in samplers/ registers, such as that of a plug-in"
FOREIGN_TARGET = "of a target that no file in targets/ registers, such as that of a plug-in"
OTHER_VERSION = "of another version of the code of their sampler or target"


class SortedRows(NamedTuple):
    """Rows that the present code makes, and the others by the reason why it does not."""

    present: list[Row]
    left_out: dict[str, list[Row]]


class PresentCode(NamedTuple):
    """The samplers and targets of some rows as they are registered now, by name."""

    samplers: Mapping[str, IdentifiedSampler]
    targets: Mapping[str, IdentifiedTarget]

    def why_not_present(self, row: Row) -> str | None:
        """The reason why this code does not make a row, or None if it does."""
        if row.external:
            return EXTERNAL
        if row.sampler not in self.samplers:
            return FOREIGN_SAMPLER
        if row.target not in self.targets:
            return FOREIGN_TARGET
        identity = present_identity(row, self.samplers[row.sampler], self.targets[row.target])
        return None if identity == row.identity else OTHER_VERSION


def sort_rows(rows: Iterable[Row], plugins: tuple[str, ...] = ()) -> SortedRows:
    """Sort rows by whether the present code of this project and of `plugins` makes them.

    That takes about a second per target, whose values are computed. Raises BadInput for broken files.
    """
    rows = list(rows)
    code, result = identify(rows, plugins), SortedRows([], {})
    for row in rows:
        reason = code.why_not_present(row)
        group = result.present if reason is None else result.left_out.setdefault(reason, [])
        group.append(row)
    return result


def identify(rows: Iterable[Row], plugins: tuple[str, ...] = ()) -> PresentCode:
    """The code of those samplers and targets of rows that this project or a plug-in registers."""
    rows, targets = list(rows), own_targets(plugins)
    samplers = registry.samplers(plugins)
    registered = {name: samplers[name] for name in own_samplers(plugins)}
    wanted_samplers = sorted(name for name in {row.sampler for row in rows} if _exists(name, registered))
    wanted_targets = sorted({row.target for row in rows} & targets)
    return PresentCode(
        samplers={sampler.name: sampler for sampler in identify_samplers(wanted_samplers, plugins)},
        targets={target.target.name: target for target in identify_targets(wanted_targets, plugins)},
    )


def _exists(name: str, registered: dict[str, Sampler]) -> bool:
    """Whether a sampler of this name can be made; its settings may be those of other code."""
    try:
        registry.choose_samplers([name], registered)
    except BadInput:
        return False
    return True


def own_samplers(plugins: tuple[str, ...] = ()) -> set[str]:
    """Names of the samplers of this project and of `plugins`, without those of installed packages."""
    return _own(registry.sampler_modules(plugins))


def own_targets(plugins: tuple[str, ...] = ()) -> set[str]:
    """Names of the targets of this project and of `plugins`, without those of installed packages."""
    return _own(registry.target_modules(plugins))


def require_registered(row: Row, plugins: tuple[str, ...]) -> None:
    """Raise BadInput for a row that cannot be run, because nothing registers its sampler or its target."""
    if row.external:
        raise BadInput(f"the row {row.identity} is {EXTERNAL}: there is nothing to run again")
    for kind, name, registered in (
        ("sampler", parts_of(row.sampler).registered, registry.samplers(plugins)),
        ("target", row.target, registry.targets(plugins)),
    ):
        if name not in registered:
            raise BadInput(f"the {kind} {name!r} of the row is not registered; give its file with --plugin")


def _own(modules: Mapping[str, str]) -> set[str]:
    """The names whose modules belong to this project or are plug-in files."""
    return {name for name, module in modules.items() if module.startswith((f"{PROJECT}.", PLUGIN))}
