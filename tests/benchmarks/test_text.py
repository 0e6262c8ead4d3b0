"""Numbers as people read them."""

import math

import pytest

from bridgemark.benchmarks.text import number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (0, "0"),
        (0.1234, "0.12"),
        (-812.5, "-810"),
        (123456, "1.2e5"),
        (2e-4, "2e-4"),
    ],
)
def test_numbers_for_people(value, text):
    assert number(value) == text
