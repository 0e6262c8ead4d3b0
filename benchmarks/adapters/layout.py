"""How named arrays lie one after another in a vector."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.benchmarks.adapters.supports import Constrained, Support
from bridgemark.benchmarks.errors import BadInput


@dataclass(frozen=True)
class Layout:
    """The shapes of named arrays, in the order in which a vector of `size` entries holds them."""

    shapes: Mapping[str, tuple[int, ...]]

    @property
    def size(self) -> int:
        """The number of entries of all arrays together."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def split(self, vector: Any) -> dict[str, Any]:
        """The named arrays in a vector (..., size) of NumPy or JAX; leading axes stay."""
        arrays, start = {}, 0
        for name, shape in self.shapes.items():
            end = start + int(np.prod(shape))
            arrays[name] = vector[..., start:end].reshape((*vector.shape[:-1], *shape))
            start = end
        return arrays

    def join(self, arrays: Mapping[str, Any], concatenate: Callable = jnp.concatenate) -> Any:
        """The vector (size,) that holds the arrays; `np.concatenate` makes one of NumPy."""
        return concatenate([arrays[name].reshape(-1) for name in self.shapes])


@dataclass(frozen=True)
class Parameters:
    """Named parameters with their supports, and the map from R^dim onto all of them."""

    supports: Mapping[str, Support]

    @property
    def unconstrained(self) -> Layout:
        """How the unconstrained coordinates of the parameters lie in a point of R^dim."""
        return Layout({name: (support.size,) for name, support in self.supports.items()})

    @property
    def constrained(self) -> Layout:
        """How the values of the parameters lie in a vector."""
        return Layout({name: support.shape for name, support in self.supports.items()})

    def constrain(self, x: Float[Array, " dim"]) -> tuple[dict[str, Array], Float[Array, ""]]:
        """The values of the parameters at a point, and the log-Jacobian of the map to them."""
        values, log_jacobian = {}, jnp.zeros((), x.dtype)
        for name, part in self.unconstrained.split(x).items():
            mapped: Constrained = self.supports[name].constrain(part)
            values[name] = mapped.value
            log_jacobian += mapped.log_jacobian
        return values, log_jacobian

    def unconstrain(self, values: Mapping[str, Any]) -> Float[Array, " dim"]:
        """The point of R^dim at which the parameters have these values."""
        parts = {name: support.unconstrain(values[name]) for name, support in self.supports.items()}
        return self.unconstrained.join(parts)


def require_dim(dim: int | None, parameters: Mapping[str, Support] | None) -> int:
    """The dimension of a model that gives either of the two. Raises BadInput for neither and for both."""
    if parameters is None and dim is not None and dim >= 1:
        return dim
    if dim is None and parameters:
        return Parameters(parameters).unconstrained.size
    raise BadInput(
        f"dim is {dim} and parameters are {'given' if parameters else 'not given'}: give either dim, the "
        "length of x, or parameters={'mean': Real(), 'scale': Positive()}, whose values log_prob then takes"
    )
