"""A PyMC model as a density on R^dim."""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.benchmarks.adapters.gaussian_prior import gaussian_prior
from bridgemark.benchmarks.adapters.layout import Layout
from bridgemark.benchmarks.adapters.model import Model, constrain_points, density_from, evidence_beside
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.text import one_line
from bridgemark.targets.base import LogProb

_Function: TypeAlias = Callable[[Float[Array, " dim"]], list[Array]]

IMPROPER = ("flat", "halfflat")  # what PyMC calls its improper priors


def from_pymc(model: Any) -> Model:
    """Make a model of a `pymc.Model`.

    PyMC maps every parameter to R^k and adds the log-Jacobian, and PyTensor translates the density to JAX.
    Where the prior is Gaussian in R^dim, as of normal and log-normal parameters, it is the base. Otherwise
    the base is N(0, I). Deterministic variables come back with the parameters. Needs the extra `pymc`.

    Raises BadInput for a model without parameters, a discrete parameter, an improper prior, an operation that
    PyTensor cannot translate, and a density that cannot be sampled from; see `from_jax`.
    """
    optional_package("pymc", "pymc")
    origin = f"the PyMC model {model.name}".rstrip()
    _require_continuous(origin, model)
    start = model.initial_point()
    layout = Layout({variable.name: np.shape(start[variable.name]) for variable in model.value_vars})
    translator = _Translator(_pytensor_to_jax(), origin, layout, model.value_vars)

    prior = gaussian_prior(translator.number(model.varlogp), layout.size)
    log_prob = translator.number(model.logp() if prior is None else model.datalogp)
    expressions = {expression.name: expression for expression in model.unobserved_value_vars}
    names = [variable.name for variable in model.unobserved_RVs]
    values = translator.function([expressions[name] for name in names])
    return Model(
        density_from(origin, layout.size, log_prob, None, prior),
        origin,
        evidence=evidence_beside("potentials", [potential.name for potential in model.potentials]),
        constrain=constrain_points(lambda x: dict(zip(names, values(x), strict=True))),
    )


class _Translator(NamedTuple):
    """Makes JAX functions of a point of R^dim from PyTensor expressions of a model's variables `inputs`.

    `pymc_jax` is PyMC's module that translates, `layout` how the variables lie in a point.
    """

    pymc_jax: ModuleType
    origin: str
    layout: Layout
    inputs: list[Any]

    def function(self, outputs: list[Any]) -> _Function:
        """The values of expressions.

        PyTensor makes JAX arrays of its constants in the precision of the moment, so expressions are
        translated once for each precision, outside whatever JAX is tracing.
        """

        @cache
        def translated(double: bool) -> Callable[..., Sequence[Array]]:
            with jax.ensure_compile_time_eval(), jax.enable_x64(double):
                return self.pymc_jax.get_jaxified_graph(inputs=self.inputs, outputs=outputs)

        def evaluate(x: Float[Array, " dim"]) -> list[Array]:
            try:
                values = translated(x.dtype == np.float64)(*self.layout.split(x).values())
            except NotImplementedError as error:
                raise BadInput(f"{self.origin}: {one_line(error)}; bring it by from_numpy") from error
            return [jnp.asarray(value, x.dtype) for value in values]

        return evaluate

    def number(self, expression: Any) -> LogProb:
        """The value of one expression."""
        function = self.function([expression])
        return lambda x: function(x)[0]


def _pytensor_to_jax() -> ModuleType:
    """PyMC's module that translates to JAX. Importing it sets the precision of JAX, which is restored."""
    double = jax.config.read("jax_enable_x64")
    try:
        return import_module("pymc.sampling.jax")
    finally:
        jax.config.update("jax_enable_x64", double)


def _require_continuous(origin: str, model: Any) -> None:
    """Raise BadInput unless there are parameters, all are real numbers, and all have proper priors."""
    if not model.free_RVs:
        raise BadInput(f"{origin} has no parameters: every variable is observed")
    for variable in model.discrete_value_vars:
        raise BadInput(
            f"{origin}: the parameter {variable.name!r} is discrete; sum it out, for example with "
            "pm.Mixture, or observe it"
        )
    for variable in model.free_RVs:
        if variable.owner.op.name in IMPROPER:
            raise BadInput(
                f"{origin}: the prior of {variable.name!r} is improper; choose a proper one, such as "
                "pm.Normal(..., 0, 10)"
            )
