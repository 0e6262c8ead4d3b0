"""Half bridges between N(0, I) and a target in working coordinates: what diffusion and bridge share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, PRNGKeyArray

from samplers.affine import Affine
from samplers.base import Draws, Evals, evals
from samplers.control import Features, Network
from samplers.gaussian import log_standard_normal, normal
from samplers.learnt import Learnt, Step, Trace, descend
from samplers.losses import Batch, LogVariance, Loss, Problem, ReverseKL
from samplers.paths import (
    Chain,
    Side,
    backward_log_likelihood,
    no_control,
    ornstein_uhlenbeck,
    run,
    simulate,
)
from samplers.pilot import Pilot, no_pilot, run_pilot
from targets.base import LogProb, Target


class Trained(NamedTuple):
    """A network and its optimiser's memory."""

    network: Network
    memory: optax.OptState


@dataclass(frozen=True, kw_only=True)
class HalfBridges(Learnt):
    """Paths of the exactly discretised Ornstein-Uhlenbeck chain, controlled on one or both sides.

    `horizon` is the time of dX = -X/2 dt + dW, `steps` its grid, finer towards the target where `power`
    exceeds one. Large targets get smaller batches and fewer updates, by the dimension alone: a batch has
    batch_coordinates / dim paths (16 to 256), and update_coordinates / dim updates (at least a tenth of
    `updates`, at most all) are made. `pilot` is the number of particles that look for coordinates (0:
    those of the base). Where it finds the target near a Gaussian, the path loss has the smaller variance;
    elsewhere it would seek one mode, so `loss` is used.
    """

    horizon: float
    steps: int
    power: float = 2.5
    batch_coordinates: int = 2_560
    update_coordinates: int = 200_000
    learning_rate: float = 3e-3
    width: int = 64
    clip: float = 1.0
    loss: Loss = LogVariance()
    loss_near_gaussian: Loss = ReverseKL()
    pilot: int = 128

    def updates_for(self, dim: int) -> int:
        return min(max(self.update_coordinates // dim, self.updates // 10), self.updates)

    def untrained(self, key: PRNGKeyArray, dim: int, optimiser: optax.GradientTransformation) -> Trained:
        """A fresh network and an empty memory."""
        network = Network(key, dim, self.width)
        return Trained(network, optimiser.init(eqx.filter(network, eqx.is_array)))

    def chain(self) -> Chain:
        """The reference chain on this sampler's grid."""
        return ornstein_uhlenbeck(self.horizon, self.steps, self.power)

    def find_coordinates(self, key: PRNGKeyArray, target: Target) -> Pilot:
        """Working coordinates, by the pilot unless it is switched off."""
        return run_pilot(key, target, self.pilot) if self.pilot else no_pilot(target)

    def draw_batch(self, key: PRNGKeyArray, dim: int) -> Batch:
        """Everything random about a batch of paths, drawn at once."""
        drawn = normal(key, (self.batch_size(dim), self.steps + 1, dim))
        return Batch(drawn[:, 0], drawn[:, 1:])

    def batch_size(self, dim: int) -> int:
        """Paths in a batch."""
        return min(max(self.batch_coordinates // dim, 16), 256)

    def guided(self, network: Network, log_gamma: LogProb) -> Side:
        """u = NN + (1 + s) a grad log(gamma / N(0, I))(a x), with a the reference's memory of its end.

        grad log phi_t(x) = a E[grad log phi_T(X_T) | X_t = x], and a x is the reference's mean of X_T:
        at s = 0 and NN = 0 this is exact for a linear log phi_T and good near a Gaussian. Entries are
        clipped to `clip` standard deviations of a step's noise, lest a stiff score throw the path out.
        """
        chain = self.chain()
        memory = np.exp(-0.5 * (chain.times[-1] - chain.times))
        limit = self.clip * np.sqrt(chain.variance) / chain.gain
        score = jax.grad(log_gamma)

        def hint(inputs: tuple[Features, Array, Array], x: Array) -> Array:
            _, memory, limit = inputs
            return jnp.clip(memory * (score(memory * x) + memory * x), -limit, limit)

        def control(inputs: tuple[Features, Array, Array], x: Array, hint: Array) -> Array:
            features, _, _ = inputs
            return network(features, x) + features.guide * hint

        times = network.features(jnp.asarray(chain.times / chain.times[-1], float))
        limit = jnp.asarray(np.append(limit, limit[-1]), float)
        return Side(control, (times, jnp.asarray(memory, float), limit), hint)

    def free(self, network: Network) -> Side:
        """v = NN: a backward control has no score to lean on."""
        chain = self.chain()
        return Side(
            lambda features, x, hint: network(features, x),
            network.features(jnp.asarray(chain.times / chain.times[-1], float)),
        )

    def reference(self) -> Side:
        """The reference chain itself as the backward side."""
        return Side(no_control, jnp.zeros(self.steps + 1))

    def improve_forward(
        self,
        optimiser: optax.GradientTransformation,
        trained: Trained,
        near_gaussian: Bool[Array, ""],
        problem: Problem,
    ) -> tuple[Trained, Trace]:
        """One step of the forward control towards the target with the problem's backward paths."""
        paths = problem.batch.start.shape[0]

        def by(loss: Loss) -> Callable[[Trained], tuple[Trained, Trace]]:
            def step(trained: Trained) -> tuple[Trained, Trace]:
                (_, weights), gradient = jax.value_and_grad(loss, has_aux=True)(trained.network, problem)
                network, memory, step = descend(optimiser, trained.network, trained.memory, gradient)
                spent = evals(gradients=paths * loss.gradients(self.steps), values=paths * loss.values)
                return Trained(network, memory), _trace(jnp.mean(weights), step, spent)

            return step

        return jax.lax.cond(near_gaussian, by(self.loss_near_gaussian), by(self.loss), trained)

    def problem(self, backward: Side, log_gamma: LogProb, batch: Batch) -> Problem:
        """What the forward control is trained on."""
        return Problem(
            self.chain(), lambda network: self.guided(network, log_gamma), backward, log_gamma, batch
        )

    def improve_backward(
        self, optimiser: optax.GradientTransformation, trained: Trained, forward: Side, batch: Batch
    ) -> tuple[Trained, Trace]:
        """One step up the likelihood of backward kernels on the forward side's own paths."""
        chain = self.chain()
        paths = jax.vmap(lambda start, noise: simulate(chain, forward, start, noise).x)(*batch)

        def loss(network: Network) -> Array:
            side = self.free(network)
            return -jnp.mean(jax.vmap(lambda points: backward_log_likelihood(chain, side, points))(paths))

        value, gradient = jax.value_and_grad(loss)(trained.network)
        network, memory, step = descend(optimiser, trained.network, trained.memory, gradient)
        spent = evals(gradients=batch.start.shape[0] * self.steps)
        return Trained(network, memory), _trace(-value, step, spent)

    def draw(
        self,
        key: PRNGKeyArray,
        n: int,
        forward: Side,
        backward: Side,
        coordinates: Affine,
        log_gamma: LogProb,
    ) -> Draws:
        """n independent weighted draws, a batch at a time."""
        chain, dim = self.chain(), coordinates.loc.shape[0]

        def one(key: PRNGKeyArray) -> tuple[Array, Array]:
            drawn = normal(key, (self.steps + 1, dim))
            return run(chain, forward, backward, log_gamma, log_standard_normal, drawn[0], drawn[1:])

        # Whole blocks where n allows: a remainder would be compiled a second time.
        block = max(size for size in range(1, min(256, n) + 1) if n % size == 0)
        block = block if block > 16 else min(256, n)
        ends, weights = jax.lax.map(one, jax.random.split(key, n), batch_size=block)
        spent = evals(values=n, gradients=n * self.steps)
        return Draws(coordinates.forward(ends)[:, None], weights[:, None], None, spent, {})


def _trace(objective: Array, step: Step, spent: Evals) -> Trace:
    return Trace(spent, {"objective": objective, "gradient_norm": step.norm, "skipped": step.skipped})
