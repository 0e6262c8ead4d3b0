"""Made-up rows: five samplers on three real targets, one timeout and one failure among them."""

import hashlib
from dataclasses import replace
from itertools import product
from pathlib import Path

import jax
import numpy as np

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store

SAMPLERS = ("hmc", "nuts", "smc", "dds", "bridge")
TARGETS = ("gmm9", "gmm40-2", "funnel-10")


def row(sampler: str = "smc", target: str = "gmm9", seed: int = 0, **changes) -> Row:
    """One ok row; chains have no log Z and particles no R-hat."""
    noise = np.random.default_rng([SAMPLERS.index(sampler), len(target), seed])
    chain, scale = sampler in ("hmc", "nuts"), 10.0 ** noise.uniform(-3, 0)
    error = None if chain else float(noise.normal() * scale)
    known = Row(
        identity=_identity(sampler, target, seed),
        sampler=sampler,
        config=f"{sampler.upper()}(steps=128, scale=1.0)",
        source="5ca1ab1e",
        target=target,
        target_version=1,
        fingerprint=f"{len(target):02d}c0ffee",
        dim=10 if target.startswith("funnel") else 2,
        seed=seed,
        draws=10_000,
        status="ok",
        compile_seconds=float(noise.uniform(1, 6)),
        fit_seconds=float(10 ** noise.uniform(-1, 1)),
        sample_seconds=float(10 ** noise.uniform(-1, 1)),
        fit_evals=Cost(values=5, gradients=int(10 ** noise.uniform(4, 7)), simulations=0),
        sample_evals=Cost(values=7, gradients=int(10 ** noise.uniform(4, 6)), simulations=0),
        metrics={
            "log_z": error,
            "log_z_error": error,
            "elbo": None,
            "elbo_gap": None,
            "importance_ess_fraction": None,
            "ess_bulk_min": 812.5 if chain else None,
            "r_hat_max": 1.0123 if chain else None,
            "sliced_w2": 0.1 + scale,
            "bias2_x_max": scale**2,
            "bias2_x2_max": 3 * scale**2,
        },
        floors={"sliced_w2": 0.09, "bias2_x_max": 2e-4, "bias2_x2_max": 2e-4},
        errors={"log_z": 0.01, "log_z_truth": 0.002},
        device="cpu",
        versions={"jax": "0.10.2", "python": "3.11"},
        started=f"2030-01-{seed + 1:02d}T00:00:00+00:00",
    )
    return replace(known, **changes)


def _identity(*determinants: str | int) -> str:
    return hashlib.sha256(repr(determinants).encode()).hexdigest()[:20]


def with_metric(value: float | None, seed: int, name: str = "log_z_error") -> Row:
    """One ok row of `smc` with this value of a metric."""
    stored = row(seed=seed)
    return replace(stored, metrics={**stored.metrics, name: value})


def repeated(seed: int, *values: float, name: str = "log_z_error") -> Row:
    """One ok row of `smc` with these values of a metric over its sets of draws."""
    return replace(with_metric(values[0], seed, name), repeats={name: list(values)})


def failed(status: str = "timeout", **changes) -> Row:
    """A row without results, as the runner writes it."""
    blank = dict.fromkeys(("compile_seconds", "fit_seconds", "sample_seconds", "fit_evals", "sample_evals"))
    return row(
        **changes,
        status=status,
        reason=f"{status}: a < b | c",
        metrics={},
        floors={},
        errors={},
        device=None,
        **blank,
    )


def rows() -> list[Row]:
    """The grid of three seeds; bridge times out once on gmm9 and fails whole on the funnel."""
    grid = [row(s, t, seed) for s in SAMPLERS for t in TARGETS for seed in range(3)]
    lost = {("bridge", "gmm9", 2): "timeout"} | {("bridge", "funnel-10", seed): "failed" for seed in range(3)}
    return [
        failed(lost[key], sampler=r.sampler, target=r.target, seed=r.seed)
        if (key := (r.sampler, r.target, r.seed)) in lost
        else r
        for r in grid
    ]


