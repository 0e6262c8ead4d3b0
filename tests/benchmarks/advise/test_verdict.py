"""The verdict on draws in closed form: easy posteriors are trusted, traps are not, and the reason is said."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.benchmarks.advise.family_evidence import weigh
from bridgemark.benchmarks.advise.verdict import judge
from bridgemark.benchmarks.scores.evidence import Estimate

from support.family_draws import chains, four_families, pilot, unit_mode, weighted

LOG_Z = 1.5
FAR = np.array([30.0, 0.0])


def log_normal(x):
    """exp(LOG_Z) N(0, I) in two dimensions."""
    return LOG_Z - 0.5 * jnp.sum(x**2) - jnp.log(2 * jnp.pi)


def verdict_on(pilot, families, failed):
    return judge(pilot, {name: weigh(family) for name, family in families.items()}, failed)


def draw_normal(rng, n):
    return rng.standard_normal((n, 2))


def log_two_modes(x):
    """exp(LOG_Z) times N(0, I) / 2 + N(FAR, I) / 2."""
    return jnp.logaddexp(log_normal(x), log_normal(x - FAR)) - jnp.log(2.0)


def draw_two_modes(rng, n):
    return draw_normal(rng, n) + FAR * rng.integers(0, 2, (n, 1))


def test_draws_that_agree_are_trusted():
    # Each seed makes some fifty comparisons at 1e-4 and four at 1.4e-3: 1 % of the seeds would fail. The
    # seeds are fixed.
    for seed in range(3):
        verdict = verdict_on(
            pilot(unit_mode(np.zeros(2))), four_families(log_normal, draw_normal, LOG_Z, seed), {}
        )
        assert (verdict.trusted, verdict.reasons, verdict.missed) == (True, (), ())
        assert verdict.log_z.trusted
        assert verdict.log_z.value == pytest.approx(LOG_Z, abs=0.05)
        assert len(verdict.agreements) == 3
        assert verdict.next_steps == ("nothing: these draws are enough",)


def test_correlated_coordinates_are_trusted():
    """A Gaussian whose widest direction is a thousand times as wide as its narrowest, rotated."""
    rotation = np.array([[0.6, -0.8], [0.8, 0.6]])
    factor = rotation @ np.diag([1.0, 1e-3])
    inverse = np.linalg.inv(factor)

    def log_prob(x):
        return -0.5 * jnp.sum((inverse @ x) ** 2)

    families = four_families(log_prob, lambda rng, n: rng.standard_normal((n, 2)) @ factor.T)
    assert verdict_on(pilot(), families, {}).reasons == ()


def test_a_mode_that_the_pilot_found_and_nobody_drew_from_is_missed():
    modes = (unit_mode(np.zeros(2)), unit_mode(FAR))
    verdict = verdict_on(pilot(*modes), four_families(log_two_modes, draw_normal, LOG_Z), {})
    assert not verdict.trusted
    assert any("hardly a draw near 1 mode of the 2" in reason for reason in verdict.reasons)


def test_a_mode_of_next_to_no_mass_may_be_missed():
    modes = (unit_mode(np.zeros(2)), unit_mode(FAR, log_prob=-10.0))
    assert verdict_on(pilot(*modes), four_families(log_normal, draw_normal, LOG_Z), {}).trusted


@pytest.mark.parametrize("passes", [True, False])
def test_a_mode_that_one_family_alone_drew_from_is_missed(passes):
    """The pilot saw one mode, and so did all families but SMC, even where SMC fails its own rules."""
    families = four_families(log_two_modes, draw_normal, LOG_Z)
    families["smc"] = four_families(log_two_modes, draw_two_modes, LOG_Z + np.log(2))["smc"]
    if not passes:
        runs = families["smc"].draws.log_z + 3 * np.random.default_rng(0).standard_normal(32)
        families["smc"] = families["smc"]._replace(draws=families["smc"].draws._replace(log_z=runs))
    verdict = verdict_on(pilot(unit_mode(np.zeros(2))), families, {})
    assert not verdict.trusted


def test_chains_that_stay_in_their_modes_are_not_trusted():
    """Label switching: particles and paths see both modes, and each chain sees one."""
    families = four_families(log_two_modes, draw_two_modes, LOG_Z)
    x = np.random.default_rng(1).standard_normal((4, 1_000, 2)) + FAR * np.array([0, 1, 0, 1])[:, None, None]
    families["nuts"] = chains(log_two_modes, x)
    verdict = verdict_on(pilot(unit_mode(np.zeros(2)), unit_mode(FAR)), families, {})
    assert not verdict.trusted
    assert any("its chains disagree" in reason for reason in verdict.reasons)


def test_divergences_are_not_trusted():
    families = four_families(log_normal, draw_normal, LOG_Z)
    families["nuts"] = families["nuts"]._replace(divergences=40)
    verdict = verdict_on(pilot(), families, {})
    assert any("diverge" in reason for reason in verdict.reasons)
    assert any("reparametrise" in step for step in verdict.next_steps)


def draw_student(degrees):
    return lambda rng, n: scipy.stats.t.rvs(degrees, size=(n, 2), random_state=rng)


def log_student(degrees):
    return lambda x: -0.5 * (degrees + 1) * jnp.sum(jnp.log1p(x**2 / degrees))


@pytest.mark.parametrize("degrees", [1, 2])
def test_heavy_tails_are_not_trusted(degrees):
    verdict = verdict_on(pilot(), four_families(log_student(degrees), draw_student(degrees)), {})
    assert not verdict.trusted
    assert any("heavy tail" in text for text in verdict.missed)


def broken_identity(log_prob, draw):
    return verdict_on(pilot(), four_families(log_prob, draw), {})


def test_a_wrong_gradient_is_not_trusted():
    """The draws are right, but the gradient is that of a normal with another mean or scale."""
    for log_prob in (lambda x: log_normal(x - 0.5), lambda x: log_normal(x / 1.3)):
        verdict = broken_identity(log_prob, draw_normal)
        assert not verdict.trusted
        assert any("break E[" in text for text in verdict.missed)
    seen = verdict_on(pilot(gradient="2 and not 3"), four_families(log_normal, draw_normal), {})
    assert seen.reasons == ("the gradient is wrong: 2 and not 3",)


def test_a_density_that_jumps_is_not_trusted():
    """A normal whose density is three times as high where x_0 > 0."""

    def draw(rng, n):
        x = draw_normal(rng, n)
        x[:, 0] = np.abs(x[:, 0]) * np.where(rng.random(n) < 0.75, 1, -1)
        return x

    verdict = broken_identity(lambda x: log_normal(x) + jnp.where(x[0] > 0, jnp.log(3.0), 0.0), draw)
    assert not verdict.trusted
    assert any("jumps" in text for text in verdict.missed)


def test_an_improper_posterior_is_not_trusted():
    """The second coordinate has no prior and no likelihood: all families return different ranges of it."""

    def draw(rng, n):
        return rng.standard_normal((n, 2)) * [1.0, 50.0]

    verdict = broken_identity(lambda x: -0.5 * x[0] ** 2, draw)
    assert not verdict.trusted
    integral = verdict_on(pilot(integral="r^0"), four_families(log_normal, draw_normal), {})
    assert integral.reasons == ("the density has no finite integral: r^0",)


def log_ridge(x):
    """A bent ridge, 0.01 wide: x_0 x_1 is 1 + 0.01 N(0, 1), and both are N(0, 2^2)."""
    return -0.5 * ((x[0] * x[1] - 1) / 0.01) ** 2 - 0.125 * jnp.sum(x**2)


def test_chains_that_creep_along_a_ridge_are_not_trusted():
    """Each chain has covered a part of one branch."""
    rng = np.random.default_rng(0)
    first = np.exp(np.linspace(-1, 1, 4))[:, None] * np.exp(0.1 * rng.standard_normal((4, 1_000)))
    x = np.stack([first, (1 + 0.01 * rng.standard_normal(first.shape)) / first], axis=2)
    verdict = verdict_on(pilot(), {"nuts": chains(log_ridge, x)}, {})
    assert not verdict.trusted
    assert any("disagree" in text for text in verdict.missed)


def test_weights_that_one_draw_decides_confirm_nothing():
    """The chains pass, and all other families have weights of infinite variance: I do not know."""
    families = four_families(log_normal, draw_normal, LOG_Z)
    rng = np.random.default_rng(2)
    bad = weighted(log_normal, draw_normal(rng, 4_000), rng.exponential(1.2, 4_000))
    verdict = verdict_on(
        pilot(), {"nuts": families["nuts"], "dds": bad, "pathfinder": bad}, {"smc": "it took 90 s"}
    )
    assert not verdict.trusted
    assert verdict.draws_of == "nuts"
    assert any(reason.startswith("I do not know") for reason in verdict.reasons)
    assert "smc returned nothing: it took 90 s" in verdict.missed
    assert not verdict.log_z.trusted


def test_nothing_is_trusted_where_something_is_unknown():
    families = four_families(log_normal, draw_normal, LOG_Z)
    assert not verdict_on(None, families, {}).trusted
    assert not verdict_on(pilot(), {}, {}).trusted
    without_chains = {name: families[name] for name in ("smc", "dds", "pathfinder")}
    assert not verdict_on(pilot(), without_chains, {"nuts": "it crashed"}).trusted
    nan = families["nuts"]._replace(log_prob=np.full((4, 1_000), np.nan))
    assert not verdict_on(pilot(), families | {"nuts": nan}, {}).trusted
    assert not verdict_on(pilot()._replace(ended_at_modes=3), families, {}).trusted


def test_log_z_that_two_families_contradict_is_not_trusted():
    families = four_families(log_normal, draw_normal, LOG_Z)
    families["nuts"] = families["nuts"]._replace(log_z=Estimate(LOG_Z + 1.0, 0.01))
    verdict = verdict_on(pilot(), families, {})
    assert (verdict.trusted, verdict.log_z.contradicted) == (False, True)


def test_a_shift_of_a_family_that_passes_is_named():
    """SMC draws of a normal with another mean; the gradient is its own, so that the identities hold."""
    families = four_families(log_normal, draw_normal, LOG_Z)
    shifted = four_families(lambda x: log_normal(x - 0.3), lambda rng, n: draw_normal(rng, n) + 0.3, LOG_Z)
    families["smc"] = shifted["smc"]
    verdict = verdict_on(pilot(), families, {})
    assert not verdict.trusted
    assert any("disagree about the" in reason for reason in verdict.reasons)


def test_a_path_sampler_that_misses_a_mode_of_the_chains_fails():
    """Its weights look perfect, and paths that end at draws of the chains say otherwise."""
    families = four_families(log_normal, draw_normal, LOG_Z)
    families["dds"] = families["dds"]._replace(forward_log_weights=np.full(512, LOG_Z + 40.0))
    verdict = verdict_on(pilot(), families, {})
    assert verdict.missed == (
        "dds: its bounds of log Z are 40 apart: its paths seldom go where the chains are",
    )
    families["dds"] = families["dds"]._replace(forward_log_weights=np.full(512, LOG_Z - 1.0))
    (text,) = verdict_on(pilot(), families, {}).missed
    assert "its lower bound of log Z is" in text
