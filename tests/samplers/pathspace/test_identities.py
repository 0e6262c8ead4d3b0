"""Identities that every path must satisfy, whatever its controls; and where each of the ten is proven.

1.  E[w] = Z for untrained networks: test_paths, test_the_mean_weight_is_z_for_any_controls.
2.  ELBO <= log Z <= EUBO, their distance the Jeffreys divergence: test_mixture_paths,
    test_log_z_lies_between_the_bounds_and_their_distance_is_the_jeffreys_divergence.
3.  The gap is KL(initial laws) + KL(paths): here, and from N(0, I) with exact kernels in
    test_printed_tables, test_exact_denoising_misses_only_by_where_it_starts.
4.  Exact kernels give constant weights: test_gaussian_paths, test_exact_kernels_have_constant_weights;
    test_learnt_variances, test_the_bridges_own_kernels_give_every_path_the_weight_z. The variance of Euler
    paths halves with the step: test_gaussian_paths, test_the_variance_of_bridge_weights_halves_with_the_step.
5.  The drifts f and b of a bridge carry each end to the other: oracles/test_closed_forms,
    test_the_bridges_drifts_carry_each_end_to_the_other_with_the_coupling.
6.  Least squares recovers linear controls: the backward likelihood in test_bridge_closed_form
    (test_a_backward_half_round_is_the_exact_reversal), adjoint matching in test_adjoint
    (test_both_regressions_are_the_half_bridges_of_iterative_proportional_fitting).
7.  Swapping source and target swaps both directions: test_gaussian_paths,
    test_reversed_paths_follow_the_backward_kernels; and a path read backwards has the opposite log weight,
    here.
8.  A constant in log gamma shifts log w and no gradient: test_paths,
    test_a_constant_factor_of_gamma_is_a_factor_of_every_weight; test_losses,
    test_a_constant_factor_of_gamma_changes_no_gradient.
9.  Rotating everything rotates the paths and keeps the weights: here.
10. The adjoint-matching target averages to the control: by quadrature in test_mixture_paths,
    test_adjoint_matching_is_least_at_the_exact_control; for Gaussians in test_adjoint.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, brownian, ornstein_uhlenbeck, pinned
from bridgemark.samplers.pathspace.path_measure import (
    Direction,
    Guidance,
    PathMeasure,
    with_control,
)
from bridgemark.samplers.pathspace.paths import Path, run, score_path

from oracles.closed_forms import Kernel, bridge, kl, path_weights, pushed, reversal
from support.linear_paths import LOG_Z, both_kernels, stacked

pytestmark = pytest.mark.usefixtures("x64")

CHAINS = [brownian, ornstein_uhlenbeck]  # at the index of their `stationary`
DIM, STEPS = 3, 5
STILL = np.eye(DIM)
NOISE = np.random.default_rng(2).standard_normal((5, STEPS + 1, DIM))


def log_gamma(x):
    """An off-centre density that is not Gaussian, of three coordinates."""
    return -0.5 * jnp.sum((x - jnp.array([1.0, -0.5, 0.0])) ** 2) - 0.1 * jnp.sum(x**4) - 0.3 * x[0] * x[1]


def direction(seed, turn):
    """The control B tanh(A x) + guidance / 5 of random matrices, a pair per time, with coordinates turned."""
    matrices = np.random.default_rng(seed).standard_normal((STEPS + 1, 2, DIM, DIM))

    def control(pair, x, guidance):
        return turn @ (pair[0] @ jnp.tanh(pair[1] @ turn.T @ x)) + 0.2 * guidance

    return with_control(control, jnp.asarray(matrices))


def measure(chain, log_gamma=log_gamma, turn=STILL):
    """A path measure with any controls that are guided by the score."""
    score = Guidance(lambda features, x: jax.grad(log_gamma)(x), jnp.zeros(STEPS + 1))
    return PathMeasure(chain, score, direction(0, turn), direction(1, turn), log_standard_normal)


def paths(measure, log_gamma, noise):
    """Paths and their log weights."""
    return jax.jit(jax.vmap(lambda drawn: run(measure, log_gamma, drawn[0], drawn[1:])))(jnp.asarray(noise))


def flip(tree):
    """Everything in the opposite order."""
    return jax.tree.map(lambda leaf: leaf[::-1], tree)


every_chain = pytest.mark.parametrize("make", [brownian, ornstein_uhlenbeck, pinned])


@every_chain
def test_a_path_read_backwards_has_the_opposite_log_weight(make):
    """Both path measures swap roles, and the reference its directions (identity 7)."""
    chain = make(1.3, STEPS, 2.0)
    original = measure(chain)
    times, forward, backward = chain.times[-1] - chain.times[::-1], flip(chain.backward), flip(chain.forward)
    swapped_chain = Chain(times, forward, backward, chain.log_end, chain.log_start)
    swapped = PathMeasure(
        swapped_chain,
        original.guidance,
        Direction(original.backward.shift, flip(original.backward.features)),
        Direction(original.forward.shift, flip(original.forward.features)),
        log_gamma,
    )

    def reversed_weight(path):
        x = path.x[::-1]
        displacement = x[1:] - (1 - forward.decay)[:, None] * x[:-1]
        log_weight = score_path(swapped, Path(x, displacement, flip(path.guidance)))
        return log_weight + log_standard_normal(path.x[0])

    starts = np.where(make is pinned, 0.0, NOISE[:, :1])  # a pinned chain starts at zero
    noise = np.concatenate([starts, NOISE[:, 1:]], axis=1)
    forward_paths, log_weight = paths(measure(chain), log_gamma, noise)
    np.testing.assert_allclose(jax.vmap(reversed_weight)(forward_paths), -log_weight, rtol=1e-10)


@every_chain
def test_a_rotation_of_everything_rotates_paths_and_keeps_weights(make):
    turn = scipy.stats.special_ortho_group.rvs(DIM, random_state=3)
    chain = make(1.3, STEPS, 2.0)

    def turned(x):
        return log_gamma(turn.T @ x)

    path, log_weight = paths(measure(chain), log_gamma, NOISE)
    turned_path, turned_log_weight = paths(measure(chain, turned, turn), turned, NOISE @ turn.T)
    np.testing.assert_allclose(turned_path.x, path.x @ turn.T, atol=1e-12)
    np.testing.assert_allclose(turned_log_weight, log_weight, rtol=1e-11)


SOURCE, TARGET = (np.array([0.3]), np.array([[1.4]])), (np.array([2.0]), np.array([[0.25]]))
both_references = pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])


@both_references
def test_the_gap_is_that_of_the_starts_and_that_of_the_paths(stationary):
    """Against the target path measure written forwards: its own start, and the reversals of its kernels."""
    chain = CHAINS[stationary](1.0, STEPS)
    exact = bridge(SOURCE, TARGET, stationary, 1.0)
    ahead, behind = both_kernels(
        chain, stacked(exact.forward_control, chain.times), stacked(exact.backward_control, chain.times)
    )
    start, law, turned = (np.zeros(1), np.eye(1)), TARGET, []
    for kernel in behind[::-1]:
        turned.insert(0, reversal(kernel, *law))
        law = pushed(kernel, *law)
    expected, law = kl(start, law), start
    assert expected > 0.01
    for moved, wanted in zip(ahead, turned, strict=True):
        expected += conditional_kl(moved, wanted, law)
        law = pushed(moved, *law)
    gap = LOG_Z - path_weights(start, TARGET, LOG_Z, ahead, behind).mean()
    np.testing.assert_allclose(gap, expected, atol=1e-11)


def conditional_kl(first, second, law):
    """KL between two kernels, averaged over where they start."""
    of_variances = kl((first.intercept, first.variance), (first.intercept, second.variance))
    difference = Kernel(first.slope - second.slope, first.intercept - second.intercept, 0.0)
    mean, variance = pushed(difference, *law)
    squares = variance + np.outer(mean, mean)
    return of_variances + 0.5 * np.trace(np.linalg.solve(second.variance, squares))
