"""Random models to try `advise` on: traps that nobody may trust blindly, and easy posteriors.

The models of a kind have one form and differ by numbers, so that samplers are compiled once for all of them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets.base import LogProb

Draw = Callable[[np.random.Generator, int], dict[str, Any]]


class Kind(NamedTuple):
    """Models of one form.

    Attributes:
        dim: the dimension.
        draw: draws the numbers of a model of this dimension.
        log_prob: the log density, of the numbers and a point.
        mean: the true mean (dim,) by the numbers. None where there is none to be right about: whoever trusts
            the draws is wrong.
    """

    dim: int
    draw: Draw
    log_prob: Callable[[dict[str, Any], Float[Array, " dim"]], Float[Array, ""]]
    mean: Callable[[dict[str, Any]], np.ndarray] | None = None

    def density(self, numbers: dict[str, Any]) -> LogProb:
        """The log density of a model."""
        return lambda x: self.log_prob(numbers, x)


def _two_far_modes(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """Two normals that no chain connects; the base covers the first, and the second is narrower."""
    direction = rng.standard_normal(dim)
    return {
        "second": rng.uniform(15, 80) * direction / np.linalg.norm(direction),
        "scale": np.exp(rng.uniform(np.log(0.3), 0.0)),
        "log_odds": rng.uniform(-2, 2),
    }


def _log_two_far_modes(model: dict[str, Any], x: Array) -> Array:
    second = model["log_odds"] - x.size * jnp.log(model["scale"])
    return jnp.logaddexp(
        -0.5 * jnp.sum(x**2), second - 0.5 * jnp.sum(((x - model["second"]) / model["scale"]) ** 2)
    )


def _mean_of_two_far_modes(model: dict[str, Any]) -> np.ndarray:
    return model["second"] / (1 + np.exp(-model["log_odds"]))


def _funnel(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """Neal's funnel: the logarithm of a scale is N(0, sd^2), and the rest have that scale."""
    return {"sd": rng.uniform(2.5, 4)}


def _log_funnel(model: dict[str, Any], x: Array) -> Array:
    rest = -0.5 * jnp.sum(x[1:] ** 2) * jnp.exp(-x[0]) - 0.5 * (x.size - 1) * x[0]
    return -0.5 * (x[0] / model["sd"]) ** 2 + rest


def _ridge(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """Only the product of two coordinates is known, and precisely: two bent ridges."""
    return {"width": rng.uniform(0.003, 0.03), "product": rng.uniform(0.5, 3)}


def _log_ridge(model: dict[str, Any], x: Array) -> Array:
    miss = (x[0] * x[1] - model["product"]) / model["width"]
    return -0.5 * miss**2 - 0.02 * jnp.sum(x**2)


def _heavy_tail(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """Student's t with so few degrees of freedom that the variance is infinite."""
    return {"degrees": rng.uniform(0.8, 1.9)}


def _log_heavy_tail(model: dict[str, Any], x: Array) -> Array:
    return -0.5 * (model["degrees"] + 1) * jnp.sum(jnp.log1p(x**2 / model["degrees"]))


def _improper(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """A linear regression in which two columns are equal, without a prior."""
    columns = rng.standard_normal((30, dim))
    columns[:, 1] = columns[:, 0]
    return {"X": columns, "sd": rng.uniform(0.3, 2)}


def _log_improper(model: dict[str, Any], x: Array) -> Array:
    return -0.5 * jnp.sum(((model["X"] @ x - model["X"][:, 0]) / model["sd"]) ** 2)


def _jump(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """A normal whose density is higher by a factor on one side of a hyperplane."""
    return {"edge": rng.uniform(-0.7, 0.7), "height": rng.uniform(1, 4) * rng.choice([-1, 1])}


def _log_jump(model: dict[str, Any], x: Array) -> Array:
    return -0.5 * jnp.sum(x**2) + jnp.where(x[0] > model["edge"], model["height"], 0.0)


def _label_switching(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """The means of a mixture of `dim` normals: every order of them is a mode."""
    centres = np.sort(rng.uniform(-8, 8, dim)) + np.linspace(-4, 4, dim)
    return {"y": rng.normal(np.repeat(centres, 20), 1.0)}


def _log_label_switching(model: dict[str, Any], x: Array) -> Array:
    terms = jax.nn.logsumexp(-0.5 * (model["y"][:, None] - x[None]) ** 2, axis=1)
    return jnp.sum(terms) - 0.5 * jnp.sum((x / 10) ** 2)


def _wrong_gradient(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """A logistic regression whose gradient forgets the prior or has a wrong factor there."""
    return {**_logistic(rng, dim), "factor": rng.choice([0.0, 0.5, 1.5, 2.0])}


def _log_wrong_gradient(model: dict[str, Any], x: Array) -> Array:
    prior = -0.5 * jnp.sum(x**2)
    wrong = model["factor"] * prior
    return _log_likelihood(model, x) + wrong + jax.lax.stop_gradient(prior - wrong)


def _gaussian(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """A rotated normal, with a condition number up to a thousand."""
    rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    scales = 10 ** -rng.uniform(0, rng.uniform(0, 1.5), dim)
    return {"whiten": rotation.T / scales[:, None], "mean": rng.standard_normal(dim)}


def _log_gaussian(model: dict[str, Any], x: Array) -> Array:
    return -0.5 * jnp.sum((model["whiten"] @ (x - model["mean"])) ** 2)


def _logistic(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """A logistic regression with a normal prior."""
    columns = rng.standard_normal((200, dim))
    chance = 1 / (1 + np.exp(-columns @ rng.standard_normal(dim)))
    return {"X": columns, "y": (rng.random(200) < chance).astype(float)}


def _log_likelihood(model: dict[str, Any], x: Array) -> Array:
    score = model["X"] @ x
    return jnp.sum(model["y"] * score - jnp.logaddexp(0.0, score))


def _log_logistic(model: dict[str, Any], x: Array) -> Array:
    return _log_likelihood(model, x) - 0.125 * jnp.sum(x**2)


def _poisson(rng: np.random.Generator, dim: int) -> dict[str, Any]:
    """A Poisson regression with a normal prior."""
    columns = rng.standard_normal((150, dim))
    rates = np.exp(0.3 * columns @ rng.standard_normal(dim))
    return {"X": columns, "y": rng.poisson(rates).astype(float)}


def _log_poisson(model: dict[str, Any], x: Array) -> Array:
    score = model["X"] @ x
    return jnp.sum(model["y"] * score - jnp.exp(score)) - 0.5 * jnp.sum(x**2)


TRAPS = {
    "two far modes": Kind(3, _two_far_modes, _log_two_far_modes, _mean_of_two_far_modes),
    "funnel": Kind(5, _funnel, _log_funnel),
    "ridge": Kind(2, _ridge, _log_ridge),
    "heavy tail": Kind(3, _heavy_tail, _log_heavy_tail),
    "improper": Kind(4, _improper, _log_improper),
    "jump": Kind(3, _jump, _log_jump),
    # Every coordinate has the same mean, that of the data, but for the prior's pull of a thousandth.
    "label switching": Kind(
        3, _label_switching, _log_label_switching, lambda model: np.full(3, model["y"].mean())
    ),
    "wrong gradient": Kind(4, _wrong_gradient, _log_wrong_gradient),
}
EASY = {
    "gaussian": Kind(8, _gaussian, _log_gaussian),
    "logistic": Kind(6, _logistic, _log_logistic),
    "poisson": Kind(4, _poisson, _log_poisson),
}
