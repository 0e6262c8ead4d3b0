"""Scalar field theory on a periodic square lattice, in its broken phase: two modes of one magnetisation."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base

HOPPING, COUPLING = 0.3, 0.022  # kappa and lambda, both dimensionless


def phi4(name: str, side: int, aliases: tuple[Alias, ...]) -> Target:
    """exp(-S) for the action S of a field on side x side sites. Nicoli et al. (2021)."""

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        phi = x.reshape(side, side)
        neighbours = jnp.roll(phi, 1, axis=0) + jnp.roll(phi, 1, axis=1)
        site = (1 - 2 * COUPLING) * phi**2 + COUPLING * phi**4
        return jnp.sum(2 * HOPPING * phi * neighbours - site)

    def magnetisation(x: Float[Array, " dim"]) -> Float[Array, "2"]:
        mean = jnp.mean(x)
        return jnp.stack([jnp.abs(mean), mean**2])

    dim = side**2
    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(np.zeros(dim), np.ones(dim))),
        about=About(
            source="Nicoli et al. (2021), Estimation of thermodynamic observables in lattice field theories "
            "with deep generative models, Physical Review Letters 126",
            definition="-sum over sites of -2 k phi (phi_right + phi_up) + (1 - 2 l) phi^2 + l phi^4, k = "
            f"0.3, l = 0.022, periodic, {side} x {side}; base N(0, I). Even in phi: E phi = 0. Statistic "
            "magnetisation is (|m|, m^2), m the mean of phi over the sites",
            aliases=aliases,
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, {"magnetisation": magnetisation}),
    )


OTHERS = (
    Alias("phi4", "SCLD: 16 x 8 sites", False),
    Alias("phi4", "AFT: bare coupling 5.1, mass squared -4.75", False),
    Alias("phi4", "slips: a chain of 100 sites", False),
)
SMALL = (Alias("phi4", "UnderdampedDiffusionBridges, 8 x 8, kappa 0.3, lambda 0.022", True), *OTHERS)

TARGETS = {
    "phi4-64": partial(phi4, "phi4-64", 8, SMALL),
    "phi4-256": partial(phi4, "phi4-256", 16, OTHERS),
}