def spending(seeds: int = 5, budgets: tuple[float, ...] = (1e4, 1e5, 1e6, 1e7)) -> list[Row]:
    """The grid at budgets of gradients and of seconds: errors fall with the root of what is spent.

    hmc misses its budgets by a third, nuts spends no more than 3e5, bridge times out on the funnel at the
    largest and fails a seed at the smallest on gmm9.
    """
    made = []
    for s, t, seed, b in product(SAMPLERS, TARGETS, range(seeds), budgets):
        made += [_spent(s, t, seed, b, "gradients"), _spent(s, t, seed, b / 1e5, "seconds")]
    return made


def _spent(sampler: str, target: str, seed: int, budget: float, unit: str) -> Row:
    whole = {"gradients": 1.0, "seconds": 1e5}[unit]
    noise = np.random.default_rng([SAMPLERS.index(sampler), len(target), seed, int(budget * whole)])
    share = {"hmc": 2 / 3, "nuts": min(1.0, 3e5 / (budget * whole))}.get(sampler, 1.0)
    share *= noise.uniform(0.9, 1.0)
    chain = sampler in ("hmc", "nuts")
    scale = (
        (10 + 20 * SAMPLERS.index(sampler)) * np.exp(0.5 * noise.normal()) / np.sqrt(budget * whole * share)
    )
    known = {"budget": budget, "budget_unit": unit, "met_by": "more draws"}
    known |= {"identity": _identity(sampler, target, seed, unit, f"{budget:g}")}
    lost = {("bridge", "funnel-10", 1e7), ("bridge", "funnel-10", 1e2)}
    if (sampler, target, budget) in lost or (sampler, target, seed, budget) == ("bridge", "gmm9", 1, 1e4):
        return failed("timeout", sampler=sampler, target=target, seed=seed, **known)
    if sampler == "nuts" and share < 0.9:
        known |= {"note": "its chains end at 3e5"}
    return row(
        sampler,
        target,
        seed,
        fit_seconds=0.25 * budget * share,
        sample_seconds=0.75 * budget * share,
        fit_evals=Cost(values=0, gradients=int(budget * share) // 4, simulations=0),
        sample_evals=Cost(values=0, gradients=int(budget * share) * 3 // 4, simulations=0),
        metrics={
            "log_z_error": None if chain else float(noise.choice([-1, 1]) * scale),
            "elbo_gap": float(scale) if sampler in ("dds", "bridge") else None,
            "bias2_x_max": float(scale**2),
            "sliced_w2": None if target == "gmm9" else float(0.1 + scale),
            "mode_tv": None if target.startswith("funnel") else float(0.02 + scale),
        },
        floors={"sliced_w2": 0.09, "bias2_x_max": 2e-4, "mode_tv": 0.015},
        **known,
    )


def spent_row(
    budget: float,
    value: float | None,
    seed: int = 0,
    sampler: str = "smc",
    unit: str = "gradients",
    metric: str = "bias2_x_max",
    cost: float | None = None,
    **changes,
) -> Row:
    """An ok row with a budget and this value of a metric, that spent its budget or else `cost`."""
    spent = budget if cost is None else cost
    return row(
        sampler,
        seed=seed,
        budget=budget,
        budget_unit=unit,
        metrics={metric: value},
        fit_seconds=0.5 * spent,
        sample_seconds=0.5 * spent,
        fit_evals=Cost(values=3 * int(spent // 4), gradients=int(spent // 4), simulations=0),
        sample_evals=Cost(values=0, gradients=int(spent // 2), simulations=0),
        **changes,
    )


def fill(store: Store, made: list[Row]) -> Store:
    """Store the rows, with noisy exact draws beside the ok ones; draws of particles have weights."""
    builders = registry.targets()
    targets = {name: builders[name]() for name in {stored.target for stored in made}}
    for stored in made:
        sample = targets[stored.target].sample
        assert sample is not None
        noise = np.random.default_rng(stored.seed)
        x = np.asarray(sample(jax.random.key(stored.seed), 2_000))
        weights = {} if stored.metrics.get("r_hat_max") else {"log_weights": noise.normal(size=len(x))}
        arrays = {"x": x + 0.1 * noise.normal(size=x.shape), **weights}
        store.write(stored, arrays if stored.status == "ok" else {})
    return store


def filled(folder: Path) -> Store:
    """The whole grid in a new store."""
    return fill(Store(folder), rows())
