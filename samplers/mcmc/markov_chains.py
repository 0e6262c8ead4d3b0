"""The sizes of samplers that run several Markov chains: how many, and how long they warm up."""

from dataclasses import dataclass, replace

from bridgemark.samplers.base import Limits, Sampler, scaled_size

LEAST_WARM_UP = 20  # iterations: fewer tune nothing


@dataclass(frozen=True, kw_only=True)
class MarkovChains(Sampler):
    """Several Markov chains that start at draws of the base; `fit` tunes them in `warm_up` iterations."""

    chains: int = 4
    warm_up: int = 1_000

    def scaled(self, effort: float) -> Sampler:
        return replace(self, warm_up=scaled_size(self.warm_up, effort, LEAST_WARM_UP))

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            self, chains=min(self.chains, limits.chains), warm_up=min(self.warm_up, limits.warm_up)
        )
