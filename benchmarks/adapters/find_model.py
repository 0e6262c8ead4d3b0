"""Finds the model in a file of a user's: a plain Python file, or a Stan program."""

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import numpy as np

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.adapters.from_bridgestan import from_bridgestan
from bridgemark.benchmarks.adapters.from_jax import from_jax
from bridgemark.benchmarks.adapters.from_numpy import from_numpy
from bridgemark.benchmarks.adapters.from_numpyro import from_numpyro
from bridgemark.benchmarks.adapters.from_pymc import from_pymc
from bridgemark.benchmarks.adapters.model import UNKNOWN_CONSTANT, Model
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.providers import load_plugin
from bridgemark.targets.base import Density, Target

Finds: TypeAlias = dict[str, Callable[[], Model]]  # what makes a model, by what it is called

IMPORTS_JAX = re.compile(r"^\s*(import|from) jax\b", re.MULTILINE)
SETTINGS = ("dim", "parameters", "prior", "base")  # variables of a file that are arguments of `from_jax`
WHAT_TO_WRITE = (
    "give it a function log_prob with dim = 3 or parameters = {...}, a Density, a pymc.Model, or a NumPyro "
    "model called model whose arguments are variables of the file"
)


def find_model(path: str | Path) -> Model:
    """The model in a Python file, or in a Stan program with its data in a JSON file of the same name.

    A Python file may have, and is searched in this order for: a `Model`, `Density` or `Target`; a dict
    TARGETS with one entry; a `pymc.Model`; a function `log_prob` with `dim` or `parameters`, and perhaps
    `gradient`, `prior` and `base`, in JAX or in NumPy; a NumPyro model called `model`, whose arguments are
    variables of the file. `origin` of the result says what was there.

    This runs the code of the file, so that it must be called only in a process that has limits of time and
    memory, as that of a cell. Raises BadInput for a file that is broken, has no model, or has several.
    """
    path = Path(path)
    if path.suffix == ".stan":
        return _stan_program(path)
    module = load_plugin(path)
    for search in (_records, _registered, _pymc_models, _log_prob, _numpyro_model):
        models = search(module)
        if len(models) > 1:
            raise BadInput(f"{path} has several models, {', '.join(models)}; leave one of them in it")
        for what, bring in models.items():
            return replace(bring(), origin=f"{what} in {path.name}")
    raise BadInput(f"{path} has no model; {WHAT_TO_WRITE}")


def _stan_program(path: Path) -> Model:
    names = (path.with_suffix(".json"), path.with_suffix(".data.json"))
    data = next((file for file in names if file.is_file()), None)
    model = from_bridgestan(path, data)
    return replace(model, origin=f"{model.origin} with {'no data' if data is None else data.name}")


def _records(module: ModuleType) -> Finds:
    """Variables that are a record of bridgemark's."""
    models: Finds = {}
    for name, value in vars(module).items():
        match value:
            case Model():
                models[f"the Model {name}"] = partial(_as_it_is, value)
            case Density():
                models[f"the Density {name}"] = partial(_from_density, value)
            case Target():
                models[f"the Target {name}"] = partial(_from_density, value.density)
    return models


def _registered(module: ModuleType) -> Finds:
    """Entries of a dict TARGETS, as a plug-in has."""
    targets = vars(module).get("TARGETS", {})
    return {f"the target {name}": partial(_from_builder, name, build) for name, build in targets.items()}


def _pymc_models(module: ModuleType) -> Finds:
    """Variables that are PyMC models; the file has imported PyMC where there is one."""
    pymc = sys.modules.get("pymc")
    if pymc is None:
        return {}
    models = {name: value for name, value in vars(module).items() if isinstance(value, pymc.Model)}
    return {f"the PyMC model {name}": partial(from_pymc, value) for name, value in models.items()}


def _log_prob(module: ModuleType) -> Finds:
    """A function `log_prob`: in JAX where the file imports JAX and has no gradient, and else in NumPy."""
    variables = vars(module)
    if "log_prob" not in variables:
        return {}
    function, gradient = variables["log_prob"], variables.get("gradient")
    settings = {name: variables[name] for name in SETTINGS if name in variables}
    if gradient is None and IMPORTS_JAX.search(inspect.getsource(module)):
        return {"the JAX function log_prob": lambda: from_jax(function, **settings)}
    return {"the NumPy function log_prob": lambda: from_numpy(function, gradient, **settings)}


def _numpyro_model(module: ModuleType) -> Finds:
    """A function `model`, called with the variables of the file that are named as its arguments."""
    variables = vars(module)
    if not callable(variables.get("model")):
        return {}
    arguments = inspect.signature(variables["model"]).parameters.values()
    missing = [item.name for item in arguments if item.default is item.empty and item.name not in variables]
    if missing:
        raise BadInput(
            f"the NumPyro model of {module.__file__} takes {', '.join(missing)}; give the file variables of "
            "these names, observations included"
        )
    data = {item.name: variables[item.name] for item in arguments if item.name in variables}
    what = f"the NumPyro model called with {', '.join(data) or 'nothing'}"
    return {what: lambda: from_numpyro(variables["model"], **data)}


def _as_it_is(model: Model) -> Model:
    return model


def _from_builder(name: str, build: Callable[[], Target]) -> Model:
    return _from_density(registry.build(name, build).density)


def _from_density(density: Density) -> Model:
    return Model(density, "a Density", UNKNOWN_CONSTANT, lambda points: {"x": np.asarray(points)})
