"""Stochastic volatility: a hundred daily returns whose log variance follows an autoregression."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float
from scipy.special import betaln, digamma, polygamma

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_moments

A, B = 20.0, 1.5  # of the Beta prior of (1 + persistence) / 2
MEAN_SCALE, SHOCK_SCALE = 5.0, 2.0  # of the Cauchy and the half-Cauchy prior


def volatility(name: str) -> Target:
    """A point holds three parameters and the log variances of 100 days.

    The parameters are the logit of (1 + persistence) / 2, the mean log variance, and the inverse softplus of
    the scale of the shocks.
    """
    returns = np.diff(load("sp500.csv")[:, 1])
    returns = returns - returns.mean()
    loc, scale = np.zeros(3 + len(returns)), np.full(3 + len(returns), 5.0)
    # A logit of a Beta variable has this mean and variance.
    loc[0], scale[0] = digamma(A) - digamma(B), np.sqrt(polygamma(1, A) + polygamma(1, B))

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        logit, mean, shock, states = x[0], x[1], jax.nn.softplus(x[2]), x[3:] - x[1]
        persistence, log_rest = jnp.tanh(0.5 * logit), jax.nn.log_sigmoid(logit) + jax.nn.log_sigmoid(-logit)
        prior = A * jax.nn.log_sigmoid(logit) + B * jax.nn.log_sigmoid(-logit) - betaln(A, B)
        prior -= jnp.log1p((mean / MEAN_SCALE) ** 2) + np.log(np.pi * MEAN_SCALE)
        # Half-Cauchy, and the Jacobian of softplus, whose derivative is the sigmoid.
        prior += np.log(2 / (np.pi * SHOCK_SCALE)) - jnp.log1p((shock / SHOCK_SCALE) ** 2)
        prior += jax.nn.log_sigmoid(x[2])
        # 1 - persistence^2 is 4 sigmoid(logit) sigmoid(-logit).
        first = norm.logpdf(states[0], 0.0, shock * jnp.exp(-0.5 * (np.log(4.0) + log_rest)))
        later = norm.logpdf(states[1:], persistence * states[:-1], shock)
        observed = norm.logpdf(returns.astype(x.dtype), 0.0, jnp.exp(0.5 * x[3:]))
        return prior + first + jnp.sum(later) + jnp.sum(observed)

    return Target(
        name=name,
        version=1,
        density=Density(dim=len(loc), log_prob=log_prob, base=gaussian_base(loc, scale)),
        about=About(
            source="Kim, Shephard & Chib (1998), Review of Economic Studies 65, 361-393, for the model; "
            "inference_gym 0.0.5 (2020) for its priors and data",
            definition="h_1 ~ N(m, s^2 / (1 - p^2)), h_t ~ N(m + p (h_(t-1) - m), s^2); y_t ~ N(0, e^h_t), "
            "y the 100 centred daily changes of the S&P 500; (1 + p) / 2 ~ Beta(20, 1.5), m ~ Cauchy(5), s "
            "~ half-Cauchy(2); x = (logit((1 + p) / 2), m, softplus^-1(s), h), Jacobian included; base: "
            "logit of the prior's mean and sd, else N(0, 5^2)",
            aliases=(Alias("stochastic_volatility_sp500_small", "inference_gym", True),),
            # At least: the data leave the mean its Cauchy tail only where the persistence is near one.
            finite_moment=4.0,
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


TARGETS = {"volatility-103": partial(volatility, "volatility-103")}
