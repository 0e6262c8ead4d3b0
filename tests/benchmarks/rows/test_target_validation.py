"""Targets that cannot be what they say are refused before anything runs, by name and reason."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.target_validation import require_valid
from bridgemark.targets.base import Base, Modes, Statistic, Truth, gaussian_base

from support.project import bridgemark
from support.registered_targets import build, every_target
from support.scored import gaussian
from support.small_targets import with_joint, with_log_prob

NAN, INF = float("nan"), float("inf")
ZEROS, ONES = np.zeros(2), np.ones(2)


@pytest.fixture(autouse=True)
def _single_precision_afterwards():
    yield
    jax.clear_caches()


def statistic(**changes):
    return {"statistics": (replace(gaussian().statistics[0], **changes),)}


def masses(*values):
    return {"modes": replace(gaussian().modes, masses=np.array(values))}


def density(**changes):
    return {"density": replace(gaussian().density, **changes)}


def normal(dim):
    return gaussian_base(np.zeros(dim), np.ones(dim))


WRONG = {
    "NaN log Z": ({"log_z": Truth(NAN, 0.0, "")}, "log Z is nan"),
    "infinite log Z": ({"log_z": Truth(-INF, 0.0, "")}, "log Z is -inf"),
    "negative error of log Z": ({"log_z": Truth(0.0, -0.1, "")}, "standard error of log Z is -0.1"),
    "negative sd": (statistic(sd=-ONES), "sd of statistic x is"),
    "NaN sd": (statistic(sd=NAN * ONES), "sd of statistic x is"),
    "infinite mean": (statistic(mean=INF * ONES), "mean of statistic x is"),
    "negative error": (statistic(standard_error=-ONES), "standard_error of statistic x is"),
    "another length": (statistic(sd=np.ones(3)), r"sd of statistic x has shape \(3,\)"),
    "sd of 0": (statistic(sd=ZEROS), "standard deviation of 0, but varies"),
    "same names": ({"statistics": gaussian().statistics[:1] * 2}, "same name"),
    "statistic of another length": (statistic(fn=lambda x: x[:1]), "statistic x returns an array of shape"),
    "statistic that is no vector": (statistic(fn=jnp.sum), "statistic x returns an array of shape"),
    "statistic that is NaN": (statistic(fn=lambda x: jnp.log(-jnp.abs(x))), "statistic x is not finite"),
    "negative mass": (masses(3.0, -2.0), "masses of its modes"),
    "masses that sum to two": (masses(1.0, 1.0), "masses of its modes"),
    "NaN masses": (masses(NAN, 1.0), "masses of its modes"),
    "one mass": (masses(1.0), "responsibilities returns an array of shape"),
    "responsibilities that sum to two": (
        {"modes": Modes(lambda x: jnp.ones(2), np.array([0.5, 0.5]))},
        "responsibilities of its modes",
    ),
    "no dimension": (density(dim=0), "dimension is 0"),
    "base of another dimension": (density(base=normal(3)), "base of dimension 2 has a loc of shape"),
    "base of another dimension that is not Gaussian": (
        density(base=replace(normal(3), loc=None, scale=None)),
        r"64 base draws have shape \(64, 3\)",
    ),
    "base without width": (density(base=replace(normal(2), scale=ZEROS)), "scale positive"),
    "base that is NaN": (
        density(base=replace(normal(2), log_prob=lambda x: NAN * x[0])),
        "log-density of the base",
    ),
    "exact draws of another dimension": (
        {"sample": normal(3).sample},
        r"64 exact draws have shape \(64, 3\)",
    ),
    "one exact draw": ({"sample": lambda key, n: jnp.zeros(2)}, "64 exact draws have shape"),
    "log_prob that is a vector": (
        density(log_prob=lambda x: -(x**2)),
        r"log_prob returns an array of shape \(2,\)",
    ),
    "log_prob of shape (1,)": (
        density(log_prob=lambda x: -x[:1]),
        r"log_prob returns an array of shape \(1,\)",
    ),
    "NaN log_prob": (density(log_prob=lambda x: NAN * x[0]), "log_prob is NaN or"),
    "infinite log_prob": (density(log_prob=lambda x: INF * x[0] ** 2), "log_prob is NaN or"),
    "log_likelihood of something else": (density(log_likelihood=jnp.sum), "not the sum"),
}


@pytest.mark.parametrize(("changes", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_target_is_refused_with_the_reason(changes, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        require_valid(gaussian(name="wrong-one", **changes))
    assert str(refusal.value).startswith("target 'wrong-one' is wrong: ")
    assert len(str(refusal.value).splitlines()) == 1


def test_a_posterior_of_another_dimension_or_observation_is_refused():
    target = with_joint(2, lambda x: -0.5 * jnp.sum(x**2))
    for changes in ({"y": np.ones(3)}, {"y": np.array([NAN, 0.0])}):
        with pytest.raises(BadInput, match="posterior of a joint density"):
            require_valid(replace(target, density=replace(target.density, **changes)))
    joint = replace(target.density.joint, simulate=lambda key, x: x[:1])
    with pytest.raises(BadInput, match="simulated returns an array of shape"):
        require_valid(replace(target, density=replace(target.density, joint=joint)))


def test_a_target_that_raises_is_named_with_the_line():
    with pytest.raises(BadInput, match=r"target 't' is broken: TypeError.*\(line \d+\)"):
        require_valid(with_log_prob(with_joint(2, jnp.sum), lambda x: "no number"))


def test_what_is_unusual_is_no_mistake():
    """A density that is zero on half of the space, and a coordinate that is constant."""
    half = density(log_prob=lambda x: jnp.where(x[0] > 0, -0.5 * jnp.sum(x**2), -jnp.inf))
    constant = Statistic("constant", lambda x: jnp.ones(2), ONES, ZEROS, ZEROS)
    logarithm = Statistic("log", lambda x: jnp.log(x[:1]), np.zeros(1), np.ones(1), np.zeros(1))
    require_valid(gaussian(exact=False, statistics=(constant, logarithm), modes=None, **half))
    require_valid(gaussian(statistics=(constant,)))
    box = Base(
        lambda x: jnp.where(jnp.max(jnp.abs(x)) < 1, -2 * np.log(2), -jnp.inf),
        lambda key, n: jax.random.uniform(key, (n, 2), minval=-1),
    )
    require_valid(gaussian(**density(base=box)))


@pytest.mark.slow
@every_target
def test_every_registered_target_is_valid(name):
    require_valid(build(name))


def test_the_command_refuses_it_in_one_line(tmp_path):
    text = "from dataclasses import replace\nfrom bridgemark import get_target, Truth\n"
    text += "def wrong():\n"
    text += "    nan = Truth(float('nan'), 0.0, '')\n"
    text += "    return replace(get_target('gmm9'), name='gmm9-nan', log_z=nan)\n"
    (tmp_path / "wrong.py").write_text(text + "TARGETS = {'gmm9-nan': wrong}\n")
    done = bridgemark("run", "--plugin", "wrong.py", "--target", "gmm9-nan", "--sampler", "smc", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "bridgemark: target 'gmm9-nan' is wrong: log Z is nan\n"
    assert not list(tmp_path.rglob("*.json"))
