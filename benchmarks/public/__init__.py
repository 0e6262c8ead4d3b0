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
- `from_jax`, `from_numpy`, `from_numpyro`, `from_pymc` and `from_bridgestan` make a `Model` of a posterior
  that you have already: a density, and its parameters by name. Their supports are `Real`, `Positive`,
  `Interval`, `Simplex`, `Ordered` and `Correlation`. `find_model` brings the model in a file.
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
    from bridgemark.benchmarks.adapters.find_model import find_model
    from bridgemark.benchmarks.adapters.from_bridgestan import from_bridgestan
    from bridgemark.benchmarks.adapters.from_jax import from_jax
    from bridgemark.benchmarks.adapters.from_numpy import from_numpy
    from bridgemark.benchmarks.adapters.from_numpyro import from_numpyro
    from bridgemark.benchmarks.adapters.from_pymc import from_pymc
    from bridgemark.benchmarks.adapters.model import Model
    from bridgemark.benchmarks.adapters.supports import (
        Correlation,
        Interval,
        Ordered,
        Positive,
        Real,
        Simplex,
        Support,
    )
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

_ADAPTERS = "bridgemark.benchmarks.adapters"
_HOMES = {
    **{
        f"{_ADAPTERS}.{name}": (name,)
        for name in ("find_model", "from_bridgestan", "from_jax", "from_numpy", "from_numpyro", "from_pymc")
    },
    f"{_ADAPTERS}.model": ("Model",),
    f"{_ADAPTERS}.supports": ("Correlation", "Interval", "Ordered", "Positive", "Real", "Simplex", "Support"),
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
    "Correlation",
    "Density",
    "Draws",
    "Evals",
    "Fit",
    "Interval",
    "Joint",
    "Model",
    "Modes",
    "Ordered",
    "Positive",
    "Real",
    "Sampler",
    "Simplex",
    "Statistic",
    "Support",
    "Target",
    "Truth",
    "Unsupported",
    "add_evals",
    "benchmarks",
    "evals",
    "evaluate",
    "find_model",
    "from_bridgestan",
    "from_jax",
    "from_numpy",
    "from_numpyro",
    "from_pymc",
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
