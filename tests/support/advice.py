"""An advice on a standard normal in two dimensions, made without any sampler."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from bridgemark.benchmarks.advise.advice import Advice, advice_on
from bridgemark.benchmarks.advise.named_draws import NamedDraws
from bridgemark.benchmarks.advise.race import Race

from support.family_draws import four_families, pilot, unit_mode

LOG_Z = float(np.log(2 * np.pi))


def log_normal(x):
    return -0.5 * jnp.sum(x**2)


def named(draws) -> NamedDraws:
    """Draws as a scale, a vector of two, and a matrix with a constant."""
    values = {
        "scale": np.exp(draws.x[..., 0]),
        "effects": draws.x,
        "correlation": np.stack([np.ones_like(draws.x), np.tanh(draws.x)], axis=-1),
    }
    return NamedDraws(values, draws.log_weights, step=1)


def made_race(origin="the Density mine in a.py", divergences=0, failed=()) -> Race:
    """A race of four families on N(0, I); those of `failed` returned nothing."""
    families = four_families(log_normal, lambda rng, n: rng.standard_normal((n, 2)), LOG_Z)
    families["nuts"] = families["nuts"]._replace(divergences=divergences)
    returned = {name: family for name, family in families.items() if name not in failed}
    return Race(
        origin=origin,
        evidence="Z is the evidence",
        pilot=pilot(unit_mode(np.zeros(2))),
        families=returned,
        named={name: named(family.draws) for name, family in returned.items()},
        failed=dict.fromkeys(failed, "it crashed"),
        seconds=dict.fromkeys(families, 9.0),
    )


def made_advice(model="a.py", **settings) -> Advice:
    """What is known at the end of such a race."""
    return advice_on(Path(model), made_race(**settings), Path())


def with_names(advice: Advice, names) -> Advice:
    """The same advice about parameters of these names."""
    renamed = {
        family: entries._replace(labels=tuple(names), parameters=tuple(names))
        for family, entries in advice.entries.items()
    }
    descriptions = [item._replace(label=name) for item, name in zip(advice.descriptions, names, strict=True)]
    comparisons = [item._replace(label=names[0]) for item in advice.comparisons]
    return advice._replace(entries=renamed, descriptions=descriptions, comparisons=comparisons)
