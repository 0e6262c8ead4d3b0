"""Checks the truths of a target: moments and log Z by a second method, and bridge sampling with new chains.

The result stands beside the truths, which stay as they are; a row's identity does not depend on it.
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
from bridgemark.benchmarks.references.reference import build_with_functions, effort, other_truth
from bridgemark.benchmarks.references.second_method import Functions, run_second_method, size
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.rows.identity import truth_hash
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.targets.base import Target, Truth

SEED = 1  # of the chains that are bridged again; those of the reference have another
BRIDGED_DRAWS = 8_000
VERDICTS = {
    True: "the second method agrees",
    False: "the second method disagrees",
    None: "the second method is too imprecise to tell",
}


def check(name: str, references: Path, checks: Path, say: Say = print, plugins: tuple[str, ...] = ()) -> Path:
    """Check the truths of one target, in double precision; return the file that has the result as "check".

    It is the target's reference in the folder `references`, or, where the truth has another source, such as a
    closed form, NAME.json in the folder `checks`. Raises BadInput for an unknown target, where there is no
    reference or one of another density, and where the second method cannot serve.
    """
    target, functions = build_with_functions(name, plugins)
    with jax.enable_x64(True):
        truth = other_truth(target, plugins)
        if truth is not None:
            return _check_other_truth(target, truth, checks / f"{name}.json", say)
        return _check_reference(target, functions, references / f"{name}.json", say)


def _check_reference(target: Target, requested: Functions, path: Path, say: Say) -> Path:
    """Compare the moments first. Where log Z was estimated by bridge sampling, it is so once more."""
    reference = _read(path, target.name)
    functions = {key: function for key, function in requested.items() if key in reference["statistics"]}
    if fingerprint(target) != reference["fingerprint"] or functions.keys() != reference["statistics"].keys():
        raise BadInput(f"{path} is of another density or of other functions; remove it and make it again")
    log_z = Estimate(*(reference["log_z"][key] for key in ("value", "standard_error")))
    try:
        reference["check"] = _compare(target, functions, _stored_moments(reference), log_z, say)
    except Refused as reason:
        raise BadInput(f"the reference of {target.name} cannot be checked by SMC: {reason}") from reason
    _write(path, reference)
    if "value" in reference["log_z"]["methods"].get("bridge", {}):
        reference["check"]["bridge"] = bridge_again(target, reference["chains"]["method"])
        _write(path, reference)
    return path


def _check_other_truth(target: Target, truth: Truth, path: Path, say: Say) -> Path:
    """Compare what the target states; that SMC refuses is a result, too, because the truth needs no runs."""
    functions = {statistic.name: statistic.fn for statistic in target.statistics}
    stated = {
        statistic.name: Stored(statistic.mean, statistic.sd, statistic.standard_error, np.inf)
        for statistic in target.statistics
    }
    log_z = Estimate(truth.value, truth.standard_error)
    try:
        compared = _compare(target, functions, stated, log_z, say)
    except Refused as reason:
        compared = {"refused": str(reason)}
    identity = {"target": target.name, "fingerprint": fingerprint(target), "truths": truth_hash(target)}
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, identity | {"check": compared})
    return path


def _compare(
    target: Target, functions: Functions, stated: Mapping[str, Stored], log_z: Estimate, say: Say
) -> dict[str, Any]:
    """The comparison with the second method as it is stored. Raises Refused."""
    second = run_second_method(target.density, functions, log_z, size(target.density.dim), say)
    compared = compare(stated, log_z, second)
    say(f"{target.name}: {VERDICTS[compared['agree']]}: {_in_words(compared)}")
    made = {"versions": environment.versions(), "date": datetime.now(UTC).date().isoformat()}
    return {**second.description, **compared, "precision": "float64", **made}


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
        name: Stored(
            np.array(moments["mean"]), np.array(moments["sd"]), np.array(moments["standard_error"]), draws
        )
        for name, moments in reference["statistics"].items()
    }


def _in_words(compared: Mapping[str, Any]) -> str:
    """The largest differences, and the limit that they are judged by."""
    statistics, log_z = compared["statistics"].values(), compared["log_z"]
    largest = {key: max((part[key]["largest"] for part in statistics), default=0.0) for key in ("mean", "sd")}
    return (
        f"in standard errors, means differ by at most {largest['mean']}, deviations by {largest['sd']} and "
        f"log Z by {log_z['apart']}; the limit for {compared['differences']} numbers is {compared['limit']}"
    )
