"""One sampler on one target in the present process: what `bridgemark.run` and `bridgemark.evaluate` do."""

import jax

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import choose, require_positive
from bridgemark.benchmarks.registry import choose_targets
from bridgemark.benchmarks.rows.cost import total
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.scores import metrics
from bridgemark.benchmarks.scores.metrics import Evaluation
from bridgemark.benchmarks.sweep.measure import run_seed
from bridgemark.benchmarks.sweep.plan import unfinished_row
from bridgemark.benchmarks.sweep.programs import compile_phases
from bridgemark.samplers.base import Draws, Sampler
from bridgemark.targets.base import Target


def get_sampler(name: str) -> Sampler:
    """The registered sampler of this name. Raises BadInput, with the nearest names, for an unknown one."""
    return choose("sampler", [name], registry.samplers())[name]


def get_target(name: str) -> Target:
    """The registered target of this name. Raises BadInput, with the nearest names, for an unknown one."""
    return registry.build(name, choose_targets([name], registry.targets())[name])


def run(sampler: Sampler, target: Target, draws: int = 1_000, seed: int = 0) -> Row:
    """Fit, draw, time and score one sampler on one target with one seed. Nothing is stored.

    The row is like the one that `bridgemark run` would store for this seed and number of draws, but without
    an identity: it depends on the settings of this process. What a sampler raises while it runs makes a
    failed row with a reason. Raises BadInput for a number of draws that is not positive, and what the sampler
    raises while it is traced and compiled.
    """
    require_positive(draws=draws)
    row = unfinished_row(_name_of(sampler), sampler, target, draws, seed)
    finished, _ = run_seed(compile_phases(sampler, target, draws), target, row, _ignore)
    return finished


def evaluate(target: Target, draws: Draws, seed: int = 0) -> Evaluation:
    """Score draws against what is known of the target: metrics, noise floors and standard errors by name.

    `seed` chooses the exact draws that distances compare with. The cost of fitting and the seconds are not
    known here, so effective sizes per gradient are those of drawing alone, and none is per second.
    """
    return metrics.evaluate(
        target,
        draws,
        fit_gradients=0,
        sample_gradients=total(draws.evals).gradients,
        fit_seconds=0.0,
        sample_seconds=0.0,
        key=jax.random.key(seed),
    )


def _name_of(sampler: Sampler) -> str:
    """The name under which an equal sampler is registered, or that of its class."""
    names = (name for name, registered in registry.samplers().items() if registered == sampler)
    return next(names, type(sampler).__name__)


def _ignore(**_: object) -> None:
    """Report no progress."""
