"""Certificates of targets: each check says how a target breaks its own promises, or None.

Everything is in double precision, at fixed keys. Comparisons of means are judged at LEVEL over all of a
check's, so a false alarm has a chance of about 1e-5 a check, skewed squares apart.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
import scipy.stats
from jaxtyping import Float

from bridgemark.benchmarks.certificates.certify import Certificate, Finding, finding
from bridgemark.benchmarks.certificates.statistical_tests import LEVEL, NotJudged
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.scores.weighted_sample import exact
from bridgemark.targets.base import Target

DRAWS = 20_000
POINTS = 3  # where gradients are looked at, in each of at most DIRECTIONS directions
DIRECTIONS = 64
STEP = 1e-5
RADII = (1e2, 1e4)  # in units of the base's scale
RAYS = 3
STEPS = 100  # of each climb
NOWHERE = 1e200  # what a climb down is told where the log-density is not finite


def certify(target: Target) -> Certificate:
    """Every finding of one target; the identity is its fingerprint.

    Raises ValueError for a density that cannot be computed in double precision.
    """
    with jax.enable_x64(True):
        findings: tuple[Finding, ...] = tuple(finding(name, partial(CHECKS[name], target)) for name in CHECKS)
    return Certificate(target.name, fingerprint(target), target.about.definition, findings)


def gradient(target: Target) -> str | None:
    """Finite, and the central finite difference, at draws of the base and at exact ones."""
    rng = np.random.default_rng(0)
    tall = target.density.dim > DIRECTIONS
    directions = rng.standard_normal((DIRECTIONS, target.density.dim)) if tall else np.eye(target.density.dim)
    function = jax.jit(jax.vmap(jax.value_and_grad(target.density.log_prob)))
    for x in _places(target):
        steps = STEP * directions
        moved = np.concatenate([x + steps, x - steps, x + steps / 10, x - steps / 10, x[None]])
        values, gradients = map(np.asarray, function(jnp.asarray(moved)))
        if not (np.isfinite(values).all() and np.isfinite(gradients).all()):
            return "the log-density or its gradient is not finite at a draw"
        wide, near = _slopes(values[:-1], STEP)
        said = directions @ gradients[-1]
        allowed = 1e-4 + 1e-5 * np.abs(said) + 1e-8 * np.abs(values[-1]) + 2 * np.abs(wide - near)
        worst = int(np.argmax(np.abs(wide - said) / allowed))
        if abs(wide[worst] - said[worst]) > allowed[worst]:
            return f"a derivative is {said[worst]:.6g}, the finite difference {wide[worst]:.6g}"
        jump = np.abs(gradients[: len(steps)] - gradients[len(steps) : 2 * len(steps)]).max()
        if jump > 0.1 * (1 + np.abs(gradients[-1]).max()):
            return f"the gradient jumps by {jump:.3g} over a step of {2 * STEP}"
    return None


def _slopes(values: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Central differences of a wide and a ten times smaller step."""
    ahead, behind, near_ahead, near_behind = values.reshape(4, -1)
    return (ahead - behind) / (2 * step), (near_ahead - near_behind) / (step / 5)


def batch(target: Target) -> str | None:
    """A batch gives what its points give one by one, a number each."""
    x = _places(target)
    single = [jax.jit(target.density.log_prob)(point) for point in x]
    if any(value.shape != () for value in single):
        return f"one point gives an array of shape {single[0].shape}, not a number"
    together = np.asarray(jax.jit(jax.vmap(target.density.log_prob))(x))
    same = np.allclose(together, np.asarray(single), rtol=1e-10, atol=1e-10)
    return None if same else f"a batch gives {together}, its points {np.asarray(single)}"


def proper(target: Target) -> str | None:
    """Along the highest ridges that are found, far out, the density falls faster than 1 / r.

    A ridge of density r^-1 or slower has no integral unless it narrows; faster than r^-dim is enough.
    Raises NotJudged between the two.
    """
    falls = np.array([_falls(target, seed) for seed in range(RAYS)])
    falls = falls[~np.isnan(falls).any(axis=1)]
    if not len(falls):
        raise NotJudged("far out the log-density is not finite, wherever it was looked at")
    if np.max(falls) >= -1.01:
        return f"improper: along a ridge that was found the density is about r^{np.max(falls):.3g}"
    if np.max(falls[:, -1]) >= -target.density.dim:
        raise NotJudged(f"r^{np.max(falls[:, -1]):.3g} along the worst ridge: enough if it does not widen")
    return None


