"""Tables of metrics and checks, made of the code that computes them when the documentation is built."""

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import jax
import jax.numpy as jnp

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates import certify_target, checks
from bridgemark.benchmarks.export.schema import meaning_of
from bridgemark.benchmarks.scores import metrics
from bridgemark.benchmarks.text import escape_bars, markdown_table
from bridgemark.samplers.base import Draws, evals

EXAMPLE, DRAWS = "gmm9", 100  # a target of which everything is known, so that every metric has a name for it


def metric_names() -> list[str]:
    """Names of the metrics that `evaluate` gives for a target of which everything is known."""
    target = registry.build(EXAMPLE, registry.targets()[EXAMPLE])
    x = target.density.base.sample(jax.random.key(0), DRAWS)[:, None]
    draws = Draws(x, jnp.zeros((DRAWS, 1)), log_z=None, evals=evals(), info={})
    evaluation = metrics.evaluate(
        target,
        draws,
        fit_gradients=0,
        sample_gradients=0,
        fit_seconds=0.0,
        sample_seconds=0.0,
        key=jax.random.key(0),
        with_costly=True,
    )
    return list(evaluation.metrics)


def metric_table() -> str:
    """A table of every metric, with its meaning."""
    lines = [[f"`{name}`", escape_bars(meaning_of(name))] for name in metric_names()]
    return markdown_table(("metric", "meaning"), lines)


def purpose(check: Any) -> str:
    """The docstring of a check, or of the first function with one that it calls."""
    called = [check.__globals__.get(name) for name in check.__code__.co_names]
    functions = [check, *(function for function in called if type(function) is FunctionType)]
    return next(filter(None, map(inspect.getdoc, functions)), "")


def check_list(battery: Mapping[str, Callable[..., str | None]]) -> str:
    """A list of the checks of a battery, and what each of them does."""
    return "\n".join(f"- **{name}**: {_in_words(purpose(check))}" for name, check in battery.items())


def _in_words(text: str) -> str:
    """A docstring on one line, for readers who run no code of the project."""
    return " ".join(text.split()).replace("Raises NotJudged", "Does not apply")


def sampler_checks() -> str:
    """The checks of samplers."""
    return check_list(checks.CHECKS)


def target_checks() -> str:
    """The checks of targets."""
    return check_list(certify_target.CHECKS)


PARTS: dict[str, Callable[[], str]] = {
    "metrics": metric_table,
    "checks of samplers": sampler_checks,
    "checks of targets": target_checks,
}
