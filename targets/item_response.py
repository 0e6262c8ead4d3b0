"""Item response: the abilities of 400 students and the difficulties of 100 questions, from their answers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_moments

MEAN_ABILITY = 0.75


def item_response(name: str) -> Target:
    """A point holds the abilities relative to their mean, that mean, and the questions' difficulties."""
    answers = load("item_response.csv")  # (students, questions): 1 is right, 0 wrong, negative not asked
    students, questions = answers.shape
    asked, right = answers >= 0, answers == 1
    loc = np.zeros(students + 1 + questions)
    loc[students] = MEAN_ABILITY
    prior = gaussian_base(loc, np.ones(len(loc)))
    # The sum of the log odds of all right answers is linear in x: their numbers per student, in all, per
    # question.
    counts = np.concatenate([right.sum(axis=1), [right.sum()], -right.sum(axis=0)])

    def minus_log_wrong(x: Float[Array, " dim"]) -> Float[Array, "students questions"]:
        """-log of the probability of a wrong answer, by which the log odds of a right answer are reduced."""
        ability, difficulty = x[:students] + x[students], x[students + 1 :]
        return jax.nn.softplus(ability[:, None] - difficulty[None])

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        wrong = minus_log_wrong(x)
        return prior.log_prob(x) + jnp.dot(counts.astype(x.dtype), x) - jnp.sum(jnp.where(asked, wrong, 0.0))

    def log_likelihood(x: Float[Array, " dim"]) -> Float[Array, ""]:
        wrong = minus_log_wrong(x)
        return jnp.dot(counts.astype(x.dtype), x) - jnp.sum(jnp.where(asked, wrong, 0.0))

    return Target(
        name=name,
        version=1,
        density=Density(dim=len(loc), log_prob=log_prob, base=prior, log_likelihood=log_likelihood),
        about=About(
            source="Rasch (1960), Probabilistic models for some intelligence and attainment tests; data of "
            "inference_gym 0.0.5 (2020)",
            definition="P(student i is right on question j) = sigmoid(m + a_i - d_j), 30,012 answers; a_i, "
            "d_j ~ N(0, 1); m ~ N(0.75, 1); x = (a, m, d); base = prior",
            aliases=(Alias("synthetic_item_response_theory", "inference_gym, sampler-benchmarks", True),),
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


TARGETS = {"item-response-501": partial(item_response, "item-response-501")}
