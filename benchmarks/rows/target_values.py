"""The values of a target in float64, at fixed points and at draws with fixed keys.

They are part of the identity of a row: no edit that moves a number of the target leaves all of them as they
are. Its wrong truths show in them, too.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from bridgemark.benchmarks.rows.fingerprint import PROBES, probes
from bridgemark.targets.base import Density, Target

DRAWS = 64  # of the base, of the target and of the prior of its joint density, each
SEED = 314159
DECIMALS = 6  # that count of a small value; as many digits count of a large one
DECIMALS_SINGLE = 3  # where a function computes in single precision whatever it is given
# Values that are no function of a point.
ARGUMENTS = frozenset({"base_draws", "exact_draws", "prior_draws", "y"})

Evaluate: TypeAlias = Callable[[PRNGKeyArray], dict[str, Array]]


class TargetValues(NamedTuple):
    """What the functions of a target return.

    `values` has the arrays by a name for each function. A function of a point is evaluated at all points: the
    PROBES fixed ones, then DRAWS draws of the base, then as many of the target where it has exact draws.
    """

    values: dict[str, np.ndarray]

    @property
    def at_probes(self) -> np.ndarray:
        """log_prob at the fixed points."""
        return self.values["log_prob"][:PROBES]

    def at_base_draws(self, name: str) -> np.ndarray:
        """The values of a function at the draws of the base."""
        return self.values[name][PROBES : PROBES + DRAWS]

    def at_draws(self, name: str) -> np.ndarray:
        """The values of a function at the draws of the base and then at the exact draws."""
        return self.values[name][PROBES:]

    def at_exact_draws(self, name: str) -> np.ndarray:
        """The values of a function at the exact draws; empty where there are none."""
        return self.values[name][PROBES + DRAWS :]

    def hash(self) -> str:
        """Twenty hexadecimal digits, which do not depend on the rounding of a machine."""
        digest = hashlib.sha256()
        for name, values in sorted(self.values.items()):
            digest.update(f"{name} {values.shape} ".encode() + _rounded(values).tobytes())
        return digest.hexdigest()[:20]


def _rounded(values: np.ndarray) -> np.ndarray:
    """Whole numbers that change with any relevant change of the values, and not with a machine's rounding."""
    decimals = DECIMALS if values.dtype.itemsize == 8 else DECIMALS_SINGLE
    # The inverse hyperbolic sine is linear for small values and logarithmic for large ones.
    rounded = np.round(np.arcsinh(values.astype("<f8")) * 10**decimals) + 0.0  # + 0.0 turns -0.0 into 0.0
    return np.where(np.isnan(rounded), np.nan, rounded)  # NaN has many bit patterns


def evaluate_target(target: Target) -> TargetValues:
    """Evaluate every function of a target.

    All of them are compiled as one program, which takes a tenth of the time that they take one by one. Until
    `jax.clear_caches` JAX (0.10) then holds every NumPy array that they close over in double precision, so
    that nothing that closes over the same arrays can run in single precision.
    """
    with jax.enable_x64(True):
        points = jnp.asarray(probes(target.density.dim))
        values = jax.jit(_evaluation(target, points))(jax.random.key(SEED))
        return TargetValues({name: np.asarray(array) for name, array in values.items()})


def _evaluation(target: Target, probe_points: Array) -> Evaluate:
    density = target.density

    def evaluate(key: PRNGKeyArray) -> dict[str, Array]:
        key_base, key_exact, key_joint = jax.random.split(key, 3)
        draws = {"base_draws": density.base.sample(key_base, DRAWS)}
        if target.sample is not None:
            draws["exact_draws"] = target.sample(key_exact, DRAWS)
        points = jnp.concatenate([probe_points, *draws.values()])
        functions = _functions(target)
        values = {name: jax.vmap(function)(points) for name, function in functions.items()}
        return draws | values | _joint_values(density, key_joint)

    return evaluate


def _functions(target: Target) -> dict[str, Callable[[Array], Array]]:
    """The functions of a point that belong to a target, by name."""
    density = target.density
    functions: dict[str, Callable[[Array], Array]] = {
        "log_prob": density.log_prob,
        "base_log_prob": density.base.log_prob,
    }
    if density.log_likelihood is not None:
        functions["log_likelihood"] = density.log_likelihood
    if target.modes is not None:
        functions["responsibilities"] = target.modes.responsibilities
    return functions | {f"statistic {statistic.name}": statistic.fn for statistic in target.statistics}


def _joint_values(density: Density, key: PRNGKeyArray) -> dict[str, Array]:
    """Draws of x and y from the joint density, its factors there, and the observation; {} without a joint."""
    joint = density.joint
    if joint is None:
        return {}
    key_prior, key_simulate = jax.random.split(key)
    x = joint.prior.sample(key_prior, DRAWS)
    y = jax.vmap(joint.simulate)(jax.random.split(key_simulate, DRAWS), x)
    return {
        "prior_draws": x,
        "prior_log_prob": jax.vmap(joint.prior.log_prob)(x),
        "simulated": y,
        "joint_log_likelihood": jax.vmap(joint.log_likelihood)(x, y),
        "y": jnp.asarray(density.y),
    }
