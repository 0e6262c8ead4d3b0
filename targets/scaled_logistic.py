"""Bayesian logistic regression on features that are scaled but not centred: strongly correlated weights."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_moments


def scaled_logistic(
    name: str, filename: str, prior_sd: float, source: str, aliases: tuple[Alias, ...]
) -> Target:
    """The weights of the log odds of label 0, first the intercept and then one per feature.

    The prior is N(0, prior_sd^2 I).
    """
    table = load(filename)
    features, y = table[:, :-1] / table[:, :-1].std(axis=0), table[:, -1]
    # Rows times their label's sign, so that every observation contributes log sigmoid(row . weights).
    signed = np.where(y == 0, 1.0, -1.0)[:, None] * np.column_stack([np.ones(len(y)), features])
    dim = signed.shape[1]
    prior = gaussian_base(np.zeros(dim), np.full(dim, prior_sd))

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
            definition=f"weights ~ N(0, {prior_sd:g}^2 I), intercept (first) included; P(y = 0) = sigmoid(w "
            ". features); features divided by their sd (divisor n), not centred; base = prior",
            aliases=aliases,
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


CREDIT = "Hofmann (1994), Statlog German credit data, numeric coding; y = 0 is good credit"
CANCER = "Street, Wolberg & Mangasarian (1993), Wisconsin diagnostic breast cancer; y = 0 is benign"
WITHOUT_PRIOR = "no prior, so log Z is higher by about 80.6 and the moments are nearly equal"
CREDIT_ALIASES = (
    Alias("credit", "UnderdampedDiffusionBridges", True),
    Alias("credit", f"Beyond ELBOs, SCLD: {WITHOUT_PRIOR}", False),
    Alias("german_credit_numeric_logistic_regression", "inference_gym: features centred, N(0, 1)", False),
)
CENTRED = (Alias("german_credit_numeric_logistic_regression", "inference_gym: features centred", False),)
CANCER_ALIASES = (
    Alias("cancer", "UnderdampedDiffusionBridges, up to the sign of the weights", True),
    Alias("cancer", "Beyond ELBOs, SCLD: no prior, improper; here refused as cancer-31-flat", False),
)

TARGETS = {
    name: partial(scaled_logistic, name, filename, prior_sd, source, aliases)
    for name, filename, prior_sd, source, aliases in (
        ("credit-25-n10", "german_credit.csv", 10.0, CREDIT, CREDIT_ALIASES),
        ("credit-25-n1", "german_credit.csv", 1.0, CREDIT, CENTRED),
        ("cancer-31-n10", "breast_cancer.csv", 10.0, CANCER, CANCER_ALIASES),
    )
}
