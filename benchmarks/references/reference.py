"""Truths that no closed form gives: log Z in two ways or more, moments by long chains.

What is measured are the functions that the target itself asks for. Chains need agree about these alone, so
that it does not matter which of several symmetric copies each is in. Where chains of NUTS disagree those of
parallel tempering are taken. Where estimates of log Z disagree the
reference is stored as such, and no truth is read from it.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.references.estimators import LARGEST_R_HAT, Effort
from bridgemark.benchmarks.references.log_z import Say, estimates, reconcile
from bridgemark.benchmarks.registry import choose_targets
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.scores.diagnostics import ess_bulk, r_hat
from bridgemark.samplers.base import Sampler
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.smc import SMC
from bridgemark.targets import stored
from bridgemark.targets.base import Target

FOLDER = Path(__file__).parents[2] / "targets" / "references"
USUAL: dict[str, Callable] = {"x": lambda x: x, "x2": jnp.square}  # of a target that asks for nothing
DIGITS = 7
BATCH = 1_000


def effort(dim: int) -> Effort:
    """Long enough for the standard errors that the tables need, by size: a draw of a large target is dear."""
    smc = SMC(runs=8, fit_particles=500, ess_fraction=0.85, leapfrog_steps=20)
    if dim <= 100:
        return Effort(0.02, 2, 500, smc, 24_000, NUTS(chains=8, acceptance=0.9))
    if dim <= 300:
        return Effort(0.03, 2, 500, replace(smc, transitions=8), 24_000, NUTS(chains=8, acceptance=0.9))
    smc = SMC(runs=4, fit_particles=256, ess_fraction=0.85, transitions=2)
    return Effort(0.03, 2, 256, smc, 24_000 if dim <= 600 else 8_000, NUTS(chains=8, warm_up=1_000))


def make(name: str, folder: Path = FOLDER, say: Say = print, plugins: tuple[str, ...] = ()) -> Path:
    """Compute and store the truths of one target; returns the file written.

    Raises BadInput for an unknown target, for one whose truth has another source, for a folder that
    cannot be written, or where the chains disagree (R-hat above 1.01) or no method estimates log Z: a
    reference that has not converged is not written.
    """
    builders = registry.targets(plugins)
    with stored.asked() as functions:
        target = registry.build(name, choose_targets((name,), builders)[name])
    command = f"bridgemark reference {name}"
    if target.log_z is not None and not target.log_z.recipe.startswith(f"{command}:"):
        raise BadInput(f"the truth of {name} is not made here; it comes from: {target.log_z.recipe}")
    if not os.access(folder, os.W_OK):
        raise BadInput(f"{folder} cannot be written: make references in a checkout of the repository")
    plan = effort(target.density.dim)
    identity = fingerprint(target)
    x, values, chains = _chains(target, functions or USUAL, plan, say)
    methods = estimates(target, plan, x, say)
    log_z, agree = reconcile(methods)
    record = {
        "target": name,
        "fingerprint": identity,
        "command": command,
        "agree": agree,
        "log_z": log_z | {"recipe": f"{command}: {log_z['recipe']}", "methods": methods},
        "chains": chains,
        "precision": str(jax.numpy.zeros(()).dtype),
        "versions": environment.versions(),
        "date": datetime.now(UTC).date().isoformat(),
        "statistics": {key: _summary(each) for key, each in values.items()},
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path


def _chains(
    target: Target, functions: Mapping[str, Callable], plan: Effort, say: Say
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, Any]]:
    """Draws (chains, length, dim), the functions of them and what is known of both.

    Raises BadInput where the chains of every method disagree about a function.
    """
    agreement: dict[str, float] = {}
    for method, (sampler, total) in plan.chains().items():
        x = _draws(target, sampler, total)
        values = {key: _each(fn, x) for key, fn in functions.items()}
        agreement = {key: float(np.max(r_hat(each))) for key, each in values.items()}
        say(f"{target.name}: {x.shape[0]} x {x.shape[1]} draws of {method}, R-hat {agreement}")
        if max(agreement.values()) <= LARGEST_R_HAT:
            made = {"method": method, "chains": x.shape[0], "draws": x.shape[1], "r_hat_max": agreement}
            return x, values, made | {"settings": repr(sampler)}
    raise BadInput(f"the chains on {target.name} disagree (R-hat {agreement}): give them more draws")


def _draws(target: Target, sampler: Sampler, total: int) -> np.ndarray:
    key_fit, key_draw = jax.random.split(jax.random.key(0))
    state = jax.jit(lambda key: sampler.fit(key, target.density).state)(key_fit)
    draw = jax.jit(lambda key, state: sampler.sample(key, target.density, state, total)[1].x)
    return np.asarray(draw(key_draw, state), float)


def _each(fn: Callable, x: np.ndarray) -> np.ndarray:
    """A function (dim,) -> (k,) of every draw, (chains, length, k), in double precision."""
    with jax.enable_x64(True):
        every = jax.jit(lambda points: jax.lax.map(fn, points, batch_size=BATCH))
        return np.asarray(every(x.reshape(-1, x.shape[2]))).reshape(*x.shape[:2], -1)


def _summary(values: np.ndarray) -> dict[str, list[float]]:
    """Mean, standard deviation and the standard error of the mean, per coordinate of (chains, n, k)."""
    mean, sd = values.mean(axis=(0, 1)), values.std(axis=(0, 1))
    error = sd / np.sqrt(ess_bulk(values))
    return {"mean": _digits(mean), "sd": _digits(sd), "standard_error": _digits(error)}


def _digits(values: Array | np.ndarray) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
