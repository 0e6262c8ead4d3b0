"""The difficulty of a target in words: what is measured is rounded, and the rest is said to be not known."""

from dataclasses import replace

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.pages.html import difficulty
from bridgemark.benchmarks.studies.difficulty import Difficulty

GMM9 = registry.build("gmm9", registry.targets()["gmm9"])


def test_what_is_not_measured_is_not_known():
    assert set(difficulty.in_words(Difficulty(), None).values()) == {"not known"}


def test_what_is_measured_is_in_words():
    measured = Difficulty(condition=1012.3, tails=1.0249, modes=9.0, operations=12_345.0, gaussians=28.04)
    assert difficulty.in_words(measured, GMM9) == {
        "conditioning": "1010",
        "tails": "1 times a Gaussian's",
        "modes": "9",
        "one gradient": "12,345 operations, 28 times those of a Gaussian",
    }
    bound = difficulty.in_words(Difficulty(least_condition=11.42), GMM9)
    assert bound["conditioning"] == "at least 11.4"


def test_the_last_finite_moment_is_named():
    heavy = replace(GMM9, about=replace(GMM9.about, finite_moment=2.0))
    assert difficulty.in_words(Difficulty(), heavy)["tails"] == "not known; moments are finite below order 2"
