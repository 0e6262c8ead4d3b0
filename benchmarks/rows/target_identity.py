"""What identifies a target in a row: its code, the data that it reads, its truths and its values."""

import hashlib
import sys
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.opened_files import record_reads
from bridgemark.benchmarks.providers import call_user_code
from bridgemark.benchmarks.registry import TargetBuilder
from bridgemark.benchmarks.rows.code_hash import PROJECT, closure, hash_of_code
from bridgemark.benchmarks.rows.data_hash import hash_of_data
from bridgemark.benchmarks.rows.fingerprint import fingerprint_of_values
from bridgemark.benchmarks.rows.identity import truth_hash
from bridgemark.benchmarks.rows.target_validation import require_valid
from bridgemark.targets.base import Target

TARGET_CODE = "bridgemark.targets"


class IdentifiedTarget(NamedTuple):
    """A built target and what identifies it.

    `fingerprint` hashes the values of its density at fixed points, `hash` everything. `packages` are the
    installed packages that a plug-in computes with.
    """

    target: Target
    fingerprint: str
    hash: str
    packages: frozenset[str]


def identify_target(name: str, module: str, builder: TargetBuilder) -> IdentifiedTarget:
    """Build the target that `module` registers under this name, and identify it.

    Raises BadInput for a target that is broken or wrong. What follows in the process must call
    `jax.clear_caches` before anything runs in single precision; see `evaluate_target`.
    """
    origin = f"target {name!r}"
    code = call_user_code(origin, partial(closure, (module,), (TARGET_CODE, *_own_package(module))))
    _forget_cached_results(code.files)
    target, built_from = record_reads(partial(registry.build, name, builder))
    values, evaluated_from = record_reads(partial(require_valid, target))
    parts = (
        hash_of_code(code.files, name),
        call_user_code(origin, partial(hash_of_data, code.files, built_from | evaluated_from)),
        truth_hash(target),
        values.hash(),
    )
    digest = hashlib.sha256(" ".join(parts).encode()).hexdigest()[:20]
    fingerprint = call_user_code(origin, partial(fingerprint_of_values, name, values.at_probes))
    return IdentifiedTarget(target, fingerprint, digest, code.packages)


def _own_package(module: str) -> tuple[str, ...]:
    """The package of a module outside this project, whose code counts although it may be installed."""
    package = module.partition(".")[0]
    return () if package == PROJECT else (package,)


def _forget_cached_results(modules: Iterable[str]) -> None:
    """Clear the caches of functions of plug-ins, so that they read their files again.

    A target of this project reads its files whenever it is built; a test holds it.
    """
    for name in modules:
        if name.partition(".")[0] != PROJECT and name in sys.modules:
            for value in list(vars(sys.modules[name]).values()):
                clear = getattr(value, "cache_clear", None)
                if callable(clear) and getattr(value, "__module__", None) == name:
                    clear()
