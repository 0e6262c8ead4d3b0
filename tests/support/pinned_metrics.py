"""Every metric, floor and error of made-up draws of made-up targets, by the present definitions.

`python -m support.pinned_metrics`, in the folder `tests`, writes them to a file that a test compares with.
"""

import json
import pkgutil
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import jax
import numpy as np
from scipy.special import ndtri

from bridgemark.benchmarks import scores
from bridgemark.benchmarks.scores import distances, metrics
from bridgemark.benchmarks.scores.metrics import Evaluation, evaluate
from bridgemark.targets.base import Target

from support.scored import KEY, draws_of, gaussian
from support.small_targets import with_joint

FILE = Path(__file__).parents[1] / "benchmarks" / "scores" / "pinned_metrics.json"
PAIRED = 60  # points of the costly distances here, which take minutes for as many as a row has
DIGITS = 10


def constants() -> dict[str, float]:
    """The numbers that the modules of `scores` name, such as thresholds and sizes."""
    numbers = {}
    for module in pkgutil.iter_modules(scores.__path__, f"{scores.__name__}."):
        for name, value in vars(import_module(module.name)).items():
            if name.isupper() and isinstance(value, int | float) and module.name != metrics.__name__:
                numbers[f"{module.name.rpartition('.')[2]}.{name}"] = value
    return dict(sorted(numbers.items()))


def normal(chains: int, length: int, dim: int) -> np.ndarray:
    """Even points whose distribution is near N(0, I), (chains, length, dim), without random numbers."""
    index = np.arange(1, chains * length + 1)[:, None]
    uniform = (index * np.sqrt([2.0, 3.0, 5.0, 7.0])[:dim]) % 1.0
    return ndtri(uniform).reshape(chains, length, dim)


def chains(count: int, length: int, dim: int) -> np.ndarray:
    """Autoregressive chains, each around another centre."""
    x = normal(count, length, dim)
    for t in range(1, length):
        x[:, t] += 0.7 * x[:, t - 1]
    return x + 0.2 * np.arange(count)[:, None, None]


def posterior() -> Target:
    """The Gaussian as a posterior, for which the classifier is trained, too."""
    target = gaussian(name="pinned-posterior")
    joint = with_joint(2, target.density.log_prob).density.joint
    return replace(target, density=replace(target.density, joint=joint, y=np.ones(2)))


def _score(target: Target, draws: object, **options: object) -> Evaluation:
    return evaluate(target, draws, 300, 100, 3.0, 1.0, KEY, **options)  # pyright: ignore


def weighted() -> Evaluation:
    """Independent weighted draws, and paths that run backwards from exact draws."""
    x = 0.3 + 1.2 * normal(200, 1, 2)
    log_weights = 0.1 + np.sum(0.3 * x - 0.1 * x**2, axis=2)
    forward = 0.2 - 0.05 * np.sum(normal(150, 1, 2) ** 2, axis=(1, 2))
    return _score(gaussian(name="pinned-weighted"), draws_of(x, log_weights), forward_log_weights=forward)


def markov_chains() -> Evaluation:
    """Four Markov chains."""
    return _score(gaussian(dim=3, name="pinned-chains"), draws_of(chains(4, 80, 3)))


def resampled() -> Evaluation:
    """Four runs of particles on a target without exact draws."""
    draws = draws_of(0.9 * normal(4, 50, 2), None, [0.1, -0.05, 0.02, 0.2])
    return _score(gaussian(exact=False, name="pinned-resampled"), draws)


def costly() -> Evaluation:
    """As many draws of a posterior as the costly distances need."""
    with patch.object(distances, "MAX_PAIRED", PAIRED):
        return _score(posterior(), draws_of(0.5 + normal(PAIRED, 1, 2)), with_costly=True)


CASES = {"weighted": weighted, "chains": markov_chains, "resampled": resampled, "costly": costly}


def rounded(evaluation: Evaluation) -> dict[str, dict[str, float | None]]:
    """The numbers of an evaluation to DIGITS significant digits."""
    groups = {}
    for group, numbers in vars(evaluation).items():
        groups[group] = {
            name: None if number is None else float(f"{number:.{DIGITS - 1}e}")
            for name, number in sorted(numbers.items())
        }
    return groups


def main() -> None:
    """Write the file."""
    with jax.numpy_rank_promotion("allow"):
        cases = {name: rounded(case()) for name, case in CASES.items()}
    content = {"version": metrics.VERSION, "constants": constants(), "cases": cases}
    FILE.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