def _falls(target: Target, seed: int) -> list[float]:
    """d log M / d log r at the far radii: M(r) is the highest density at r that climbing finds.

    The direction may change with r, as it does along a bent ridge or one beside the base's centre. NaN where
    the climb begins and ends where the log-density cannot be computed.
    """
    loc = np.zeros(target.density.dim) if target.density.base.loc is None else target.density.base.loc
    scale = 1.0 if target.density.base.scale is None else float(np.max(np.abs(target.density.base.scale)))
    point = lambda v, r: loc + r * scale * v / jnp.linalg.norm(v)  # noqa: E731
    climb = jax.jit(jax.value_and_grad(lambda v, r: -target.density.log_prob(point(v, r))))

    def objective(v: np.ndarray, radius: float) -> tuple[float, np.ndarray]:
        value, slope = climb(v, radius)
        height = float(np.nan_to_num(value, nan=NOWHERE, posinf=NOWHERE))
        return height, np.nan_to_num(slope, posinf=0, neginf=0)

    def highest(v: np.ndarray, radius: float) -> tuple[np.ndarray, float]:
        options = {"maxiter": STEPS, "ftol": 0.0, "gtol": 0.0}
        found = scipy.optimize.minimize(objective, v, (radius,), "L-BFGS-B", jac=True, options=options)
        height = -float(found.fun) if found.fun < NOWHERE else -np.inf
        return found.x / np.linalg.norm(found.x), height

    v, falls = np.random.default_rng(seed).standard_normal(target.density.dim), []
    for radius in RADII:
        v, near = highest(v, radius)
        v, far = highest(v, 2 * radius)
        v, again = highest(v, radius)
        falls.append(np.subtract(far, max(near, again)) / np.log(2))
    return falls


def stein(target: Target) -> str | None:
    """E[d_i log p] = 0 and E[x_i d_i log p] = -1 for exact draws: a sampler of another density fails."""
    x = _draws(target)
    if target.about.finite_moment < 1:
        raise NotJudged("without a first moment the identities need not hold")
    slope = np.asarray(jax.jit(jax.vmap(jax.grad(target.density.log_prob)))(x))
    values = np.concatenate([slope, x * slope], axis=1)
    expected = np.concatenate([np.zeros(target.density.dim), -np.ones(target.density.dim)])
    names = [f"E[d_{i} log p]" for i in range(target.density.dim)] + [
        f"E[x_{i} d_{i} log p]" for i in range(target.density.dim)
    ]
    return _agrees(values, expected, values.std(axis=0), np.zeros(2 * target.density.dim), names)


def statistics(target: Target) -> str | None:
    """Exact draws have the stated means and standard deviations, and mode masses."""
    x = _draws(target)
    if not target.statistics and not target.modes:
        raise NotJudged("no statistics")
    for each in target.statistics:
        values = np.asarray(jax.jit(jax.vmap(each.fn))(x))
        names = [f"E[{each.name}_{i}]" for i in range(len(each.mean))]
        squares, spread = (values - each.mean) ** 2, [f"Var[{each.name}_{i}]" for i in range(len(each.mean))]
        complaint = _agrees(values, each.mean, each.sd, each.standard_error, names) or _agrees(
            squares, each.sd**2, squares.std(axis=0), 2 * each.sd * each.standard_error, spread
        )
        if complaint:
            return complaint
    if target.modes:
        shares = np.asarray(jax.jit(jax.vmap(target.modes.responsibilities))(x))
        names = [f"mass of mode {i}" for i in range(shares.shape[1])]
        return _agrees(shares, target.modes.masses, shares.std(axis=0), np.zeros(len(names)), names)
    return None


def _agrees(
    values: Float[np.ndarray, "n k"],
    expected: np.ndarray,
    sd: np.ndarray,
    error: np.ndarray,
    names: list[str],
) -> str | None:
    """None, or the worst of k means that is further off than chance allows."""
    if not np.isfinite(values).all():
        return f"{names[0]} and its like are not finite at exact draws"
    scores = np.abs(values.mean(axis=0) - expected) / np.maximum(
        np.hypot(sd / np.sqrt(len(values)), error), 1e-12
    )
    worst = int(np.argmax(scores))
    if scores[worst] < scipy.stats.norm.isf(LEVEL / 2 / len(names)):
        return None
    mean = values[:, worst].mean()
    return f"{names[worst]} is {mean:.5g}, not {expected[worst]:.5g}: {scores[worst]:.1f} standard errors"


def _draws(target: Target) -> Float[np.ndarray, "n dim"]:
    if target.sample is None:
        raise NotJudged("no exact draws")
    return exact(target.sample, jax.random.key(1), DRAWS)


def _places(target: Target) -> Float[np.ndarray, "points dim"]:
    laws = [law for law in (target.density.base.sample, target.sample) if law is not None]
    return np.concatenate([exact(law, jax.random.key(0), POINTS) for law in laws])


CHECKS = {
    "gradient is the finite difference": gradient,
    "a batch is its points": batch,
    "proper": proper,
    "Stein's identities": stein,
    "statistics of exact draws": statistics,
}
