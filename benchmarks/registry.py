"""Finds the registered samplers and targets.

They come from the files of the packages `bridgemark.samplers` and `bridgemark.targets`, from entry points of
those names in installed packages, and from plug-in files. Each file ends with a dict SAMPLERS or TARGETS.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import bridgemark.samplers as sampler_package
import bridgemark.targets as target_package
from bridgemark.benchmarks.errors import BadInput, choose
from bridgemark.benchmarks.providers import (
    NAME,
    Provider,
    call_user_code,
    load_plugin,
    providers,
)
from bridgemark.benchmarks.sampler_names import parts_of, with_settings
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target
from bridgemark.targets.refused import REFUSED

MEMORY_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
TargetBuilder: TypeAlias = Callable[[], Target]
Check: TypeAlias = Callable[[Any], str | None]  # what an entry must be, or None where it is that


class Registration(NamedTuple):
    """An entry of a dict SAMPLERS or TARGETS, and the name of the module that has the dict."""

    entry: Any
    module: str


def samplers(plugins: Sequence[str] = ()) -> dict[str, Sampler]:
    """Every registered sampler by name.

    Raises BadInput for a broken file and for a name that is used twice.
    """
    return {name: registration.entry for name, registration in _sampler_registrations(plugins).items()}


def targets(plugins: Sequence[str] = ()) -> dict[str, TargetBuilder]:
    """The builder of every registered target by name.

    Raises BadInput for a broken file and for a name that is used twice.
    """
    return {name: registration.entry for name, registration in _target_registrations(plugins).items()}


def load_sampler(name: str, plugins: Sequence[str] = ()) -> Sampler:
    """The sampler of this name, which may have settings in brackets, for a process that needs no other one.

    Files that mention the name are imported first, and no file after the one that registers it: importing all
    of them takes longer than a quick sampler runs. That no name is used twice was checked by whoever planned
    the run. Raises BadInput for a broken file and for an unknown name.
    """
    registered, settings = parts_of(name)
    modules = providers(sampler_package, "bridgemark.samplers", plugins)
    return with_settings(registered, _load_entry(registered, "SAMPLERS", modules, _check_sampler), settings)


def load_target(name: str, plugins: Sequence[str] = ()) -> TargetBuilder:
    """The builder of the registered target of this name; see `load_sampler`."""
    modules = providers(target_package, "bridgemark.targets", plugins)
    return _load_entry(name, "TARGETS", modules, _check_builder)


def sampler_modules(plugins: Sequence[str] = ()) -> dict[str, str]:
    """The name of the module that registers each sampler, by the name of the sampler."""
    return {name: registration.module for name, registration in _sampler_registrations(plugins).items()}


def target_modules(plugins: Sequence[str] = ()) -> dict[str, str]:
    """The name of the module that registers each target, by the name of the target."""
    return {name: registration.module for name, registration in _target_registrations(plugins).items()}


def require_plugin(plugin: str, others: Sequence[str]) -> None:
    """Import a plug-in file.

    Raises BadInput where it is broken, registers nothing, registers wrongly, or registers a name that the
    project or one of the `others` has. Those are plug-ins that are in order.
    """
    for register in (_sampler_registrations, _target_registrations):
        register([*others, plugin])


def plugin_names(plugin: str, dict_name: str) -> list[str]:
    """Names in the dict SAMPLERS or TARGETS of a plug-in file.

    Raises BadInput where it has none or is broken.
    """
    names = list(getattr(load_plugin(Path(plugin)), dict_name, {}))
    if not names:
        raise BadInput(f"plug-in {plugin} has no {dict_name.lower()}; end it with {dict_name} = {{...}}")
    return names


def build(name: str, builder: TargetBuilder) -> Target:
    """Build a target. Raises BadInput where its builder fails or does not return a Target of this name."""
    target = call_user_code(f"target {name!r}", builder)
    if not isinstance(target, Target) or target.name != name:
        raise BadInput(f"target {name!r}: its builder must return a Target of that name, not {target!r:.60}")
    return target


def choose_samplers(names: Sequence[str], registered: dict[str, Sampler]) -> dict[str, Sampler]:
    """The samplers called `names`, in that order; in brackets, a name may change settings.

    Where it changes none that counts, the sampler has its registered name. Raises BadInput for an unknown
    sampler or setting.
    """
    chosen = {}
    for name in names:
        base, settings = parts_of(name)
        sampler = choose("sampler", [base], registered)[base]
        varied = with_settings(base, sampler, settings)
        chosen[base if varied == sampler else name] = varied
    return chosen


def choose_targets(names: Sequence[str], builders: dict[str, TargetBuilder]) -> dict[str, TargetBuilder]:
    """Select the builders called `names`, in that order. Raises BadInput for an unknown or refused target."""
    for name in names:
        if name in REFUSED:
            raise BadInput(f"target {name!r} is refused: {REFUSED[name]}")
    return choose("target", names, builders)


def _sampler_registrations(plugins: Sequence[str]) -> dict[str, Registration]:
    modules = providers(sampler_package, "bridgemark.samplers", plugins)
    return _collect_entries("SAMPLERS", modules, _check_sampler)


def _target_registrations(plugins: Sequence[str]) -> dict[str, Registration]:
    modules = providers(target_package, "bridgemark.targets", plugins)
    return _collect_entries("TARGETS", modules, _check_builder)


def _load_entry(name: str, dict_name: str, modules: Iterable[Provider], check: Check) -> Any:
    """The entry of this name in the dict `dict_name` of the first module that has it.

    Among modules that do not mention the name plug-ins come first: they are few.
    """
    plugins_first = reversed([*modules])
    for provider in sorted(plugins_first, key=lambda provider: not provider.mentions(name)):
        entries = _collect_entries(dict_name, [provider], check)
        if name in entries:
            return entries[name].entry
    raise BadInput(f"{name!r} is in no {dict_name}")


def _collect_entries(dict_name: str, modules: Iterable[Provider], check: Check) -> dict[str, Registration]:
    """The entries of the dict `dict_name` of every module that has one. Raises BadInput for a wrong entry."""
    entries: dict[str, Registration] = {}
    origins: dict[str, str] = {}
    for origin, _, load in modules:
        module = load()
        registered = vars(module).get(dict_name, {})
        if not isinstance(registered, dict):
            raise BadInput(f"{origin}: {dict_name} must be a dict from names, not {registered!r:.60}")
        for name, entry in registered.items():
            label = f"{origin}: {dict_name}[{name!r}]"
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise BadInput(
                    f"{origin}: {dict_name} has the name {name!r}; use letters, digits, '-', '_' and '.'"
                )
            if expected := check(entry):
                raise BadInput(f"{label} must be {expected}, not {entry!r:.60}")
            if name in entries:
                raise BadInput(f"{label} is taken by {origins[name]}; choose another name")
            entries[name], origins[name] = Registration(entry, module.__name__), origin
    return entries


def _check_sampler(entry: Any) -> str | None:
    if not isinstance(entry, Sampler):
        return "an instance of a Sampler"
    # A row's identity contains the printed configuration, which must be the same in every process.
    return "a Sampler whose fields print as values" if MEMORY_ADDRESS.search(repr(entry)) else None


def _check_builder(entry: Any) -> str | None:
    return None if callable(entry) else "a function without arguments that builds a Target"
