"""The denoising diffusion sampler as published, with its tuned settings: one named variant a target."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PRNGKeyArray

from bridgemark.samplers.base import evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, Kernels
from bridgemark.samplers.pathspace.control import Network, score
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.losses import Loss, ReverseKL
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, Hint, Law, steered
from bridgemark.samplers.pathspace.pilot import Pilot
from bridgemark.targets.base import Density, LogProb

SHIFT = 0.008  # of the cosine schedule
LEAST_STEP = 1e-4  # the published schedule ends with a step of zero length, which no kernel has


@dataclass(frozen=True, kw_only=True)
class DDSPaper(LossSampler):
    """DDS as its authors ran it (Vargas, Grathwohl, Doucet 2023): raw coordinates, tuned for one target.

    N(0, sigma^2 I) is the reference; a step keeps the share 1 - alpha_k of the variance, with
    sqrt(alpha_k) = rate sqrt(Delta_k), Delta_k proportional to a fourth power of a cosine and of sum
    `horizon`. Control NN(t, x) + s(t) grad log gamma(x), entries of the score clipped to 100, both parts
    zero at first; reverse KL without sticking the landing. `only` is the target it was tuned for.
    """

    only: str
    sigma: float
    rate: float
    horizon: float = 6.4
    steps: int = 128
    updates: int = 11_000
    batch: int = 300
    learning_rate: float = 1e-4
    decay: float = 1.0  # of the learning rate, every 50 updates
    clip: float = 100.0
    loss: Loss = ReverseKL(stick=False)
    loss_one_basin: Loss = ReverseKL(stick=False)
    pilot: int = 0

    def serves(self) -> tuple[str, ...]:
        return (self.only,)

    def find_coordinates(self, key: PRNGKeyArray, density: Density) -> Pilot:
        dim = density.dim
        coordinates = Affine(jnp.zeros(dim), jnp.full(dim, self.sigma))
        return Pilot(coordinates, jnp.asarray(False), jnp.zeros(()), evals(), {})

    def updates_for(self, dim: int) -> int:
        return self.updates

    def batch_size(self, dim: int) -> int:
        return self.batch

    def optimiser(self, density: Density) -> optax.GradientTransformation:
        schedule = optax.exponential_decay(self.learning_rate, 50, self.decay, staircase=True)
        return optax.chain(optax.clip(1.0), optax.adam(schedule))

    def chain(self) -> Chain:
        """alpha_k as published; times are those of dX = -X/2 dt + dW."""
        phase = (np.arange(self.steps) / max(self.steps - 1, 1) + SHIFT) / (1 + SHIFT)
        shares = np.cos(0.5 * np.pi * phase) ** 4
        alpha = np.clip(self.rate**2 * self.horizon * shares / np.sum(shares), LEAST_STEP, 1.0 - 1e-6)
        lost = -np.expm1(0.5 * np.log1p(-alpha))
        kernels = Kernels(lost, 2.0 * lost, alpha)
        times = np.append(0.0, np.cumsum(-np.log1p(-alpha)))
        return Chain(times, kernels, kernels, log_standard_normal, log_standard_normal)

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width)

    def law(self, networks: Network, log_gamma: LogProb) -> Law:
        chain = self.chain()

        def control(features: Any, x: Array, hint: Array) -> Array:
            clipped = jnp.clip(hint / self.sigma, -self.clip, self.clip) * self.sigma
            return networks(features, x).control + features.lean * clipped

        ahead = steered(control, networks.features(chain.times))
        return Law(chain, Hint(score(log_gamma), None), ahead, NO_CONTROL, log_standard_normal)


SAMPLERS = {
    "dds-paper-funnel": DDSPaper(only="funnel-10", sigma=1.075, rate=0.6875, learning_rate=5e-3, decay=0.95),
    "dds-paper-ionosphere": DDSPaper(only="ionosphere-35", sigma=0.3, rate=1.075),
    "dds-paper-sonar": DDSPaper(only="sonar-61", sigma=0.3, rate=1.2),
    "dds-paper-lgcp": DDSPaper(only="lgcp-1600-rescaled", sigma=2.1, rate=0.75),
}
