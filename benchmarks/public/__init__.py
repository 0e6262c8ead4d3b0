"""bridgemark: an honest benchmark of sampling algorithms.

Sampling algorithms of different natures (diffusion samplers, Schrödinger bridges, sequential Monte Carlo,
Markov chains) run on the same targets behind one interface, at counted cost, and are scored against known
truths.

The pieces:

- `Target` is a `Density` with a name and what is known of it: the `Truth` of log Z, known expectations
  (`Statistic`), `Modes`, exact draws. A density has a `Base`, a normalised distribution to start from;
  `gaussian_base` makes one.
- `Sampler` is an algorithm: `fit` adapts or trains and returns a `Fit`, `sample` returns `Draws`. Both report
  with `evals` what they spent, and raise `Unsupported` where a density lacks what they need.
- `run` fits, draws, times and scores one sampler on one target in this process; `evaluate` scores draws that
  you have already. `get_sampler` and `get_target` look up what is registered.
- `bridgemark.targets`, `bridgemark.samplers` and `bridgemark.benchmarks` are the packages behind them.

Example:
    >>> import bridgemark
    >>> nuts, gmm9 = bridgemark.get_sampler("nuts"), bridgemark.get_target("gmm9")
    >>> row = bridgemark.run(nuts, gmm9, draws=1_000)
    >>> row.status
    'ok'

The command line has the rest: `bridgemark --help`, or `python -m bridgemark --help`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridgemark import benchmarks, samplers, targets
    from bridgemark.benchmarks.in_process import evaluate, get_sampler, get_target, run
    from bridgemark.samplers.base import Draws, Evals, Fit, Sampler, Unsupported, add_evals, evals
    from bridgemark.targets.base import (
        About,
        Alias,
        Base,
        Density,
        Joint,
        Modes,
        Statistic,
        Target,
        Truth,
        gaussian_base,
    )

_HOMES = {
    "bridgemark.benchmarks.in_process": ("evaluate", "get_sampler", "get_target", "run"),
    "bridgemark.samplers.base": ("Draws", "Evals", "Fit", "Sampler", "Unsupported", "add_evals", "evals"),
    "bridgemark.targets.base": (
        *("About", "Alias", "Base", "Density", "Joint", "Modes"),
        *("Statistic", "Target", "Truth", "gaussian_base"),
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
_PACKAGES = ("benchmarks", "samplers", "targets")

__all__ = [
    "About",
    "Alias",
    "Base",
    "Density",
    "Draws",
    "Evals",
    "Fit",
    "Joint",
    "Modes",
    "Sampler",
    "Statistic",
    "Target",
    "Truth",
    "Unsupported",
    "add_evals",
    "benchmarks",
    "evals",
    "evaluate",
    "gaussian_base",
    "get_sampler",
    "get_target",
    "run",
    "samplers",
    "targets",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for.

    JAX takes seconds to import and reads its settings then, so the command line must be able to import this
    package without it.
    """
    if name in _PACKAGES:
        return import_module(f"bridgemark.{name}")
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'bridgemark' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
