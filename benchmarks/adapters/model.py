"""What every adapter returns: a density on R^dim, and the named parameters behind its points."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.benchmarks.adapters.double_precision import double_precision
from bridgemark.benchmarks.adapters.layout import Parameters
from bridgemark.benchmarks.adapters.start import require_usable
from bridgemark.benchmarks.errors import BadInput
from bridgemark.targets.base import About, Base, Density, LogProb, Target, gaussian_base

Constrain: TypeAlias = Callable[[np.ndarray], dict[str, np.ndarray]]

EVIDENCE = "Z is the evidence, because the prior and the likelihood are normalised distributions"
EVIDENCE_IF_LIKELIHOOD = "Z is the evidence where the likelihood is normalised; the prior is"
UNKNOWN_CONSTANT = "Z is the evidence only where log_prob has every constant of the prior and the likelihood"


def evidence_beside(kind: str, names: Sequence[str]) -> str:
    """What is known of Z where prior and likelihood are normalised, and terms of a kind stand beside them."""
    if not names:
        return EVIDENCE
    return f"Z is the evidence where the {kind} {', '.join(names)} are normalised; the rest is"


@dataclass(frozen=True)
class Model:
    """A density on R^dim that was written elsewhere, and the named parameters behind its points.

    Attributes:
        density: what samplers are given.
        origin: what the model was made of, in words.
        evidence: what the normalising constant Z of the density is, in words.
        constrain: maps points (n, dim) to the parameters' values (n, ...) by name.
    """

    density: Density
    origin: str
    evidence: str
    constrain: Constrain

    def target(self, name: str) -> Target:
        """The density as a target of this name, of which no truth is known.

        A plug-in file registers a function that returns it: `TARGETS = {"mine": mine}`.
        """
        return Target(name, 1, self.density, About(source=self.origin, definition=self.evidence))

    def parameters(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """The named parameters at points (..., dim), such as draws; leading axes stay.

        Raises BadInput for points of another dimension.
        """
        x = np.asarray(x)
        if x.shape[-1:] != (self.density.dim,):
            raise BadInput(f"{self.origin}: points have shape {x.shape}, but must end in {self.density.dim}")
        values = self.constrain(x.reshape(-1, self.density.dim))
        return {name: array.reshape(*x.shape[:-1], *array.shape[1:]) for name, array in values.items()}


def constrain_points(constrain: Callable[[Float[Array, " dim"]], Mapping[str, Array]]) -> Constrain:
    """Make of a JAX function of one point a function of many, in double precision."""

    def constrain_all(points: np.ndarray) -> dict[str, np.ndarray]:
        with double_precision():
            values = jax.jit(jax.vmap(constrain))(jnp.asarray(points))
            return {name: np.asarray(array) for name, array in values.items()}

    return constrain_all


def named_model(
    origin: str, named: Parameters, log_density: LogProb, base: Base | None, prior: Base | None
) -> Model:
    """The model of a log-density of the unconstrained coordinates of named parameters; see `density_from`."""
    return Model(
        density_from(origin, named.unconstrained.size, log_density, base, prior),
        origin,
        evidence=EVIDENCE_IF_LIKELIHOOD if prior is not None else UNKNOWN_CONSTANT,
        constrain=constrain_points(lambda x: named.constrain(x)[0]),
    )


def density_from(origin: str, dim: int, log_prob: LogProb, base: Base | None, prior: Base | None) -> Density:
    """A density whose base is the prior, where there is one, and else `base` or N(0, I).

    Where there is a prior, `log_prob` is the log-likelihood. Raises BadInput for a prior beside a base, one
    of another dimension, and a density that no sampler can start on; see `require_usable`.
    """
    if prior is not None and base is not None:
        raise BadInput(f"{origin}: give a prior or a base, not both: a prior is the base")
    start = prior or base or gaussian_base(np.zeros(dim), np.ones(dim))
    if start.loc is not None and start.loc.shape != (dim,):
        raise BadInput(f"{origin}: the base has dimension {start.loc.size}, but the model has {dim}")
    density = posterior(dim, start, log_prob) if prior else Density(dim, log_prob, start)
    require_usable(origin, density)
    return density


def posterior(dim: int, prior: Base, log_likelihood: LogProb) -> Density:
    """The density whose base is the prior."""

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return prior.log_prob(x) + log_likelihood(x)

    return Density(dim, log_prob, prior, log_likelihood)
