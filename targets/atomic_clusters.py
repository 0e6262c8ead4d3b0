"""Clusters of atoms that attract and repel, made proper by a Gaussian centre of mass.

An energy of distances alone does not change when all atoms move together, so exp(-E) has no finite integral.
Here the centre of mass c of n atoms has the density N(0, I / n): the log density is -E - n |c|^2 / 2. That
leaves the distribution of all distances as it is.
"""

from collections.abc import Callable
from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base

EQUIVARIANT = "Köhler, Klein & Noé (2020), Equivariant flows: exact likelihood generative learning, ICML"


def atomic_cluster(
    name: str, atoms: int, space: int, pair_energy: Callable[[Array], Array], spring: float, about: About
) -> Target:
    """`atoms` atoms in `space` dimensions; a point is (x_1, ..., x_atoms), `space` numbers each.

    `pair_energy` maps the squared distances of all pairs to energies; `spring` is the constant of the spring
    that holds each atom to the centre of mass.
    """
    dim = atoms * space
    first, second = np.triu_indices(atoms, 1)
    differences = np.eye(atoms)[first] - np.eye(atoms)[second]  # (pairs, atoms)

    def squared_distances(x: Float[Array, " dim"]) -> Float[Array, " pairs"]:
        return jnp.sum((differences.astype(x.dtype) @ x.reshape(atoms, space)) ** 2, axis=1)

    def energy(x: Float[Array, " dim"]) -> Float[Array, ""]:
        squared = squared_distances(x)
        # The sum over atoms of |x_i - c|^2 is that over pairs of |x_i - x_j|^2, divided by n.
        return jnp.sum(pair_energy(squared)) + spring * jnp.sum(squared) / (2 * atoms)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        centre = jnp.mean(x.reshape(atoms, space), axis=0)
        return -energy(x) - 0.5 * atoms * jnp.sum(centre**2)

    def energy_statistic(x: Float[Array, " dim"]) -> Float[Array, "1"]:
        return energy(x)[None]

    def distance_statistic(x: Float[Array, " dim"]) -> Float[Array, "2"]:
        squared = squared_distances(x)
        return jnp.stack([jnp.mean(jnp.sqrt(squared)), jnp.mean(squared)])

    return Target(
        name=name,
        version=1,
        density=Density(
            dim=dim,
            log_prob=log_prob,
            base=gaussian_base(np.zeros(dim), np.full(dim, 2.0 if spring == 0 else 1.0)),
        ),
        about=about,
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, {"energy": energy_statistic, "distance": distance_statistic}),
    )


def double_well(squared: Array) -> Array:
    """0.9 (d - 4)^4 - 4 (d - 4)^2 of a distance d, given d^2."""
    offset = (jnp.sqrt(squared) - 4) ** 2
    return 0.9 * offset**2 - 4 * offset


def lennard_jones(squared: Array) -> Array:
    """2 (d^-12 - 2 d^-6) of a distance d, given d^2: smallest at distance 1.

    The factor 2 is there because the literature counts each pair twice.
    """
    attraction = squared**-3
    return 2 * (attraction**2 - 2 * attraction)


STATISTICS = "; statistics energy = E, distance = (mean of d, mean of d^2) over pairs"
FREE = "the same energy without a distribution of the centre of mass, which is improper on R^d"


def dw4(name: str) -> Target:
    """Four particles in the plane, with a double well in the distance of each pair."""
    about = About(
        source=EQUIVARIANT,
        definition="-E - 4 |c|^2 / 2, E = sum over the 6 pairs of 0.9 (d - 4)^4 - 4 (d - 4)^2, c the centre "
        "of mass of 4 particles in 2 dimensions, so c ~ N(0, I / 4); base N(0, 2^2 I)" + STATISTICS,
        aliases=(Alias("DW-4", "DEM, ASBS: " + FREE, False),),
    )
    return atomic_cluster(name, 4, 2, double_well, 0.0, about)


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
    return atomic_cluster(name, 13, 3, lennard_jones, 1.0, about)


TARGETS = {"dw4-8": partial(dw4, "dw4-8"), "lj13-39": partial(lj13, "lj13-39")}
