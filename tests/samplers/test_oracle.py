"""The oracle: it refuses a target without exact draws."""

import jax
import pytest

from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.oracle import Oracle

from support.small_targets import correlated_gaussian


def test_a_target_without_exact_draws_is_refused():
    with pytest.raises(Unsupported, match="no exact draws"):
        Oracle().sample(jax.random.key(0), correlated_gaussian().density, (), 3)
