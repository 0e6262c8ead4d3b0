"""Makes the reference of a target: log Z by two methods or more, and moments by long Markov chains.

The moments are those of the functions that the target itself asks for. The chains must agree about these
functions alone, so that it does not matter which of several symmetric modes each chain is in. Where chains of
NUTS disagree, chains of parallel tempering are used. Where the estimates of log Z disagree, the reference is
stored with that remark, and no truth is read from it.
"""

import json
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.references.chains import evaluate, run_chains
from bridgemark.benchmarks.references.estimators import MAX_R_HAT, Chains, Effort
from bridgemark.benchmarks.references.log_z import Say, estimate_log_z, reconcile
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.scores.diagnostics import ess_bulk, r_hat
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.smc import SMC
from bridgemark.targets import stored
from bridgemark.targets.base import Target, Truth

DEFAULT_FUNCTIONS: dict[str, Callable] = {"x": lambda x: x, "x2": jnp.square}  # if a target asks for none
DIGITS = 7  # significant ones of stored moments
AGREEMENT = {
    True: "another method agrees",
    False: "the methods disagree, so this is no truth",
    None: "no other method could be used",
}


class ChainMoments(NamedTuple):
    """Draws of chains that agree.

    `values` has the functions of every draw by name, each (chains, length, k); `description` says how the
    chains were made, as it is stored.
    """

    x: Chains
    values: dict[str, Float[np.ndarray, "chains length k"]]
    description: dict[str, Any]


def effort(dim: int) -> Effort:
    """How long the methods run on a target of this dimension: draws of a large target are expensive."""
    smc = SMC(runs=8, fit_particles=500, ess_fraction=0.85, leapfrog_steps=20)
    nuts = NUTS(chains=8, target_acceptance=0.9)
    if dim <= 100:
        return Effort(error=0.02, schedules=2, particles=500, smc=smc, draws=24_000, nuts=nuts)
    if dim <= 300:
        smc = replace(smc, transitions=8)
        return Effort(error=0.03, schedules=2, particles=500, smc=smc, draws=24_000, nuts=nuts)
    smc = SMC(runs=4, fit_particles=256, ess_fraction=0.85, transitions=2)
    nuts = NUTS(chains=8, warm_up=1_000)
    draws = 24_000 if dim <= 600 else 8_000
    return Effort(error=0.03, schedules=2, particles=256, smc=smc, draws=draws, nuts=nuts)


def make(name: str, folder: Path = stored.FOLDER, say: Say = print, plugins: tuple[str, ...] = ()) -> Path:
    """Compute and store the truths of one target, which a plug-in may register; return the file.

    Raises BadInput for an unknown target, for one whose truth has another source, and for a folder that
    cannot be written; also where the chains disagree (R-hat above 1.01) and where no method estimates log Z,
    because a reference that has not converged must not be stored.
    """
    target, functions = build_with_functions(name, plugins)
    truth = other_truth(target, plugins)
    if truth is not None:
        raise BadInput(f"the truth of {name} is not made here; it comes from: {truth.recipe}")
    if not os.access(folder, os.W_OK):
        raise BadInput(f"{folder} cannot be written: make references in a checkout of the repository")
    wanted = effort(target.density.dim)
    command, identity = _command(name, plugins), fingerprint(target)
    chains = _run_agreeing_chains(target, functions, wanted, say)
    results = estimate_log_z(target, wanted, chains.x, say)
    log_z, agree = reconcile(results)
    reference = {
        "target": name,
        "fingerprint": identity,
        "command": command,
        "agree": agree,
        "log_z": log_z | {"recipe": f"{command}: {log_z['recipe']}", "methods": results},
        "chains": chains.description,
        "precision": str(jnp.zeros(()).dtype),
        "versions": environment.versions(),
        "date": datetime.now(UTC).date().isoformat(),
        "statistics": {key: _moments(values) for key, values in chains.values.items()},
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(reference, indent=1) + "\n")
    say(f"{name}: log Z {log_z['value']} ± {log_z['standard_error']}; {AGREEMENT[agree]}")
    if plugins and agree is not False:
        truth = Truth(log_z["value"], log_z["standard_error"], f"{command}: {log_z['recipe']}")
        say(f"{name}: put this into the target: log_z={truth}")
    return path


def build_with_functions(name: str, plugins: tuple[str, ...]) -> tuple[Target, Mapping[str, Callable]]:
    """Build a target, and find the functions, by name, whose moments it asks for.

    Raises BadInput for an unknown target and for one that is broken.
    """
    builders = registry.targets(plugins)
    with stored.requested_statistics() as functions:
        target = registry.build(name, registry.choose_targets((name,), builders)[name])
    return target, functions or DEFAULT_FUNCTIONS


def other_truth(target: Target, plugins: tuple[str, ...]) -> Truth | None:
    """What is known of log Z from another source than the command that makes the target's reference."""
    command = _command(target.name, plugins)
    if target.log_z is None or target.log_z.recipe.startswith(f"{command}:"):
        return None
    return target.log_z


def _command(name: str, plugins: tuple[str, ...]) -> str:
    """The command that makes a reference, with the names of plug-ins and not their folders."""
    options = [part for plugin in plugins for part in ("--plugin", Path(plugin).name)]
    return shlex.join(["bridgemark", "reference", name, *options])


def _run_agreeing_chains(
    target: Target, functions: Mapping[str, Callable], wanted: Effort, say: Say
) -> ChainMoments:
    """Run the samplers of chains one after the other, until chains agree about every function.

    Raises BadInput where the chains of all of them disagree.
    """
    disagreements: list[str] = []
    for method, (sampler, total) in wanted.chain_samplers().items():
        x = run_chains(target.density, sampler, total)
        values = {key: evaluate(function, x) for key, function in functions.items()}
        largest = {key: float(np.max(r_hat(value))) for key, value in values.items()}
        say(f"{target.name}: {x.shape[0]} x {x.shape[1]} draws of {method}, R-hat {largest}")
        if max(largest.values()) <= MAX_R_HAT:
            description = {
                "method": method,
                "chains": x.shape[0],
                "draws": x.shape[1],
                "r_hat_max": largest,
                "settings": repr(sampler),
            }
            return ChainMoments(x, values, description)
        worst = max(largest, key=lambda key: largest[key])
        disagreements.append(f"{largest[worst]:.3g} for {worst} by {method}")
    raise BadInput(
        f"the chains on {target.name} have not converged, so nothing was stored: R-hat is "
        f"{' and '.join(disagreements)}, and must be at most {MAX_R_HAT}. Give the target a base that covers "
        "it more closely or coordinates of like scales; where it has modes that no chain leaves, ask for the "
        "moments of functions that are alike in all of them"
    )


def _moments(values: Float[np.ndarray, "chains length k"]) -> dict[str, list[float]]:
    """Mean and standard deviation of every coordinate, and the standard error of the mean, as stored."""
    mean, sd = values.mean(axis=(0, 1)), values.std(axis=(0, 1))
    error = sd / np.sqrt(ess_bulk(values))
    return {"mean": _rounded(mean), "sd": _rounded(sd), "standard_error": _rounded(error)}


def _rounded(values: Float[np.ndarray, " k"]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
