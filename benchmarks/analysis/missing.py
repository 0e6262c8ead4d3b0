"""None and NaN in a column: None has no meaning there, NaN was tried and failed.

pandas treats both as missing, so these functions tell them apart.
"""

from collections.abc import Iterable

import numpy as np


def is_not_none(values: Iterable[object]) -> np.ndarray:
    """An array (n,) of booleans: whether each value is anything but None. NaN is a value."""
    return np.array([value is not None for value in values], dtype=bool)


def none_where_not(condition: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values (n,) as Python objects, None where the condition (n,) does not hold."""
    return np.where(condition, values.astype(object), np.array(None))
