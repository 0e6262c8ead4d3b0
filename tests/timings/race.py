"""Training steps of the plain reference and of `dds`, and the arithmetic of both alone, on chosen cores.

Everything runs in a new process that is pinned to its cores before JAX starts there. Contestants take turns,
so that other work of the machine delays all of them alike, and the best turn of every contestant counts.
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context

import jax
import jax.numpy as jnp
from plain import Network, Plain, trainer

from bridgemark.benchmarks.rows.environment import available_cores
from bridgemark.benchmarks.rows.settings import configure
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.pathspace.losses import LogVariance, Loss, ReverseKL
from bridgemark.targets.funnel import funnel

WIDTH = 64
UPDATES = 5  # in a turn
LOSSES: dict[str, Loss] = {"reverse KL": ReverseKL(sticking_the_landing=False), "log-variance": LogVariance()}
OURS = LOSSES | {"sticking reverse KL": ReverseKL()}  # the default, whose gradient the plain reference lacks


def on_cores(count: int) -> ProcessPoolExecutor:
    """A fresh process with as many cores, and as many devices."""
    cores = available_cores()[:count]
    context = get_context("spawn")
    return ProcessPoolExecutor(1, context, initializer=configure, initargs=(cores, "float32"))


def dds(loss: Loss, dim: int, steps: int, batch: int, **settings) -> tuple[Callable, tuple]:
    """The update of a diffusion sampler of fixed variances with one loss, and the arguments of the first."""
    same = {"loss": loss, "loss_one_basin": loss, "learn_variance": False}
    sampler = DDS(steps=steps, batch_coordinates=batch * dim, **same, **settings)
    target, key = funnel(f"funnel-{dim}", dim), jax.random.key(0)
    state = jax.jit(partial(sampler.init, density=target.density))(key)[0]
    return lambda key, state: sampler.update(key, target.density, state), (key, state)


def plain(loss: str, dim: int, steps: int, batch: int) -> tuple[Callable, tuple]:
    """The plain reference's update, and the arguments of the first."""
    reference, key = (
        Plain(funnel(f"funnel-{dim}", dim).density.log_prob, dim, steps, batch),
        jax.random.key(0),
    )
    losses = {"reverse KL": reference.reverse_kl, "log-variance": reference.log_variance}
    init, update = trainer(losses[loss])
    return update, (key, init(Network(key, dim, WIDTH)))


def floor(dim: int, steps: int, batch: int) -> tuple[Callable, tuple]:
    """The network's matrix products at every step, forward and backward, and nothing else."""
    keys = jax.random.split(jax.random.key(0), 4)
    shapes = ((dim, WIDTH), (WIDTH, WIDTH), (WIDTH, dim))
    weights = [jax.random.normal(key, shape) / shape[0] for key, shape in zip(keys, shapes, strict=False)]

    def step(slopes: list, x: jax.Array) -> tuple[list, jax.Array]:
        inputs = [x]
        for weight in weights:
            inputs.append(inputs[-1] @ weight)
        slope, weight_slopes = inputs.pop(), []
        for weight, before in zip(weights[::-1], inputs[::-1], strict=True):
            weight_slopes.append(before.T @ slope)
            slope = slope @ weight.T
        return [a + b for a, b in zip(slopes, weight_slopes[::-1], strict=True)], jnp.sum(slope)

    points = jax.random.normal(keys[3], (steps, batch, dim))
    return lambda x: jax.lax.scan(step, [jnp.zeros(shape) for shape in shapes], x), (points,)


def training(update: Callable, key: jax.Array, state: tuple, count: int = UPDATES) -> tuple[Callable, tuple]:
    """So many updates in one scan, as `fit` makes them, and its arguments.

    A single call would include the time in which the system provides scratch memory, which is most of the
    time of a step that stores much.
    """

    def updates(keys: jax.Array, state: tuple) -> tuple:
        return jax.lax.scan(lambda state, key: (update(key, state)[0], None), state, keys)[0]

    return updates, (jax.random.split(key, count), state)


@cache
def contestants(size: tuple[int, int, int], others: bool) -> dict[str, Callable]:
    """Compiled runs of UPDATES training steps, ready to be called, by name.

    `size` is (dim, steps, batch). Without `others` only `dds` takes part.
    """
    updates = {f"dds, {name}": dds(loss, *size) for name, loss in OURS.items()}
    if others:
        updates |= {f"plain, {name}": plain(name, *size) for name in LOSSES}
    programs = {name: training(update, *arguments) for name, (update, arguments) in updates.items()}
    if others:
        programs["floor"] = floor(*size)
    steps = {}
    for name, (run, arguments) in programs.items():
        steps[name] = partial(jax.jit(run).lower(*arguments).compile(), *arguments)
    return steps


def race(
    turns: int,
    size: tuple[int, int, int] = (10, 128, 256),
    others: bool = True,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, float]:
    """Seconds per training step in the best turn of every contestant.

    `clock` is that of the process by default: on one core it leaves out the time that other processes took.
    """
    steps = contestants(size, others)
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(turns + 1):  # the first turn of all warms up
        for name, step in steps.items():
            begun = clock()
            jax.block_until_ready(step())
            best[name] = min(best[name], clock() - begun)
    return {name: best[name] / (1 if name == "floor" else UPDATES) for name in best}


def memory(loss: str, steps: int, width: int) -> int:
    """Bytes that a training step of `dds` needs besides its arguments and results."""
    update, arguments = dds(OURS[loss], 10, steps, 256, width=width, pilot=0)
    return jax.jit(update).lower(*arguments).compile().memory_analysis().temp_size_in_bytes
