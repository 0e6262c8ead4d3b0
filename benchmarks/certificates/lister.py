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

    The task names `plugins`, and `targets`, or else `samplers`, to which those of the plug-ins are added.
    """
    task, report = read_task(), open_reports()
    settings.configure_planning()
    plugins: list[str] = []
    for plugin in task["plugins"]:
        if _is_sound(plugin, plugins, task, report):
            plugins.append(plugin)
    report(phase="reading what is registered", subject=None)
    list_entries = _targets if task["targets"] else _samplers
    try:
        entries = list(list_entries(task, plugins))
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
        if not task["targets"]:
            registry.plugin_samplers(plugin)
    except BadInput as error:
        report(refused=str(error))
        return False
    return True


def _samplers(task: dict[str, Any], plugins: Sequence[str]) -> Iterator[Entry]:
    """The samplers that were asked for. Raises BadInput for an unknown name."""
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.certificates.certify import identity_of
    from bridgemark.benchmarks.providers import call_user_code

    def describe(sampler: "Sampler") -> Description:
        return Description(identity_of(sampler), repr(sampler))

    names = task["samplers"] + [name for plugin in plugins for name in registry.plugin_samplers(plugin)]
    for name, sampler in choose("sampler", names, registry.samplers(plugins)).items():
        label = f"sampler {name!r}"
        yield Entry(label, name, partial(call_user_code, label, partial(describe, sampler)))


def _targets(task: dict[str, Any], plugins: Sequence[str]) -> Iterator[Entry]:
    """The targets that were asked for. Raises BadInput for an unknown name."""
    from bridgemark.benchmarks import registry

    for name, builder in registry.choose_targets(task["targets"], registry.targets(plugins)).items():
        yield Entry(f"target {name!r}", name, partial(_describe_target, name, builder))


def _describe_target(name: str, builder: "TargetBuilder") -> Description:
    """Build a target and describe it. Raises BadInput where that fails."""
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.providers import call_user_code
    from bridgemark.benchmarks.rows.fingerprint import fingerprint

    target = registry.build(name, builder)
    identity = call_user_code(f"target {name!r}", partial(fingerprint, target))
    return Description(identity, target.about.definition)


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
