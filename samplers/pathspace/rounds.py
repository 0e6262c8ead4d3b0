"""Rounds of iterative proportional fitting: who judges, and for how long."""

from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

Judge = TypeVar("Judge")


def judge_of_round(rounds: int, updates: int, made: Int[Array, ""], newest: Judge, judge: Judge) -> Judge:
    """`newest` where the next update begins one of `rounds` equal parts of `updates`, else `judge`."""
    begins = made * rounds % updates < rounds
    return jax.tree.map(lambda new, old: jnp.where(begins, new, old), newest, judge)
