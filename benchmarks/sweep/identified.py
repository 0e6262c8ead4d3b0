"""Registered samplers and targets with the hashes that identify them in rows."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.providers import call_user_code
from bridgemark.benchmarks.registry import choose_samplers, choose_targets
from bridgemark.benchmarks.rows.code_hash import hash_of_code
from bridgemark.benchmarks.rows.data_hash import hash_of_data
from bridgemark.benchmarks.rows.identity import sampler_closure
from bridgemark.benchmarks.rows.target_identity import IdentifiedTarget, identify_target
from bridgemark.benchmarks.sampler_names import parts_of
from bridgemark.samplers.base import Sampler


class IdentifiedSampler(NamedTuple):
    """A registered sampler, hashes of its code and data, and the packages that a plug-in computes with."""

    name: str
    sampler: Sampler
    source: str
    data: str
    packages: frozenset[str]


def identify_samplers(names: Sequence[str] | None, plugins: tuple[str, ...]) -> list[IdentifiedSampler]:
    """The samplers of these names with the hashes of their code; all of them for None. Raises BadInput.

    A name may have settings in brackets, as in "dds[steps=64]".
    """
    registered, modules = registry.samplers(plugins), registry.sampler_modules(plugins)
    identified = []
    for name, sampler in choose_samplers(tuple(registered) if names is None else names, registered).items():
        module = modules[parts_of(name).registered]
        code = call_user_code(f"sampler {name!r}", partial(sampler_closure, sampler, module))
        source, data = hash_of_code(code.files), hash_of_data(code.files)
        identified.append(IdentifiedSampler(name, sampler, source, data, code.packages))
    return identified


def identify_targets(names: Sequence[str] | None, plugins: tuple[str, ...]) -> list[IdentifiedTarget]:
    """The targets of these names with their hashes; all of them for None. Raises BadInput."""
    builders, modules = registry.targets(plugins), registry.target_modules(plugins)
    chosen = choose_targets(tuple(builders) if names is None else names, builders)
    try:
        return [identify_target(name, modules[name], builder) for name, builder in chosen.items()]
    finally:
        jax.clear_caches()  # of what `identify_target` computed in double precision
