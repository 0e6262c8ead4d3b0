"""The one order of samplers."""

from bridgemark.benchmarks.analysis.order import sort_samplers


def test_the_five_come_first_and_the_others_by_name():
    assert sort_samplers(["b", "bridge", "a", "nuts", "hmc", "a"]) == ["hmc", "nuts", "bridge", "a", "b"]
