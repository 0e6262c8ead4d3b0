"""Checks a stored reference: its moments by a second method, and its bridge sampling with new chains.

The results are stored beside the truths, which stay as they are; a row's identity does not depend on them.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jax
import numpy as np

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.references.agreement import Stored, compare
from bridgemark.benchmarks.references.bridge_sampling import MIN_DRAWS_PER_DIM
from bridgemark.benchmarks.references.chains import run_chains
from bridgemark.benchmarks.references.estimators import MethodResult, Refused, by_bridge
from bridgemark.benchmarks.references.log_z import Say
from bridgemark.benchmarks.references.reference import build_with_functions, effort
from bridgemark.benchmarks.references.second_method import run_second_method, size
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.targets import stored
from bridgemark.targets.base import Target

SEED = 1  # of the chains that are bridged again; those of the reference have another
BRIDGED_DRAWS = 8_000
VERDICTS = {
    True: "the second method agrees",
    False: "the second method disagrees",
    None: "the second method is too imprecise to tell",
}


def check(name: str, folder: Path = stored.FOLDER, say: Say = print, plugins: tuple[str, ...] = ()) -> Path:
    """Check the reference of one target, in double precision; return its file, which then has a "check".

    The moments are compared first. Where log Z was estimated by bridge sampling, it is then estimated so once
    more. Raises BadInput where there is no reference, where it is of another density, and where the second
    method cannot serve.
    """
    path = folder / f"{name}.json"
    reference = _read(path, name)
    target, requested = build_with_functions(name, plugins)
    functions = {key: function for key, function in requested.items() if key in reference["statistics"]}
    if fingerprint(target) != reference["fingerprint"] or functions.keys() != reference["statistics"].keys():
        raise BadInput(f"{path} is of another density or of other functions; remove it and make it again")
    with jax.enable_x64(True):
        try:
            second = run_second_method(target.density, functions, size(target.density.dim), say)
        except Refused as reason:
            raise BadInput(f"the reference of {name} cannot be checked by SMC: {reason}") from reason
        compared = compare(_stored_moments(reference), second.moments, second.runs)
        say(f"{name}: {VERDICTS[compared['agree']]}: {_in_words(compared)}")
        made = {"versions": environment.versions(), "date": datetime.now(UTC).date().isoformat()}
        reference["check"] = {**second.description, **compared, "precision": "float64", **made}
        _write(path, reference)
        if "value" in reference["log_z"]["methods"].get("bridge", {}):
            reference["check"]["bridge"] = bridge_again(target, reference["chains"]["method"])
            _write(path, reference)
    return path


def bridge_again(target: Target, method: str) -> MethodResult:
    """Estimate log Z by bridge sampling with other chains of the sampler that is called `method` here."""
    wanted = effort(target.density.dim)
    sampler, _ = wanted.chain_samplers()[method]
    draws = max(BRIDGED_DRAWS, 2 * MIN_DRAWS_PER_DIM * target.density.dim)
    x = run_chains(target.density, sampler, draws, SEED)
    try:
        return by_bridge(jax.random.key(SEED), target, wanted, x)
    except Refused as reason:
        return {"refused": str(reason)}


def _read(path: Path, name: str) -> dict[str, Any]:
    """The reference in a file. Raises BadInput where there is none that can be written again."""
    if not path.is_file():
        raise BadInput(f"there is no {path} to check; make it by `bridgemark reference {name}`")
    if not os.access(path, os.W_OK):
        raise BadInput(f"{path} cannot be written: check references in a checkout of the repository")
    return json.loads(path.read_text())


def _write(path: Path, reference: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(reference, indent=1) + "\n")


def _stored_moments(reference: Mapping[str, Any]) -> dict[str, Stored]:
    """The moments of a reference by function, as arrays."""
    draws = reference["chains"]["chains"] * reference["chains"]["draws"]
    return {
        name: Stored(*(np.array(moments[key]) for key in ("mean", "sd", "standard_error")), draws)
        for name, moments in reference["statistics"].items()
    }


def _in_words(compared: Mapping[str, Any]) -> str:
    """The largest differences, and the limit that they are judged by."""
    largest = {
        moment: max(statistic[moment]["largest"] for statistic in compared["statistics"].values())
        for moment in ("mean", "sd")
    }
    return (
        f"means differ by at most {largest['mean']} standard errors, deviations by {largest['sd']}; "
        f"the limit for {compared['differences']} differences is {compared['limit']}"
    )
