"""The denoising diffusion sampler as published: one variant for every target that it was tuned for."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Limits, Sampler, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, Kernels
from bridgemark.samplers.pathspace.control import Features, Network, plain_score_guidance
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.losses import Loss, ReverseKL
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, PathMeasure, with_control
from bridgemark.samplers.pathspace.pilot import PilotResult
from bridgemark.targets.base import Density, LogProb

SCHEDULE_OFFSET = 0.008  # of the cosine schedule
SMALLEST_ALPHA = 1e-4  # the published schedule ends with a step of zero length, which no kernel has
LARGEST_ALPHA = 1.0 - 1e-6
DECAY_UPDATES = 50  # updates between two reductions of the learning rate


@dataclass(frozen=True, kw_only=True)
class DDSPaper(LossSampler):
    """DDS as its authors ran it (Vargas, Grathwohl, Doucet 2023): in raw coordinates, tuned for one target.

    The reference is N(0, sigma^2 I). A step keeps the share 1 - alpha_k of the variance, with
    sqrt(alpha_k) = rate sqrt(Delta_k), where Delta_k is proportional to the fourth power of a cosine and
    sums to `horizon`. The control is NN(t, x) + s(t) grad log gamma(x) with the entries of the score
    clipped to `clip`; both parts are zero before training. The loss is the reverse KL divergence without
    sticking the landing. The learning rate is multiplied by `decay` every 50 updates. `only` is the name
    of the target that the settings were tuned for.
    """

    only: str
    sigma: float
    rate: float
    horizon: float = 6.4
    steps: int = 128
    updates: int = 11_000
    batch: int = 300
    learning_rate: float = 1e-4
    decay: float = 1.0
    clip: float = 100.0
    loss: Loss = ReverseKL(sticking_the_landing=False)
    loss_one_basin: Loss = ReverseKL(sticking_the_landing=False)
    pilot: int = 0

    def serves(self) -> tuple[str, ...]:
        return (self.only,)

    def at_most(self, limits: Limits) -> Sampler:
        return replace(super().at_most(limits), batch=min(self.batch, limits.batch))

    def find_coordinates(self, key: PRNGKeyArray, density: Density) -> PilotResult:
        dim = density.dim
        coordinates = Affine(jnp.zeros(dim), jnp.full(dim, self.sigma))
        return PilotResult(coordinates, jnp.asarray(False), jnp.zeros(()), evals(), {})

    def updates_for(self, dim: int) -> int:
        return self.updates

    def batch_size(self, dim: int) -> int:
        return self.batch

    def optimiser(self, density: Density) -> optax.GradientTransformation:
        schedule = optax.exponential_decay(self.learning_rate, DECAY_UPDATES, self.decay, staircase=True)
        return optax.chain(optax.clip(1.0), optax.adam(schedule))

    def chain(self) -> Chain:
        """The chain of the published alpha_k; its times are those of dX = -X/2 dt + dW."""
        phase = (np.arange(self.steps) / max(self.steps - 1, 1) + SCHEDULE_OFFSET) / (1 + SCHEDULE_OFFSET)
        shares = np.cos(0.5 * np.pi * phase) ** 4
        alpha = np.clip(self.rate**2 * self.horizon * shares / np.sum(shares), SMALLEST_ALPHA, LARGEST_ALPHA)
        decay = -np.expm1(0.5 * np.log1p(-alpha))  # 1 - sqrt(1 - alpha)
        kernels = Kernels(decay, 2.0 * decay, alpha)
        times = np.append(0.0, np.cumsum(-np.log1p(-alpha)))
        return Chain(times, kernels, kernels, log_standard_normal, log_standard_normal)

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width)

    def path_measure(self, networks: Network, log_target: LogProb) -> PathMeasure:
        chain = self.chain()

        def control(features: Features, x: Float[Array, " dim"], score: Float[Array, " dim"]) -> Array:
            # The published limit is one of the score in raw coordinates, which is score / sigma.
            clipped_score = jnp.clip(score / self.sigma, -self.clip, self.clip) * self.sigma
            return networks(features, x).control + features.guidance_scale * clipped_score

        forward = with_control(control, networks.features(chain.times))
        guidance = plain_score_guidance(log_target)
        return PathMeasure(chain, guidance, forward, NO_CONTROL, log_standard_normal)


SAMPLERS = {
    "dds-paper-funnel": DDSPaper(only="funnel-10", sigma=1.075, rate=0.6875, learning_rate=5e-3, decay=0.95),
    "dds-paper-ionosphere": DDSPaper(only="ionosphere-35", sigma=0.3, rate=1.075),
    "dds-paper-sonar": DDSPaper(only="sonar-61", sigma=0.3, rate=1.2),
    "dds-paper-lgcp": DDSPaper(only="lgcp-1600-rescaled", sigma=2.1, rate=0.75),
}
