"""What a sampler must pass before it may rank: each check says what went wrong, or None."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import jax
import numpy as np

from bridgemark.benchmarks.certificates import counting, replicates
from bridgemark.benchmarks.certificates.replicates import (
    BARE,
    BRIEF,
    SEVERAL,
    TINY,
    Bench,
    Replicates,
    gaussian,
    reduced,
    skewed,
)
from bridgemark.benchmarks.certificates.statistical_tests import (
    NotJudged,
    bounded,
    honest,
    independent,
    retraced,
    unbiased,
)
from bridgemark.benchmarks.rows.cost import Cost, in_gradients, spent, total
from bridgemark.benchmarks.sweep.programs import with_exact_draws
from bridgemark.samplers.base import Evals, Sampler
from bridgemark.targets.base import Target


class Trial:
    """A sampler on its bench: what several checks look at is run once."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    @cached_property
    def gaussian(self) -> Replicates:
        """On the linear-Gaussian posterior."""
        return replicates.replicate(reduced(self.sampler, BRIEF), gaussian())

    @cached_property
    def skewed(self) -> Replicates:
        """On the skewed target in two dimensions."""
        return replicates.replicate(reduced(self.sampler, BRIEF), skewed(2))

    @cached_property
    def exchanged(self) -> Replicates:
        """In double precision, on the skewed target with its coordinates exchanged."""
        with jax.enable_x64(True):
            return replicates.replicate(reduced(self.sampler, BRIEF), skewed(2, exchanged=True))

    @cached_property
    def tiny(self) -> Bench:
        """Programs so small that everything about them can be done again."""
        return Bench(self.small, gaussian())

    @cached_property
    def small(self) -> Sampler:
        """The sampler at its smallest."""
        return reduced(self.sampler, TINY)


def repeatable(trial: Trial) -> str | None:
    """The same keys give the same draws, other keys others, in both phases."""
    first, again = trial.tiny.run(), trial.tiny.run()
    if not all(map(np.array_equal, first.draws, again.draws)):
        return "the same keys gave other draws"
    if np.isin(first.draws[0], trial.tiny.run(sample_seed=3).draws[0]).any():
        return "another key for sampling gave some of the same draws"
    other = trial.tiny.run(fit_seed=3)
    if first.state and all(map(np.array_equal, first.state, other.state)):
        return "another key for fitting gave the same state"
    return None


def no_key_inside(trial: Trial) -> str | None:
    """No key is made of a number inside: it would be the same for every seed."""
    target = gaussian()
    sampler = with_exact_draws(trial.small, target.sample)
    key = jax.eval_shape(lambda: jax.random.key(0))
    fit = jax.make_jaxpr(lambda key: sampler.fit(key, target.density), return_shape=True)(key)
    sample = jax.make_jaxpr(lambda key, state: sampler.sample(key, target.density, state, 10))(
        key, fit[1].state
    )
    made = "random_seed" in str(fit[0]) or "random_seed" in str(sample)
    return "a key is made inside, the same for every seed" if made else None


def counted(trial: Trial) -> str | None:
    """Evaluations declared are those that a counting target sees, within 1 %, phase by phase."""
    tally = counting.Tally()
    target, kept = counted_target(gaussian(), tally), jax.checkpoint
    jax.checkpoint = lambda function, **_: function  # what is recomputed to save memory is no evaluation
    try:
        return _miscounted(Bench(trial.small, target), tally)
    finally:
        jax.checkpoint = kept


def counted_target(target: Target, tally: counting.Tally) -> Target:
    """The same target, whose density counts its evaluations."""
    return replace(target, density=counting.counting(target.density, tally))


def _miscounted(bench: Bench, tally: counting.Tally) -> str | None:
    fit = jax.block_until_ready(bench.fit(jax.random.key(1)))
    complaint = _compare("fit", fit.evals, tally)
    tally.values = tally.gradients = tally.simulations = 0
    _, draws = jax.block_until_ready(bench.sample(jax.random.key(2), fit.state))
    return complaint or _compare("sample", draws.evals, tally)


def _compare(phase: str, declared: Evals, tally: counting.Tally) -> str | None:
    jax.effects_barrier()
    seen = (tally.values, tally.gradients, tally.simulations)
    said = tuple(vars(total(declared)).values())
    if all(abs(one - other) <= 0.01 * other for one, other in zip(said, seen, strict=True)):
        return None
    return f"{phase} declares {said} values, gradients, simulations; {seen} were made"


def executed(trial: Trial) -> str | None:
    """Raises NotJudged, to say how many evaluations are made for each that is declared.

    More than one where memory is saved by making some again, and where chains wait for the longest.
    """
    tally = counting.Tally()
    bench = Bench(reduced(trial.sampler, TINY | SEVERAL), counted_target(gaussian(), tally))
    run = bench.run()
    jax.effects_barrier()
    made = in_gradients(Cost(values=tally.values, gradients=tally.gradients, simulations=tally.simulations))
    declared = spent(total(run.fit_evals), total(run.sample_evals))
    raise NotJudged(f"{made / declared:.2f} for each that is counted")


def compiled(trial: Trial) -> str | None:
    """Compiled or not, the draws are the same up to rounding."""
    bench = Bench(reduced(trial.sampler, BARE), gaussian(), draws=4)
    with jax.disable_jit():
        plain = bench.run()
    quick = bench.run()
    close = [np.allclose(a, b, rtol=0.02, atol=0.02) for a, b in zip(plain.draws, quick.draws, strict=True)]
    return None if all(close) else "compiled and uncompiled draws differ"


def one_dimension(trial: Trial) -> str | None:
    """A target on the line gives finite draws and weights."""
    run = Bench(reduced(trial.sampler, TINY), skewed(1)).run()
    finite = all(np.isfinite(part).all() for part in run.draws)
    return None if finite else "draws or weights in one dimension are not finite"


EXECUTED = "executed work"
Check = Callable[[Trial], str | None]
# Two halves that take about as long; what shares runs stays together.
PARTS: tuple[dict[str, Check], ...] = (
    {
        "unbiased on a Gaussian": lambda trial: unbiased(trial.gaussian),
        "ELBO at most log Z": lambda trial: bounded(trial.gaussian),
        "EUBO at least log Z": lambda trial: retraced(trial.gaussian),
        "independent chains": lambda trial: independent(trial.gaussian),
        "honest effective size": lambda trial: honest(trial.gaussian),
        "unbiased in float64, coordinates exchanged": lambda trial: unbiased(trial.exchanged),
        "one dimension": one_dimension,
    },
    {
        "unbiased on a skewed target": lambda trial: unbiased(trial.skewed),
        "ELBO at most log Z, skewed target": lambda trial: bounded(trial.skewed),
        "repeatable": repeatable,
        EXECUTED: executed,
        "no key inside": no_key_inside,
        "counts true": counted,
        "jit or no jit": compiled,
    },
)
CHECKS = {name: check for part in PARTS for name, check in part.items()}
