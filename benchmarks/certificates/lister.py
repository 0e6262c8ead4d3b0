"""The process that lists what is to be certified: `python -m bridgemark.benchmarks.certificates.lister`.

It imports plug-ins and builds targets, so it may crash or hang: its parent reads from the reports what it was
doing. They are those of `sweep.reporting_process`, and JSON objects with the `name` of a sampler or a target,
its `identity` and its `config`; with what is `refused` and why; or with an `error`, after which nothing
follows.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from bridgemark.benchmarks.errors import BadInput, choose
from bridgemark.benchmarks.rows import settings
from bridgemark.benchmarks.sweep.child import open_reports, read_task, run_and_end

if TYPE_CHECKING:
    from bridgemark.benchmarks.registry import TargetBuilder
    from bridgemark.samplers.base import Sampler


class Description(NamedTuple):
    """What a certificate says of a sampler or a target: its identity and its configuration."""

    identity: str
    config: str


class Entry(NamedTuple):
    """A sampler or a target that was asked for: what messages call it, its name, and what describes it.

    `describe` raises BadInput where that fails.
    """

    label: str
    name: str
    describe: Callable[[], Description]


def main() -> None:
    """List what the task asks for, without what its parent has done with.

    The task says in which `dict` of a plug-in that is, SAMPLERS or TARGETS, and has its `names`, the `files`
    whose entries are all added, and the `plugins`, which are these files and others.
    """
    task, report = read_task(), open_reports()
    settings.configure_planning()
    plugins: list[str] = []
    for plugin in task["plugins"]:
        if _is_sound(plugin, plugins, task, report):
            plugins.append(plugin)
    report(phase="reading what is registered", subject=None)
    try:
        names = task["names"] + _names_in_files(task, plugins)
        entries = list(LISTED[task["dict"]](names, plugins))
    except BadInput as error:
        report(error=str(error))
        return
    for entry in entries:
        if entry.name not in task["without"]:
            _report_entry(entry, report)
    report(done=True)


def _is_sound(plugin: str, sound: list[str], task: dict[str, Any], report: Callable[..., None]) -> bool:
    """Import a plug-in; returns whether it can be used beside the `sound` ones, and reports why not."""
    from bridgemark.benchmarks import registry  # only now, because JAX reads its settings when it is imported

    if plugin in task["without"]:
        return False
    report(phase=f"plug-in {plugin}", subject=plugin)
    try:
        registry.require_plugin(plugin, sound)
        if plugin in task["files"]:
            registry.plugin_names(plugin, task["dict"])
    except BadInput as error:
        report(refused=str(error))
        return False
    return True


def _names_in_files(task: dict[str, Any], plugins: Sequence[str]) -> list[str]:
    """The names of all entries of those plug-ins that the task names as files."""
    from bridgemark.benchmarks import registry

    files = [plugin for plugin in plugins if plugin in task["files"]]
    return [name for file in files for name in registry.plugin_names(file, task["dict"])]


def _samplers(names: Sequence[str], plugins: Sequence[str]) -> Iterator[Entry]:
    """The samplers of these names. Raises BadInput for an unknown name."""
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.certificates.certify import identity_of
    from bridgemark.benchmarks.providers import call_user_code

    def describe(sampler: "Sampler") -> Description:
        return Description(identity_of(sampler), repr(sampler))

    for name, sampler in choose("sampler", names, registry.samplers(plugins)).items():
        label = f"sampler {name!r}"
        yield Entry(label, name, partial(call_user_code, label, partial(describe, sampler)))


def _targets(names: Sequence[str], plugins: Sequence[str]) -> Iterator[Entry]:
    """The targets of these names. Raises BadInput for an unknown or refused name."""
    from bridgemark.benchmarks import registry

    for name, builder in registry.choose_targets(names, registry.targets(plugins)).items():
        yield Entry(f"target {name!r}", name, partial(_describe_target, name, builder))


def _describe_target(name: str, builder: "TargetBuilder") -> Description:
    """Build a target and describe it. Raises BadInput where that fails."""
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.providers import call_user_code
    from bridgemark.benchmarks.rows.fingerprint import fingerprint

    target = registry.build(name, builder)
    identity = call_user_code(f"target {name!r}", partial(fingerprint, target))
    return Description(identity, target.about.definition)


LISTED = {"SAMPLERS": _samplers, "TARGETS": _targets}  # by the dict that registers them


def _report_entry(entry: Entry, report: Callable[..., None]) -> None:
    """Report an entry's description, or why it has none."""
    report(phase=entry.label, subject=entry.name)
    try:
        description = entry.describe()
    except BadInput as error:
        report(refused=str(error))
    else:
        report(name=entry.name, **description._asdict())


if __name__ == "__main__":
    run_and_end(main)
