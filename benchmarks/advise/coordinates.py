"""What the coordinates of R^dim are called: by the parameter that changes with each."""

import numpy as np

from bridgemark.benchmarks.adapters.model import Model
from bridgemark.benchmarks.text import remark


def coordinate_names(model: Model) -> tuple[str, ...]:
    """The name of every coordinate, such as "tau" or "theta[3]".

    Of all parameters that change with a coordinate, the one of which the fewest entries do gives the name,
    because others are derived from it.
    """
    dim = model.density.dim
    values = model.parameters(np.concatenate([np.zeros((1, dim)), np.eye(dim)]))
    return tuple(_name(values, number) for number in range(dim))


def coordinate_name(names: tuple[str, ...], number: int) -> str:
    """The name of a coordinate; "coordinate 3" where names are unknown."""
    return names[number] if names else f"coordinate {number}"


def _name(values: dict[str, np.ndarray], number: int) -> str:
    changed = {name: np.argwhere(array[number + 1] != array[0]) for name, array in values.items()}
    changed = {name: entries for name, entries in changed.items() if len(entries)}
    if not changed:
        return f"coordinate {number}"
    name = min(changed, key=lambda name: len(changed[name]))
    entry = ", ".join(map(str, changed[name][0]))
    return remark(f"{name}[{entry}]" if entry else name)
