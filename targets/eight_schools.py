"""Eight schools, not centred: a mild funnel between the standard deviation of the effects and the effects.

Rubin (1981), Journal of Educational Statistics 6, with the priors and coordinates usual in Stan.
"""

from functools import partial

import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_moments

SCALE = 5.0  # of the normal prior of the mean effect, and of the half-Cauchy prior of the effects' sd


def eight_schools(name: str) -> Target:
    """A point holds the mean effect, the log sd of the effects, and each school's standardised effect."""
    effect, error = load("eight_schools.csv").T
    # log of a half-Cauchy variable has mean log SCALE and variance (pi / 2)^2.
    loc, scale = np.zeros(2 + len(effect)), np.ones(2 + len(effect))
    loc[1], scale[:2] = np.log(SCALE), (SCALE, np.pi / 2)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        mean, log_sd, standardised = x[0], x[1], x[2:]
        effects = mean + jnp.exp(log_sd) * standardised
        likelihood = norm.logpdf(effect.astype(x.dtype), effects, error.astype(x.dtype))
        # Half-Cauchy times the Jacobian is 2 t / (pi (1 + t^2)) in t = sd / SCALE: the same at t and 1/t.
        log_t = log_sd - np.log(SCALE)
        sd_prior = np.log(2 / np.pi) - jnp.logaddexp(log_t, -log_t)
        return (
            norm.logpdf(mean, 0.0, SCALE)
            + sd_prior
            + jnp.sum(norm.logpdf(standardised))
            + jnp.sum(likelihood)
        )

    return Target(
        name=name,
        version=1,
        density=Density(dim=len(loc), log_prob=log_prob, base=gaussian_base(loc, scale)),
        about=About(
            source="Rubin (1981), Journal of Educational Statistics 6, 377-401, table 1",
            definition="y_j ~ N(mu + tau eta_j, s_j^2); eta_j ~ N(0, 1); mu ~ N(0, 5^2); tau ~ "
            "half-Cauchy(5); x = (mu, log tau, eta), Jacobian included; base = prior, but log tau Gaussian "
            "of the prior's mean and sd",
            aliases=(
                Alias("eight_schools_noncentered", "posteriordb: constants dropped, other order", False),
                Alias("eight_schools", "inference_gym: centred, mu ~ N(0, 10^2), log tau ~ N(5, 1)", False),
            ),
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


TARGETS = {"eight-schools-10": partial(eight_schools, "eight-schools-10")}
