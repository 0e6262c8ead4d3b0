"""Identities that every path must satisfy, whatever its controls; and where each of the ten is proven.

1.  E[w] = Z for untrained networks: test_paths, test_the_mean_weight_is_z_for_any_controls.
2.  ELBO <= log Z <= EUBO, their distance the Jeffreys divergence: test_mixture_bridge,
    test_log_z_lies_between_the_bounds_and_their_distance_is_the_jeffreys_divergence.
3.  The gap is KL(initial laws) + KL(paths): here, and from N(0, I) with exact kernels in
    test_gaussian_bridge, test_exact_denoising_misses_only_by_where_it_starts.
4.  Exact kernels give constant weights: test_gaussian_bridge, test_exact_kernels_have_constant_weights and
    its variant through the core; test_mixture_bridge, test_exact_mixture_kernels_have_constant_weights.
    The variance of Euler paths halves with the step: test_gaussian_bridge,
    test_the_variance_of_euler_paths_halves_with_the_step, and test_mixture_bridge.
5.  f + b = grad log p_t, and the flow (f - b) / 2 keeps the marginals: test_gaussian_bridge,
    test_the_probability_flow_keeps_the_marginals; test_mixture_bridge,
    test_both_drifts_and_the_flow_move_the_marginals and the test of quantiles.
6.  Least squares recovers linear controls: the denoising loss in test_gaussian_bridge, the backward
    likelihood in test_bridge_closed_form (test_a_backward_half_round_is_the_exact_reversal), adjoint
    matching here.
7.  Swapping source and target swaps f and b: test_gaussian_bridge, test_swapping_the_laws_swaps_the_drifts;
    and a path read backwards has the opposite log weight, here.
8.  A constant in log gamma shifts log w and no gradient: test_paths,
    test_a_constant_factor_of_gamma_is_a_factor_of_every_weight; test_losses,
    test_a_constant_factor_of_gamma_changes_no_gradient.
9.  Rotating everything rotates the paths and keeps the weights: here.
10. The adjoint-matching target averages to the control: by quadrature in test_mixture_bridge,
    test_the_adjoint_matching_target_averages_to_the_control; the loss itself here.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, brownian, ornstein_uhlenbeck, pinned
from bridgemark.samplers.pathspace.losses import AdjointMatching, Batch, Parameters, Problem
from bridgemark.samplers.pathspace.path_measure import NO_HINT, Hint, Law, Side, steered
from bridgemark.samplers.pathspace.paths import Path, run, score_path

from oracles.closed_forms import Kernel, bridge, kl, path_weights, pushed, reversal
from oracles.linear_paths import LOG_Z, both_kernels, gaussian, kernels, linear, stacked

pytestmark = pytest.mark.usefixtures("x64")

CHAINS = [brownian, ornstein_uhlenbeck]  # at the index of their `stationary`
DIM, STEPS = 3, 5
STILL = np.eye(DIM)
NOISE = np.random.default_rng(2).standard_normal((5, STEPS + 1, DIM))


def log_gamma(x):
    """An off-centre density that is not Gaussian, of three coordinates."""
    return -0.5 * jnp.sum((x - jnp.array([1.0, -0.5, 0.0])) ** 2) - 0.1 * jnp.sum(x**4) - 0.3 * x[0] * x[1]


def side(seed, turn):
    """The control B tanh(A x) + hint / 5 of random matrices, a pair a time, with its coordinates turned."""
    matrices = np.random.default_rng(seed).standard_normal((STEPS + 1, 2, DIM, DIM))
    control = lambda at, x, hint: turn @ (at[0] @ jnp.tanh(at[1] @ turn.T @ x)) + 0.2 * hint  # noqa: E731
    return steered(control, jnp.asarray(matrices))


def law(chain, log_gamma=log_gamma, turn=STILL):
    """A law with any controls that look at the score."""
    score = Hint(lambda features, x: jax.grad(log_gamma)(x), jnp.zeros(STEPS + 1))
    return Law(chain, score, side(0, turn), side(1, turn), log_standard_normal)


def paths(law, log_gamma, noise):
    """Paths and their log weights."""
    return jax.jit(jax.vmap(lambda drawn: run(law, log_gamma, drawn[0], drawn[1:])))(jnp.asarray(noise))


def flip(tree):
    """Everything in the opposite order."""
    return jax.tree.map(lambda leaf: leaf[::-1], tree)


every_chain = pytest.mark.parametrize("make", [brownian, ornstein_uhlenbeck, pinned])


@every_chain
def test_a_path_read_backwards_has_the_opposite_log_weight(make):
    """Both laws swap roles, and the reference its directions (identity 7)."""
    chain = make(1.3, STEPS, 2.0)
    hint, forward, backward = law(chain)[1:4]
    times, ahead, behind = chain.times[-1] - chain.times[::-1], flip(chain.behind), flip(chain.ahead)
    swapped = Chain(times, ahead, behind, chain.log_end, chain.log_start)
    ahead_side, behind_side = (Side(one.nudge, flip(one.features)) for one in (backward, forward))
    back = Law(swapped, hint, ahead_side, behind_side, log_gamma)

    def reversed_weight(path):
        x = path.x[::-1]
        displacement = x[1:] - (1 - ahead.lost)[:, None] * x[:-1]
        return score_path(back, Path(x, displacement, flip(path.hints))) + log_standard_normal(path.x[0])

    starts = np.where(make is pinned, 0.0, NOISE[:, :1])  # a pinned chain starts at zero
    walked, log_weight = paths(law(chain), log_gamma, np.concatenate([starts, NOISE[:, 1:]], axis=1))
    np.testing.assert_allclose(jax.vmap(reversed_weight)(walked), -log_weight, rtol=1e-10)


@every_chain
def test_a_rotation_of_everything_rotates_paths_and_keeps_weights(make):
    turn = scipy.stats.special_ortho_group.rvs(DIM, random_state=3)
    chain = make(1.3, STEPS, 2.0)
    turned = lambda x: log_gamma(turn.T @ x)  # noqa: E731
    path, log_weight = paths(law(chain), log_gamma, NOISE)
    other, same = paths(law(chain, turned, turn), turned, NOISE @ turn.T)
    np.testing.assert_allclose(other.x, path.x @ turn.T, atol=1e-12)
    np.testing.assert_allclose(same, log_weight, rtol=1e-11)


SOURCE, TARGET = (np.array([0.3]), np.array([[1.4]])), (np.array([2.0]), np.array([[0.25]]))
both_references = pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])


@both_references
def test_the_gap_is_that_of_the_starts_and_that_of_the_paths(stationary):
    """Against the target path law written forwards: its own start, and the reversals of its kernels."""
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


def conditional_kl(one, other, law):
    """KL between two kernels, averaged over where they start."""
    same = kl((one.intercept, one.variance), (one.intercept, other.variance))
    apart = Kernel(one.slope - other.slope, one.intercept - other.intercept, 0.0)
    mean, variance = pushed(apart, *law)
    return same + 0.5 * np.trace(np.linalg.solve(other.variance, variance + np.outer(mean, mean)))


@both_references
def test_adjoint_matching_is_least_squares_on_the_exact_conditional_mean(stationary):
    """One Newton step on the paths of the exact drifts; their noise has exactly its population moments.

    The answer is memory E[grad log(gamma / (rho phi-hat))(X_K) | X_k] of this very chain, which at 32
    steps is the bridge's control within .07 (identities 6 and 10).
    """
    steps = 32
    chain, exact = CHAINS[stationary](1.0, steps), bridge(SOURCE, TARGET, stationary, 1.0)
    forward, backward = (stacked(c, chain.times) for c in (exact.forward_control, exact.backward_control))
    drawn = np.random.default_rng(4).standard_normal((200, steps + 1))
    drawn = jnp.asarray(np.linalg.qr(drawn - drawn.mean(0))[0] * np.sqrt(200))[..., None]
    start = jnp.asarray(SOURCE[0] + np.sqrt(SOURCE[1][0]) * drawn[:, 0])

    def make(control):
        return Law(chain, NO_HINT, linear(*control), linear(*backward), gaussian(*SOURCE))

    problem = Problem(make, gaussian(*TARGET), Batch(start, drawn[:, 1:]))
    unknown = np.concatenate([forward[0].ravel(), forward[1].ravel()])
    split = lambda flat: (flat[: steps + 1, None, None], flat[steps + 1 :, None])  # noqa: E731
    value = lambda flat: AdjointMatching()(Parameters(split(flat), jnp.zeros(())), problem)[0]  # noqa: E731
    curvature, slope = jax.jit(lambda flat: (jax.hessian(value)(flat), jax.grad(value)(flat)))(unknown)
    newton = jnp.linalg.pinv(curvature) @ slope
    slopes, intercepts = (np.asarray(part).ravel()[:-1] for part in split(jnp.asarray(unknown) - newton))
    found = np.stack([slopes, intercepts])
    np.testing.assert_allclose(found, adjoint_means(chain, exact, forward), atol=1e-9)
    np.testing.assert_allclose(found, [part.ravel()[:-1] for part in forward], atol=0.07)


def adjoint_means(chain, exact, forward):
    """(slopes, intercepts) of memory E[grad log(gamma / (rho phi-hat))(X_K) | X_k] at every step."""
    precision = 1.0 / TARGET[1][0, 0]
    back = np.ravel(np.concatenate([part.ravel() for part in exact.backward_control(chain.times[-1])]))
    outer = exact.stationary - precision - back[0], precision * TARGET[0][0] - back[1]
    slope, intercept, found = 1.0, 0.0, []
    for kernel in kernels(chain.ahead, *(part[:-1] for part in forward))[::-1]:
        slope, intercept = slope * kernel.slope[0, 0], intercept + slope * kernel.intercept[0]
        found.append((outer[0] * slope, outer[1] + outer[0] * intercept))
    return np.array(found[::-1]).T * chain.memory()[:-1]
