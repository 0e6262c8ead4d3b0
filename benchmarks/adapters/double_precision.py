"""Double precision for a computation about a model, without a trace in the run that follows."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax


@contextmanager
def double_precision() -> Iterator[None]:
    """Compute in double precision, and forget before and afterwards what JAX has compiled.

    JAX (0.10) keeps NumPy arrays that a function closes over, such as a user's data, in the precision in
    which the function was first compiled. A run in single precision must not meet those of double precision.
    """
    jax.clear_caches()
    try:
        with jax.enable_x64(True):
            yield
    finally:
        jax.clear_caches()
