"""The denoising diffusion sampler: paths from noise to the target, scored against a fixed noising chain."""

from dataclasses import dataclass

from jaxtyping import PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.control import Network, score_guidance, score_guided
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.losses import TrajectoryBalance
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, PathMeasure
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class DDS(LossSampler):
    """Denoising diffusion sampler (Vargas, Grathwohl, Doucet 2023), for targets of any kind.

    The backward kernels are those of the reference chain, so the horizon must be long enough for noise to
    forget the target: KL(N(0, I) || noised target) remains as an error however long one trains. With
    `learn_variance` the forward kernels learn their variances, too.
    """

    horizon: float = 4.0
    updates: int = 1_200
    learn_variance: bool = True

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width, log_scales=self.learn_variance)

    def path_measure(self, networks: Network, log_target: LogProb) -> PathMeasure:
        chain = self.chain()
        guidance = score_guidance(chain, log_target, self.clip)
        return PathMeasure(chain, guidance, score_guided(networks, chain), NO_CONTROL, log_standard_normal)


SAMPLERS = {
    "dds": DDS(),
    "dds-plain": DDS(pilot=0, learn_variance=False),
    "dds-long": DDS(horizon=6.0, steps=128, updates=4_000),
    "dds-tb": DDS(loss=TrajectoryBalance(), loss_one_basin=TrajectoryBalance()),
}
