"""The denoising diffusion sampler: paths from noise to the target, judged against a fixed noising chain."""

from dataclasses import dataclass

from jaxtyping import PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.control import Network, guided, score_hint
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, Law
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class DDS(LossSampler):
    """Denoising diffusion sampler for general targets (Vargas, Grathwohl, Doucet 2023).

    The backward kernels are the reference's own, so the horizon must be long enough for noise to
    forget the target: KL(N(0, I) || noised target) remains as an error however long one trains.
    """

    horizon: float = 4.0
    updates: int = 1_200
    learn_variance: bool = True

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width, spreads=self.learn_variance)

    def law(self, networks: Network, log_gamma: LogProb) -> Law:
        chain = self.chain()
        hint = score_hint(chain, log_gamma, self.clip)
        return Law(chain, hint, guided(networks, chain), NO_CONTROL, log_standard_normal)


SAMPLERS = {
    "dds": DDS(),
    "dds-plain": DDS(pilot=0, learn_variance=False),
    "dds-long": DDS(horizon=6.0, steps=128, updates=4_000),
}
