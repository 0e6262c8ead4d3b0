"""The identity of a row: a hash of everything that determines its numbers."""

import hashlib
import json
from typing import Any

import numpy as np

from bridgemark.benchmarks.rows.code_hash import PROJECT, Closure, closure, hash_of_code
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target

SAMPLER_CODE = ("bridgemark.samplers", "bridgemark.targets.base")
CELL_VERSION = 3  # to be raised when `sweep.measure` changes how keys, phases or costs are made
DIGITS = 12  # significant digits of a sum that do not depend on the machine


def row_identity(**determinants: Any) -> str:
    """Hash whatever determines a row's numbers: twenty hexadecimal digits of SHA-256 over canonical JSON."""
    canonical = json.dumps(determinants, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def source_hash(sampler: Sampler, registered_in: str | None = None) -> str:
    """Hash of the code of a sampler: of all files of `sampler_closure`."""
    return hash_of_code(sampler_closure(sampler, registered_in).files)


def sampler_closure(sampler: Sampler, registered_in: str | None = None) -> Closure:
    """The code of a sampler: the module of its class and every module that it imports, directly or not.

    For a sampler of this project, only imports from `bridgemark.samplers` and `bridgemark.targets.base` are
    followed; for one of another package, those from its own package as well, and those of files that no
    distribution installed. A module outside this project that registers a sampler (`registered_in`) counts
    too, because it may define what the sampler is configured with.
    """
    modules = (type(sampler).__module__, *([registered_in] if registered_in else []))
    outside = tuple(module for module in modules if module.partition(".")[0] not in (PROJECT, "__main__"))
    packages = tuple(module.partition(".")[0] for module in outside)
    return closure((modules[0], *outside), (*SAMPLER_CODE, *packages))


def truth_hash(target: Target) -> str:
    """Hash of what a target holds besides the values of its density: base, log Z, moments and mode masses.

    A better reference value changes the errors of the same draws, so it must change the row's identity.
    """
    base = target.density.base
    truths: list[Any] = [base.loc, base.scale, target.modes and target.modes.masses]
    truths.append(target.log_z and (target.log_z.value, target.log_z.standard_error))
    truths.append(target.about.finite_moment)
    for statistic in target.statistics:
        truths += [statistic.mean, statistic.sd, statistic.standard_error]
    names = [statistic.name for statistic in target.statistics]
    return hashlib.sha256(repr([names, list(map(_digest, truths))]).encode()).hexdigest()[:20]


def _digest(values: Any) -> tuple[float, ...] | None:
    """The size of an array and three sums over it, to eight decimals or DIGITS digits; None for None.

    The sums change with any relevant change of the values, and not with the rounding of another machine.
    """
    if values is None:
        return None
    flat = np.ravel(np.asarray(values, dtype=float))
    sums = np.sum(flat), np.sum(flat**2), flat @ np.cos(np.arange(flat.size))
    # + 0.0 turns -0.0 into 0.0
    return (flat.size, *(round(float(f"{value:.{DIGITS - 1}e}"), 8) + 0.0 for value in sums))
