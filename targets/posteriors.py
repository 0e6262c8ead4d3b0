"""Families of targets: the posteriors of one joint density, one for every observation."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import jax.numpy as jnp
import numpy as np

from bridgemark.targets.base import About, Density, Joint, Modes, Sample, Statistic, Target, Truth


@dataclass(frozen=True)
class PosteriorTruths:
    """What is known of the posterior of one y: the fields of the same names of its `Target`."""

    log_z: Truth | None = None
    sample: Sample | None = None
    statistics: tuple[Statistic, ...] = ()
    modes: Modes | None = None


@dataclass(frozen=True)
class PosteriorFamily:
    """A joint with a name, and what is known of its posteriors.

    Attributes:
        name: the beginning of the name of each of its targets.
        joint: the joint density.
        truths: maps the name of a posterior and its y to what is known of it.
        observations: the y of the registered posteriors, by the ending of their names.
        about: source and definition.
    """

    name: str
    joint: Joint
    truths: Callable[[str, np.ndarray], PosteriorTruths]
    observations: Mapping[str, np.ndarray]
    about: About

    def condition(self, y: np.ndarray) -> Target:
        """Return the posterior of one y (dim_y,), with all that is known of it.

        The truths depend on y, so y must be an array of numbers; where y is traced, use `Joint.log_prob`.
        Raises ValueError for a y of another shape, or one that is not finite.
        """
        y = np.array(y, dtype=np.float64)
        joint = self.joint
        if y.shape != (joint.dim_y,) or not np.all(np.isfinite(y)):
            raise ValueError(f"y of {self.name} is {joint.dim_y} finite numbers, not {y} of shape {y.shape}")
        name = f"{self.name}-{self._suffix(y)}"
        density = Density(
            dim=joint.dim,
            log_prob=lambda x: joint.log_prob(x, jnp.asarray(y.astype(x.dtype))),
            base=joint.prior,
            log_likelihood=lambda x: joint.log_likelihood(x, jnp.asarray(y.astype(x.dtype))),
            joint=joint,
            y=y,
        )
        truths = self.truths(name, y)
        return Target(name=name, version=1, density=density, about=self.about, **vars(truths))

    def targets(self) -> dict[str, Callable[[], Target]]:
        """Return the builders of the registered posteriors, by name."""
        return {f"{self.name}-{key}": partial(self.condition, y) for key, y in self.observations.items()}

    def _suffix(self, y: np.ndarray) -> str:
        """The key of a registered y, and a digest of any other."""
        for key, registered in self.observations.items():
            if np.array_equal(registered, y):
                return key
        return hashlib.sha256(y.tobytes()).hexdigest()[:8]
