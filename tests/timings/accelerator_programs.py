"""The programs that `accelerator.py` measures, at any size, and what each of them computes.

A function here prepares a `Program` of a size, whose inputs are on the device already.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from arithmetic import Arithmetic, arithmetic
from race import training

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.rows.cost import total
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.pathspace.losses import LogVariance, Loss, ReverseKL
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import Target

LOSSES: dict[str, Loss] = {"log-variance": LogVariance(), "reverse KL": ReverseKL()}
STEPS = 128
TUNED_CHAINS, WARM_UP = 64, 200
FLOAT = 4  # bytes
POINTS = 1_000  # at which a log-density is computed in several precisions


class Program(NamedTuple):
    """A function of JAX with its arguments, and what a call of it does.

    `work` says how many `unit`s a call makes; `count` turns its output into the number of gradients of log
    gamma that it evaluated. The call computes `fixed` and, for each of these gradients, `per_gradient`.
    """

    run: Callable
    arguments: tuple
    work: float
    unit: str
    count: Callable[[Any], int] = lambda output: 0
    fixed: Arithmetic = Arithmetic()
    per_gradient: Arithmetic = Arithmetic()


@dataclass(frozen=True, kw_only=True)
class SizedDDS(DDS):
    """The diffusion sampler as it is registered, with a batch of any size."""

    paths: int

    def batch_size(self, dim: int) -> int:
        return self.paths


@cache
def build(name: str) -> Target:
    return registry.build(name, registry.targets()[name])


def training_step(target: str, loss: str, updates: int, paths: int) -> Program:
    """`updates` training steps of `dds`, in coordinates with a whole matrix, as its pilot run makes them."""
    density = build(target).density
    sampler = SizedDDS(paths=paths, steps=STEPS, pilot=0, loss=LOSSES[loss], loss_one_basin=LOSSES[loss])
    key = jax.random.key(0)
    state = jax.jit(partial(sampler.init, density=density))(key)[0]
    loc, scale = state.coordinates
    matrix = jnp.diag(scale) if scale.ndim == 1 else scale
    state = state._replace(coordinates=Affine(loc, matrix))
    run, arguments = training(lambda key, state: sampler.update(key, density, state), key, state, updates)
    gradients = updates * paths * LOSSES[loss].gradients_per_path(STEPS)
    counted = arithmetic(run, *arguments)
    return Program(run, arguments, updates * paths, "paths", lambda output: gradients, counted)


@cache
def tuned_chains(target: str) -> Any:
    """The state of a few tuned chains."""
    sampler = NUTS(chains=TUNED_CHAINS, warm_up=WARM_UP)
    return jax.jit(partial(sampler.fit, density=build(target).density))(jax.random.key(0)).state


def nuts(target: str, length: int, chains: int) -> Program:
    """So many draws of every chain. The chains have the tuned states of a few, repeated."""
    density, sampler = build(target).density, NUTS(chains=chains)
    repeated = -(-chains // TUNED_CHAINS)
    state = jax.tree.map(lambda leaf: jnp.concatenate([leaf] * repeated)[:chains], tuned_chains(target))

    def run(key: jax.Array, state: Any) -> tuple:
        return sampler.sample(key, density, state, chains * length)

    return Program(
        run,
        (jax.random.key(1), state),
        chains * length,
        "draws",
        lambda output: total(output[1].evals).gradients,
        per_gradient=gradient_arithmetic(target, chains),
    )


def smc(target: str, particles: int) -> Program:
    """One run of a frozen schedule."""
    density, sampler = build(target).density, SMC(runs=1)
    state = jax.jit(partial(sampler.fit, density=density))(jax.random.key(0)).state

    def run(key: jax.Array, state: Any) -> tuple:
        return sampler.sample(key, density, state, particles)

    return Program(
        run,
        (jax.random.key(1), state),
        particles,
        "particles",
        lambda output: total(output[1].evals).gradients,
        per_gradient=gradient_arithmetic(target, particles),
    )


def gradient_arithmetic(target: str, points: int) -> Arithmetic:
    """The arithmetic of log gamma and its gradient at one of many points, which is read; both are written."""
    density = build(target).density
    x = jax.ShapeDtypeStruct((points, density.dim), jnp.float32)
    counted = arithmetic(jax.vmap(jax.value_and_grad(density.log_prob)), x)
    moved = points * FLOAT * (2 * density.dim + 1)
    return counted._replace(loop_bytes=moved).times(1 / points)


def product(inner: int, repeats: int, rows: int) -> Program:
    """A matrix of so many rows times a square matrix, again and again."""
    keys = jax.random.split(jax.random.key(0))
    x = jax.random.normal(keys[0], (rows, inner))
    weight = jax.random.normal(keys[1], (inner, inner)) / np.sqrt(inner)

    def run(x: jax.Array, weight: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda x, _: (x @ weight, None), x, length=repeats)[0]

    return Program(run, (x, weight), rows * repeats, "rows", fixed=arithmetic(run, x, weight))


def stream(repeats: int, numbers: int) -> Program:
    """Numbers that are read, changed and written, again and again."""

    def run(x: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda x, _: (x + 1.0, None), x, length=repeats)[0]

    x = jnp.zeros(numbers)
    return Program(run, (x,), numbers * repeats, "numbers", fixed=arithmetic(run, x))


def log_density_error(target: str) -> float:
    """Root mean square error of log gamma at draws of the base, in the precision of products that is set."""
    density = build(target).density
    x = density.base.sample(jax.random.key(0), POINTS)
    values = np.asarray(jax.jit(jax.vmap(density.log_prob))(x), float)
    # Not compiled: JAX would hold the arrays that `log_prob` closes over in double precision from then on.
    with jax.enable_x64(True):
        exact = np.asarray(jax.vmap(density.log_prob)(jnp.asarray(np.asarray(x, float))))
    return float(np.sqrt(np.mean((values - exact) ** 2)))


def log_weights(target: str, paths: int) -> np.ndarray:
    """Log weights (paths,) of the paths of `dds` before training, in the precision that is set."""
    density, sampler, key = build(target).density, DDS(pilot=0), jax.random.key(0)
    state = jax.jit(partial(sampler.init, density=density))(key)[0]
    draws = jax.jit(lambda key, state: sampler.sample(key, density, state, paths)[1])(key, state)
    return np.ravel(np.asarray(draws.log_weights, float))
