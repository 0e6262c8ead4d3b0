"""What kind of sampler or target something is: read off the registered entry, or else off its rows."""

from collections.abc import Sequence

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target

# What samplers that are built on each folder of shared code have in common.
NATURES = {"pathspace": "learnt paths", "annealed": "particles", "mcmc": "Markov chains"}
# What a sampler is whose rows have one of these numbers, the first that applies.
NATURES_BY_SCORE = {
    columns.R_HAT_MAX: "Markov chains",
    columns.ELBO: "weighted draws",
    columns.LOG_Z: "particles",
}
MIXTURE, POSTERIOR, DENSITY = "mixture", "posterior, base is its prior", "other density"
BANDS = ((10, "d ≤ 10"), (100, "10 < d ≤ 100"), (float("inf"), "d > 100"))  # by the largest dimension


def nature(sampler: Sampler | None, rows: Sequence[SummaryRow]) -> str:
    """The nature of a sampler, from the code that it shares or else from the scores of its summary rows.

    `sampler` is None where none is registered by that name.
    """
    if rows[0][columns.EXTERNAL]:
        return "external program"
    if sampler is not None and sampler.needs_exact_draws:
        return "exact draws"
    ancestors = [] if sampler is None else type(sampler).__mro__
    folders = [folder for ancestor in ancestors for folder in ancestor.__module__.split(".")]
    by_code = [NATURES[folder] for folder in folders if folder in NATURES]
    by_score = [
        name for score, name in NATURES_BY_SCORE.items() if any(row.get(score) is not None for row in rows)
    ]
    return next(iter([*by_code, *by_score]), "draws alone")


def family(target: Target | None) -> str:
    """The family of a target, from what is known of it; `target` is None where it is not registered."""
    if target is None:
        return DENSITY
    if target.modes is not None:
        return MIXTURE
    is_posterior = target.density.log_likelihood is not None or target.density.joint is not None
    return POSTERIOR if is_posterior else DENSITY


def band(dim: int) -> str:
    """The range of dimensions that a dimension is in."""
    return next(name for largest, name in BANDS if dim <= largest)
