"""Truths that no closed form gives: log Z by SMC and by a bridge, moments by long NUTS chains.

The two ways to log Z share nothing but the density: tempered SMC starts from the base, and the bridge
rests on the chains. Where they disagree the reference is stored as such, and no truth is read from it.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array
from scipy.special import logsumexp

from benchmarks import registry
from benchmarks.errors import BadInput
from benchmarks.rows import environment
from benchmarks.rows.fingerprint import fingerprint
from benchmarks.scores.diagnostics import ess_bulk, r_hat
from benchmarks.truths import bridging
from benchmarks.truths.refusals import choose_targets
from samplers.nuts import NUTS
from samplers.smc import SMC
from targets.base import Target

FOLDER = Path(__file__).parents[2] / "targets" / "references"
LARGEST_R_HAT = 1.01
LARGEST_GAP = 3.0  # between two estimates of log Z that agree, in combined standard errors
LARGEST_ERROR = 0.25  # combined, in nats: an estimate that could be anything agrees with everything
DIGITS = 7

Say = Callable[[str], None]


class Effort(NamedTuple):
    """How long to run: SMC ladders (each adapted anew) of several runs each, and NUTS draws in all."""

    ladders: int
    particles: int
    smc: SMC
    draws: int
    nuts: NUTS


def effort(dim: int) -> Effort:
    """Long enough for the standard errors that the tables need; larger targets cost more a particle."""
    if dim <= 200:
        smc = SMC(runs=8, fit_particles=500, ess_fraction=0.85, leapfrog_steps=20)
        return Effort(2, 500, smc, 24_000, NUTS(chains=8, acceptance=0.9))
    smc = SMC(runs=8, fit_particles=256, ess_fraction=0.85, transitions=2)
    return Effort(4, 256, smc, 8_000, NUTS(chains=8, warm_up=1_000))


def make(name: str, folder: Path = FOLDER, say: Say = print, plugins: tuple[str, ...] = ()) -> Path:
    """Compute and store the truths of one target; returns the file written.

    Raises BadInput for an unknown target, for one whose truth has another source, for a folder that
    cannot be written, or where the chains disagree (R-hat above 1.01): a reference that has not
    converged is not written.
    """
    builders = registry.targets(plugins)
    target = registry.build(name, choose_targets((name,), builders)[name])
    command = f"bridgemark reference {name}"
    if target.log_z is not None and not target.log_z.recipe.startswith(f"{command}:"):
        raise BadInput(f"the truth of {name} is not made here; it comes from: {target.log_z.recipe}")
    if not os.access(folder, os.W_OK):
        raise BadInput(f"{folder} cannot be written: make references in a checkout of the repository")
    plan = effort(target.dim)
    identity = fingerprint(target)
    methods = {"smc": _by_smc(target, plan, say)}
    x, chains = _chains(target, plan, say)
    methods["bridge"] = _by_bridge(target, x, say)
    log_z, agree = reconcile(methods)
    record = {
        "target": name,
        "fingerprint": identity,
        "command": command,
        "agree": agree,
        "log_z": log_z | {"recipe": f"{command}: {log_z['recipe']}", "methods": methods},
        "chains": chains,
        "settings": {"log_z": repr(plan.smc), "moments": repr(plan.nuts), "ladders": plan.ladders},
        "precision": str(jax.numpy.zeros(()).dtype),
        "versions": environment.versions(),
        "date": datetime.now(UTC).date().isoformat(),
        "statistics": {"x": _summary(x), "x2": _summary(x**2)},
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path


def _by_smc(target: Target, plan: Effort, say: Say) -> dict[str, Any]:
    fit = jax.jit(lambda key: plan.smc.fit(key, target).state)
    total = plan.particles * plan.smc.runs
    draw = jax.jit(lambda key, state: plan.smc.sample(key, target, state, total)[1].log_z)
    estimates = []
    for seed in range(plan.ladders):
        key_fit, key_draw = jax.random.split(jax.random.key(seed))
        estimates += np.asarray(draw(key_draw, fit(key_fit)), float).tolist()
        so_far = logsumexp(estimates) - np.log(len(estimates))
        say(f"{target.name}: {len(estimates)} SMC runs, log Z {so_far:.3f}")
    value = logsumexp(estimates) - np.log(len(estimates))
    ratios = np.exp(np.array(estimates) - value)  # Z-hat / Z, with mean one
    error = np.std(ratios, ddof=1) / np.sqrt(len(ratios))
    recipe = f"{len(ratios)} SMC runs of {plan.particles} particles"
    return _estimate(value, error, recipe) | {"runs": [round(estimate, 4) for estimate in estimates]}


def _by_bridge(target: Target, x: np.ndarray, say: Say) -> dict[str, Any]:
    try:
        found = bridging.log_z(jax.random.key(1), target.log_prob, x)
    except ValueError as error:
        say(f"{target.name}: {error}")
        return {"refused": str(error)}
    say(f"{target.name}: by bridge, log Z {found.value:.4f} +- {found.standard_error:.4f}")
    recipe = f"bridge sampling, {x.shape[0]} x {x.shape[1]} NUTS draws"
    return _estimate(found.value, found.standard_error, recipe)


def _estimate(value: float, error: float, recipe: str) -> dict[str, Any]:
    return {"value": round(float(value), 4), "standard_error": round(float(error), 4), "recipe": recipe}


def reconcile(methods: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], bool | None]:
    """The estimate with the smaller standard error, and whether the two agree: None where one is refused."""
    made = [method for method in methods.values() if "refused" not in method]
    best = min(made, key=lambda method: method["standard_error"])
    best = {key: best[key] for key in ("value", "standard_error", "recipe")}
    if len(made) == 1:
        return best, None
    (one, error), (other, other_error) = ((m["value"], m["standard_error"]) for m in made)
    combined = float(np.hypot(error, other_error))
    return best, combined <= LARGEST_ERROR and abs(one - other) <= LARGEST_GAP * combined


def _chains(target: Target, plan: Effort, say: Say) -> tuple[np.ndarray, dict[str, Any]]:
    """NUTS draws (chains, length, dim) and what is known of them. Raises BadInput where chains disagree."""
    key_fit, key_draw = jax.random.split(jax.random.key(0))
    state = jax.jit(lambda key: plan.nuts.fit(key, target).state)(key_fit)
    draws = jax.jit(lambda key, state: plan.nuts.sample(key, target, state, plan.draws)[1])(key_draw, state)
    x = np.asarray(draws.x, float)
    agreement = {name: float(np.max(r_hat(values))) for name, values in (("x", x), ("x2", x**2))}
    divergences = int(np.sum(draws.info["divergences"]))
    say(
        f"{target.name}: {x.shape[0]} x {x.shape[1]} NUTS draws, R-hat {agreement}, {divergences} divergences"
    )
    if not max(agreement.values()) <= LARGEST_R_HAT:
        raise BadInput(f"the chains on {target.name} disagree (R-hat {agreement}): give them more draws")
    chains = {"method": "NUTS", "chains": x.shape[0], "draws": x.shape[1], "divergences": divergences}
    return x, chains | {"r_hat_max": agreement}


def _summary(values: np.ndarray) -> dict[str, list[float]]:
    """Mean, standard deviation and the standard error of the mean, per coordinate of (chains, n, k)."""
    mean, sd = values.mean(axis=(0, 1)), values.std(axis=(0, 1))
    error = sd / np.sqrt(ess_bulk(values))
    return {"mean": _digits(mean), "sd": _digits(sd), "standard_error": _digits(error)}


def _digits(values: Array | np.ndarray) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
