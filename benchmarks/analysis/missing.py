"""None and NaN in a column: None has no meaning there, NaN was tried and failed.

pandas treats both as missing, so these functions tell them apart.
"""

import numpy as np
from numpy.typing import ArrayLike


def is_not_none(values: ArrayLike) -> np.ndarray:
    """An array (n,) of booleans: whether each value is anything but None. NaN is a value."""
    as_list = np.asarray(values, dtype=object).tolist()  # over which Python goes faster than over an array
    return np.array([value is not None for value in as_list], dtype=bool)


def none_where_not(condition: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values (n,) as Python objects, None where the condition (n,) does not hold."""
    return np.where(condition, values.astype(object), np.array(None))
