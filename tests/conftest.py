"""What holds for every test: broadcasting is explicit; and double precision on demand."""

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def explicit_broadcasting(request: pytest.FixtureRequest) -> Iterator[None]:
    """JAX raises where an operation would add an axis to an operand by itself.

    A test of code that is not ours to change is marked `implicit_broadcasting`.
    """
    allowed = request.node.get_closest_marker("implicit_broadcasting") is not None
    with jax.numpy_rank_promotion("allow" if allowed else "raise"):
        yield


@pytest.fixture
def x64() -> Iterator[None]:
    """JAX in double precision for one test."""
    with jax.enable_x64(True):
        yield
