"""Item response: abilities of 400 students and difficulties of 100 questions, from their answers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base
from bridgemark.targets.data import load

MEAN_ABILITY = 0.75


def item_response(name: str) -> Target:
    """Students' abilities about their mean, that mean, and the questions' difficulties."""
    answers = load("item_response.csv")
    students, questions = answers.shape
    asked, right = answers >= 0, answers == 1
    loc = np.zeros(students + 1 + questions)
    loc[students] = MEAN_ABILITY
    prior = gaussian_base(loc, np.ones(len(loc)))
    # What is linear in x needs the right answers of each student, of all, and of each question alone.
    counts = np.concatenate([right.sum(axis=1), [right.sum()], -right.sum(axis=0)])

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        ability, difficulty = x[:students] + x[students], x[students + 1 :]
        wrong = jax.nn.softplus(ability[:, None] - difficulty)
        return prior.log_prob(x) + jnp.dot(counts.astype(x.dtype), x) - jnp.sum(jnp.where(asked, wrong, 0.0))

    return Target(
        name=name,
        version=1,
        density=Density(dim=len(loc), log_prob=log_prob, base=prior),
        about=About(
            source="Rasch (1960), Probabilistic models for some intelligence and attainment tests; data of "
            "inference_gym 0.0.5 (2020)",
            definition="P(student i is right on question j) = sigmoid(m + a_i - d_j), 30,012 answers; a_i, "
            "d_j ~ N(0, 1); m ~ N(0.75, 1); x = (a, m, d); base = prior",
            aliases=(Alias("synthetic_item_response_theory", "inference_gym, sampler-benchmarks", True),),
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, {"x": lambda x: x, "x2": jnp.square}),
    )


TARGETS = {"item-response-501": partial(item_response, "item-response-501")}
