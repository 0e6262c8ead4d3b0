"""What a family of samplers has returned for a model, and how one process hands it to another."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.benchmarks.scores.host_draws import HostDraws
from bridgemark.benchmarks.scores.weighted_sample import WeightedSample


class FamilyDraws(NamedTuple):
    """Draws of a family, and what was computed at them.

    Attributes:
        draws: the draws in double precision, in chains or runs.
        log_prob: the log density of the model at the draws.
        gradient: its gradient there.
        log_z: an estimate of log Z that the draws themselves do not hold, as that of bridge sampling.
        divergences: divergent transitions of Markov chains; None for a family without any.
        forward_log_weights: log weights of paths that end at draws of the chains, for an upper bound of
            log Z; None for a family without such paths.
    """

    draws: HostDraws
    log_prob: Float[np.ndarray, "chains length"]
    gradient: Float[np.ndarray, "chains length dim"]
    log_z: Estimate | None = None
    divergences: int | None = None
    forward_log_weights: Float[np.ndarray, " n"] | None = None

    @property
    def are_chains(self) -> bool:
        """Whether the draws are Markov chains, whose autocorrelation tells how precise they are."""
        return self.draws.log_weights is None

    def weighted_sample(self) -> WeightedSample:
        """The draws of all chains in one list, with weights that sum to 1."""
        return self.draws.weighted_sample()

    def batch_starts(self) -> Int[np.ndarray, " batches"]:
        """First indices of batches of draws that are nearly independent of each other."""
        return self.draws.batch_starts()

    def is_finite(self) -> bool:
        """Whether all draws, and the density and gradient at them, are numbers."""
        arrays = (self.draws.x, self.log_prob, self.gradient)
        return self.draws.nan_fraction() == 0 and all(np.isfinite(array).all() for array in arrays)


def save(path: Path, family: FamilyDraws) -> None:
    """Write what a family has returned as a NumPy archive; what is unknown is left out."""
    arrays: dict[str, Any] = {
        "x": family.draws.x,
        "log_weights": family.draws.log_weights,
        "run_log_z": family.draws.log_z,
        "log_prob": family.log_prob,
        "gradient": family.gradient,
        "log_z": family.log_z,
        "divergences": family.divergences,
        "forward_log_weights": family.forward_log_weights,
    }
    present: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
    np.savez(path, **present)


def load(path: Path) -> FamilyDraws:
    """Read what `save` wrote. Raises OSError, ValueError or KeyError for a file that is something else."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    log_z, divergences = arrays.get("log_z"), arrays.get("divergences")
    return FamilyDraws(
        HostDraws(arrays["x"], arrays.get("log_weights"), arrays.get("run_log_z")),
        arrays["log_prob"],
        arrays["gradient"],
        None if log_z is None else Estimate(float(log_z[0]), float(log_z[1])),
        None if divergences is None else int(divergences),
        arrays.get("forward_log_weights"),
    )
