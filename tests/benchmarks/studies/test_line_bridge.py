"""The bridge on a grid against the closed form between Gaussians."""

import numpy as np
import pytest

from bridgemark.benchmarks.studies.line_bridge import (
    Mixture,
    averaged,
    kl,
    line_bridge,
    pushed,
    standard_normal,
)

from oracles.closed_forms import bridge, fitting_laws, transition
from oracles.closed_forms import kl as gaussian_kl

X = np.linspace(-6.0, 6.0, 401)
TARGET = (2.0, 0.25)
GAUSSIAN = Mixture(np.ones(1), np.array([2.0]), np.array([0.25]))
TWO = Mixture(np.array([0.3, 0.7]), np.array([-1.5, 1.0]), np.array([0.2, 0.3]))


@pytest.mark.parametrize("horizon", [0.5, 1.0])
def test_divergences_of_rounds_are_those_of_the_closed_form(horizon):
    laws = fitting_laws((0.0, 1.0), TARGET, *transition(1, horizon), rounds=3)
    exact = [gaussian_kl(law, TARGET) for law in laws]
    np.testing.assert_allclose(line_bridge(GAUSSIAN, horizon, X, 3).terminal_kl, exact, rtol=1e-3)


@pytest.mark.parametrize("time", [0.2, 0.5, 0.8])
def test_marginals_are_those_of_the_closed_form(time):
    mean, variance = bridge((0.0, 1.0), TARGET, 1, 1.0).marginal(time)
    exact = np.exp(-0.5 * (X - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
    np.testing.assert_allclose(line_bridge(GAUSSIAN, 1.0, X, 20).marginal(time), exact, atol=1e-5)


def test_marginals_of_a_mixture_are_densities_near_both_ends():
    exact = line_bridge(TWO, 1.0, X, 50)
    assert kl(exact.marginal(0.01), standard_normal(X), X) < 0.01
    assert kl(exact.marginal(0.99), TWO.density(X), X) < 0.01
    np.testing.assert_allclose(exact.marginal(0.5).sum() * (X[1] - X[0]), 1.0, atol=1e-6)


def test_a_noised_mixture_is_what_the_reference_makes_of_it():
    np.testing.assert_allclose(pushed(X, 0.7, TWO.density(X)), TWO.noised(0.7).density(X), atol=1e-6)
    np.testing.assert_allclose(averaged(X, 0.7, np.ones_like(X))[100:-100], 1.0, atol=1e-6)
