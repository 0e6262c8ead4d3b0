"""Seeds: logistic regression with a random effect for each plate, whose precision is unknown.

Crowder (1978), Applied Statistics 27, table 3; as a hierarchical model in the BUGS examples, volume 1.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float
from scipy.special import gammaln

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_moments

SHAPE = RATE = 0.01  # of the Gamma prior of the precision
EFFECTS, PRIOR_SD = 4, 10.0


def seeds(name: str) -> Target:
    """A point holds four weights, the random effects of 21 plates, and the log of their precision.

    The weights are those of the intercept, the seed type, the product of type and extract, and the root
    extract.
    """
    germinated, planted, kind, extract = load("seeds.csv").T
    design = np.column_stack([np.ones(len(kind)), kind, kind * extract, extract])
    dim = EFFECTS + len(kind) + 1
    choices = gammaln(planted + 1) - gammaln(germinated + 1) - gammaln(planted - germinated + 1)
    constant = np.sum(choices) + SHAPE * np.log(RATE) - gammaln(SHAPE)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        weights, plates, log_precision = x[:EFFECTS], x[EFFECTS:-1], x[-1]
        log_odds = design.astype(x.dtype) @ weights + plates
        successes = jnp.dot(germinated.astype(x.dtype), log_odds)
        likelihood = successes - jnp.dot(planted.astype(x.dtype), jax.nn.softplus(log_odds))
        # The Jacobian of the logarithm turns the exponent SHAPE - 1 into SHAPE.
        precision = SHAPE * log_precision - RATE * jnp.exp(log_precision)
        effects = norm.logpdf(plates, 0.0, jnp.exp(-0.5 * log_precision))
        return (
            constant
            + likelihood
            + precision
            + jnp.sum(effects)
            + jnp.sum(norm.logpdf(weights, 0.0, PRIOR_SD))
        )

    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(np.zeros(dim), np.ones(dim))),
        about=About(
            source="Crowder (1978), Applied Statistics 27, 34-37; BUGS examples, volume 1",
            definition="r_i ~ Binomial(n_i, sigmoid(a0 + a1 type + a12 type extract + a2 extract + b_i)), "
            "with its coefficient; a ~ N(0, 10^2); b_i ~ N(0, 1/tau); tau ~ Gamma(0.01, rate 0.01); x = "
            "(a0, a1, a12, a2, b, log tau), Jacobian included; base N(0, I), the prior being far too wide",
            aliases=(Alias("seeds", "Beyond ELBOs, CMCD, SCLD, UnderdampedDiffusionBridges", True),),
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


TARGETS = {"seeds-26": partial(seeds, "seeds-26")}
