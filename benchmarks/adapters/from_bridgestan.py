"""A Stan program as a density on R^dim, by BridgeStan."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bridgemark.benchmarks.adapters.host_function import HostFunction, differentiable
from bridgemark.benchmarks.adapters.layout import Layout
from bridgemark.benchmarks.adapters.model import Model, density_from
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.text import one_line
from bridgemark.targets.base import Base

EVIDENCE_OF_STAN = (
    "Z is the evidence where every parameter has a proper and normalised prior, which Stan does not tell: a "
    "parameter without one has a flat prior, and a truncated one lacks its constant without T[,]"
)


def from_bridgestan(
    stan_file: str | Path,
    data: Mapping[str, Any] | str | Path | None = None,
    *,
    base: Base | None = None,
) -> Model:
    """Make a model of a Stan program and its data.

    BridgeStan compiles the program with a C++ compiler, and fetches Stan's sources at its first use unless
    the variable BRIDGESTAN names a folder that has them. Log-densities have all constants, and the
    log-Jacobian. Transformed parameters come back with the parameters. JAX calls the compiled program back,
    as it does the functions of `from_numpy`. Needs the extra `stan`.

    Args:
        stan_file: the program, a `.stan` file, or the library (`.so`) that BridgeStan made of it.
        data: a dict, the path of a JSON file, or JSON text.
        base: where samplers start; N(0, I) by default. Stan does not tell the prior from the likelihood.

    Raises BadInput where the program cannot be compiled or does not fit the data, and for a density that
    cannot be sampled from; see `from_jax`.
    """
    bridgestan = optional_package("bridgestan", "stan")
    path = Path(stan_file)
    origin = f"the Stan program {path.name}"
    if not path.is_file():
        raise BadInput(f"{origin}: there is no file {path}")
    try:
        program = _Program(bridgestan.StanModel(str(path), data, warn=False))
    except Exception as error:
        raise BadInput(
            f"{origin} cannot be compiled or does not fit its data: {one_line(error)}; BridgeStan needs a "
            "C++ compiler, make, and Stan's sources"
        ) from error
    log_prob = differentiable(HostFunction(program.values, program.values_and_gradients))
    return Model(
        density_from(origin, program.library.param_unc_num(), log_prob, base, None),
        origin,
        evidence=EVIDENCE_OF_STAN,
        constrain=program.constrain,
    )


class _Program(NamedTuple):
    """A compiled Stan program with its data."""

    library: Any

    def values(self, points: np.ndarray) -> np.ndarray:
        """The log-density, with its constants and the log-Jacobian; -inf where Stan rejects a point."""
        return np.array([self._value(point) for point in points])

    def values_and_gradients(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The log-density and its gradient; -inf and zero where Stan rejects a point."""
        results = [self._value_and_gradient(point) for point in points]
        return np.array([value for value, _ in results]), np.array([slope for _, slope in results])

    def constrain(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Parameters and transformed parameters at points (n, dim), by name."""
        layout = _layout(self.library.param_names(include_tp=True))
        flat = [self.library.param_constrain(np.asarray(x, np.float64), include_tp=True) for x in points]
        arrays = layout.split(np.array(flat))
        # Stan lists the entries of an array with the first index running fastest.
        return {name: array.transpose(0, *range(array.ndim - 1, 0, -1)) for name, array in arrays.items()}

    def _value(self, point: np.ndarray) -> float:
        try:
            return self.library.log_density(point, propto=False, jacobian=True)
        except RuntimeError:
            return -np.inf

    def _value_and_gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        try:
            value, gradient = self.library.log_density_gradient(point, propto=False, jacobian=True)
        except RuntimeError:
            return -np.inf, np.zeros_like(point)
        return value, np.array(gradient)


def _layout(names: list[str]) -> Layout:
    """How parameters lie in Stan's vector, from the names of its entries, such as `theta.2.1`.

    The shapes have their axes in reverse.
    """
    last = {name.partition(".")[0]: name.partition(".")[2] for name in names}  # the last entry of each
    indices = {name: index.split(".") if index else [] for name, index in last.items()}
    return Layout({name: tuple(map(int, reversed(index))) for name, index in indices.items()})
