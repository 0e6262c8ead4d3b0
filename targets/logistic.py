"""Bayesian logistic regression on real data: small, unimodal, correlated."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_moments


def logistic(name: str, filename: str, source: str, aliases: tuple[Alias, ...]) -> Target:
    """The weights of a logistic regression, first the intercept and then one per feature; prior N(0, I)."""
    table = load(filename)
    features, y = standardise(table[:, :-1]), table[:, -1]
    # Rows times their label's sign, so that every observation contributes log sigmoid(row . weights).
    signed = np.where(y == 1, 1.0, -1.0)[:, None] * np.column_stack([np.ones(len(y)), features])
    dim = signed.shape[1]
    prior = gaussian_base(np.zeros(dim), np.ones(dim))

    def log_likelihood(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return jnp.sum(jax.nn.log_sigmoid(signed.astype(x.dtype) @ x))

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return prior.log_prob(x) + log_likelihood(x)

    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=prior, log_likelihood=log_likelihood),
        about=About(
            source=source,
            definition="weights ~ N(0, I), intercept (first) included; y ~ Bernoulli(sigmoid(w . features)); "
            "features standardised to mean 0 and sd 1 (divisor n), a constant one set to 0; base = prior",
            aliases=aliases,
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


def standardise(columns: np.ndarray) -> np.ndarray:
    """Shift and scale columns (n, k) to mean 0 and sd 1 (with divisor n); a constant column becomes zeros."""
    constant = np.all(columns == columns[0], axis=0)
    centred = np.where(constant, 0.0, columns - columns.mean(axis=0))
    return centred / np.where(constant, 1.0, columns.std(axis=0))


IONOSPHERE = (
    Alias("ion", "DDS", True),
    Alias("ionosphere", "PDDS, CMCD, Beyond ELBOs", True),
    Alias("ionosphere-slips", "slips: training split, wider intercept, clipped probabilities", False),
)
SONAR = (
    Alias("sonar", "DDS, PDDS, CMCD, Beyond ELBOs", True),
    Alias("sonar-slips", "slips: training split, wider intercept, clipped probabilities", False),
)

TARGETS = {
    "ionosphere-35": partial(
        logistic, "ionosphere-35", "ionosphere.csv", "Sigillito et al. (1989), radar returns", IONOSPHERE
    ),
    "sonar-61": partial(logistic, "sonar-61", "sonar.csv", "Gorman & Sejnowski (1988), sonar returns", SONAR),
}
