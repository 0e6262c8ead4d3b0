"""Draws as values of the parameters that a user has named, and how one process hands them to another."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks.adapters.model import Model
from bridgemark.benchmarks.advise.resampling import systematic
from bridgemark.benchmarks.scores.host_draws import HostDraws
from bridgemark.benchmarks.scores.weighted_sample import normalised_weights

MAX_NUMBERS = 10_000_000  # of all parameters at all draws, 80 MB; of more, draws are left out
NUMBERS = "biuf"  # kinds of NumPy arrays that a parameter may be


class NamedDraws(NamedTuple):
    """Draws in the space of the user's parameters, chain by chain.

    Attributes:
        values: the values (chains, length, ...) of each parameter by name.
        log_weights: log weights of the draws; None where all weigh the same.
        step: every so many-th draw of a chain is here; 1 unless all together would be too many numbers.
    """

    values: Mapping[str, np.ndarray]
    log_weights: Float[np.ndarray, "chains length"] | None
    step: int


def name_draws(model: Model, draws: HostDraws) -> NamedDraws:
    """Map draws of a model to its parameters. Independent draws become one chain.

    This calls code of the user's.
    """
    x, log_weights = draws.x, draws.log_weights
    unresampled = draws.unresampled_log_weights()
    if unresampled is not None:
        x, log_weights = x.reshape(1, draws.size, -1), unresampled[None, :]
    numbers = draws.size * sum(array.size for array in model.parameters(x[:1, :1]).values())
    step = max(1, math.ceil(numbers / MAX_NUMBERS))
    thinned = None if log_weights is None else log_weights[:, ::step]
    return NamedDraws(model.parameters(x[:, ::step]), thinned, step)


def save(path: Path, draws: NamedDraws) -> None:
    """Write draws as a NumPy archive. Names are values in it, because they can be any text."""
    arrays: dict[str, Any] = {f"value_{k}": array for k, array in enumerate(draws.values.values())}
    if draws.log_weights is not None:
        arrays["log_weights"] = draws.log_weights
    np.savez(path, names=np.array(list(draws.values), dtype=np.str_), step=draws.step, **arrays)


def load(path: Path) -> NamedDraws:
    """Read what `save` wrote. Raises OSError, ValueError or KeyError for a file that is something else."""
    with np.load(path, allow_pickle=False) as archive:
        names = [str(name) for name in archive["names"]]
        values = {name: archive[f"value_{k}"] for k, name in enumerate(names)}
        log_weights = archive["log_weights"] if "log_weights" in archive.files else None
        step = int(archive["step"])
    leading = {array.shape[:2] for array in (*values.values(), log_weights) if array is not None}
    if len(leading) != 1 or any(array.dtype.kind not in NUMBERS for array in values.values()):
        raise ValueError("parameters must be numbers at equally many draws")
    return NamedDraws(values, log_weights, step)


def resampled(draws: NamedDraws) -> NamedDraws:
    """As many draws of equal weight, by systematic resampling, as one chain; those of equal weight stay.

    Draws that are repeated follow each other, so that an effective size counts them as dependent.
    """
    if draws.log_weights is None:
        return draws
    chosen = systematic(normalised_weights(draws.log_weights.ravel()), draws.log_weights.size)
    values = {name: array.reshape(-1, *array.shape[2:])[chosen][None] for name, array in draws.values.items()}
    return NamedDraws(values, None, draws.step)
