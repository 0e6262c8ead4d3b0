"""Few particles that attract and repel: energies without a preferred place, made proper by a Gaussian.

An energy of distances alone does not change when all particles move together, so exp(-E) has no integral.
Here the centre of mass c is N(0, I / n): exp(-E - n |c|^2 / 2), which changes no distance.
"""

from collections.abc import Callable
from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base

EQUIVARIANT = "Köhler, Klein & Noé (2020), Equivariant flows: exact likelihood generative learning, ICML"


def particles(
    name: str, count: int, space: int, pair_energy: Callable[[Array], Array], trap: float, about: About
) -> Target:
    """`pair_energy` maps squared distances of pairs to energies; `trap` is the spring to the centre of mass.

    A point is (x_1, ..., x_count), `space` numbers each.
    """
    dim, (one, other) = count * space, np.triu_indices(count, 1)
    differences = np.eye(count)[one] - np.eye(count)[other]

    def squares(x: Float[Array, " dim"]) -> Float[Array, " pairs"]:
        return jnp.sum((differences.astype(x.dtype) @ x.reshape(count, space)) ** 2, axis=1)

    def energy(x: Float[Array, " dim"]) -> Float[Array, ""]:
        squared = squares(x)
        return jnp.sum(pair_energy(squared)) + trap * jnp.sum(squared) / (2 * count)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        centre = jnp.mean(x.reshape(count, space), axis=0)
        return -energy(x) - 0.5 * count * jnp.sum(centre**2)

    def distance(x: Float[Array, " dim"]) -> Float[Array, "2"]:
        squared = squares(x)
        return jnp.stack([jnp.mean(jnp.sqrt(squared)), jnp.mean(squared)])

    return Target(
        name=name,
        version=1,
        density=Density(
            dim=dim,
            log_prob=log_prob,
            base=gaussian_base(np.zeros(dim), np.full(dim, 2.0 if trap == 0 else 1.0)),
        ),
        about=about,
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, {"energy": lambda x: energy(x)[None], "distance": distance}),
    )


def double_well(squared: Array) -> Array:
    """0.9 (d - 4)^4 - 4 (d - 4)^2 of a distance d."""
    offset = (jnp.sqrt(squared) - 4) ** 2
    return 0.9 * offset**2 - 4 * offset


def lennard_jones(squared: Array) -> Array:
    """2 (d^-12 - 2 d^-6), least at distance 1; the 2 because the literature counts each pair twice."""
    attraction = squared**-3
    return 2 * (attraction**2 - 2 * attraction)


STATISTICS = "; statistics energy = E, distance = (mean of d, mean of d^2) over pairs"
FREE = "the same energy without a law of the centre of mass, which is improper on R^d"


def dw4(name: str) -> Target:
    """Four particles in the plane, each pair in a double well of its distance."""
    about = About(
        source=EQUIVARIANT,
        definition="-E - 4 |c|^2 / 2, E = sum over the 6 pairs of 0.9 (d - 4)^4 - 4 (d - 4)^2, c the centre "
        "of mass of 4 particles in 2 dimensions, so c ~ N(0, I / 4); base N(0, 2^2 I)" + STATISTICS,
        aliases=(Alias("DW-4", "DEM, ASBS: " + FREE, False),),
    )
    return particles(name, 4, 2, double_well, 0.0, about)


def lj13(name: str) -> Target:
    """Thirteen Lennard-Jones particles in space, held together by a spring to their centre of mass."""
    about = About(
        source=EQUIVARIANT,
        definition="-E - 13 |c|^2 / 2, E = sum over the 78 pairs of 2 (d^-12 - 2 d^-6), plus sum_i |x_i - "
        "c|^2 / 2, c the "
        "centre of mass of 13 particles in 3 dimensions, so c ~ N(0, I / 13); base N(0, I)" + STATISTICS,
        aliases=(
            Alias("LJ-13", "DEM, ASBS: " + FREE, False),
            Alias("LJ-13", "bgflow, EACF: each pair once, so half its energy", False),
        ),
    )
    return particles(name, 13, 3, lennard_jones, 1.0, about)


TARGETS = {"dw4-8": partial(dw4, "dw4-8"), "lj13-39": partial(lj13, "lj13-39")}
