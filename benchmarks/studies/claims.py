"""Moments that published claims are about and no target stores, of a Brownian motion and a funnel."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from bridgemark.benchmarks.studies.study import Study
from bridgemark.targets.data import load

# Of the trapezoidal rule, on log scales and in standard deviations; half of it gives the same digits.
STEP = 0.05
LOG_SCALES = np.arange(-10.0, 4.0, STEP)
PRIOR_SD = 2.0  # of both log scales of the Brownian motion
FUNNEL_SD = 3.0  # of the funnel's first coordinate
CLIPPED_AT = 30.0
WIDTH = 10.0  # standard deviations to either side that the quadrature over the funnel's neck covers


class Moments(NamedTuple):
    """Mean and standard deviation of a number under a posterior."""

    mean: float
    sd: float


def brownian_scales() -> tuple[Moments, Moments]:
    """The scales of the step and of the noise, under the posterior of the target brownian-32.

    Given both scales the observations are Gaussian with covariance step² min(t, t') + noise² I, which the
    eigenvectors of min(t, t') make diagonal for all scales at once.
    """
    time, y = load("brownian.csv").T
    eigenvalues, basis = np.linalg.eigh(np.minimum.outer(time, time))
    step, noise = (scales[..., None] for scales in np.meshgrid(*[np.exp(LOG_SCALES)] * 2, indexing="ij"))
    variances = step**2 * eigenvalues + noise**2  # (step, noise, observation)
    log_likelihood = -0.5 * np.sum((basis.T @ y) ** 2 / variances + np.log(variances), axis=-1)
    log_prior = norm.logpdf(LOG_SCALES, 0.0, PRIOR_SD)
    log_mass = log_likelihood + np.add.outer(log_prior, log_prior)
    mass = np.exp(log_mass - np.logaddexp.reduce(log_mass, axis=None))
    return _scale_moments(mass.sum(axis=1)), _scale_moments(mass.sum(axis=0))


def clipped_second_moment(limit: float = CLIPPED_AT) -> float:
    """E min(|x|, limit)² for a coordinate x ~ N(0, e^v) of the funnel, with v ~ N(0, 9)."""
    deviations = np.arange(-WIDTH, WIDTH, STEP)
    scale = np.exp(FUNNEL_SD * deviations / 2)
    edge = limit / scale
    inside = 1 - 2 * norm.sf(edge) - 2 * edge * norm.pdf(edge)
    outside = 2 * norm.sf(edge)
    return float(np.sum(norm.pdf(deviations) * STEP * (scale**2 * inside + limit**2 * outside)))


def compute() -> Mapping[str, np.ndarray]:
    """Every moment by its name."""
    step, noise = brownian_scales()
    numbers = {
        "brownian-32, mean of the step's scale": step.mean,
        "brownian-32, sd of the step's scale": step.sd,
        "brownian-32, mean of the noise's scale": noise.mean,
        "brownian-32, sd of the noise's scale": noise.sd,
        "funnel-10, second moment": np.exp(FUNNEL_SD**2 / 2),
        "funnel-10, second moment of clipped draws": clipped_second_moment(),
    }
    return {name: np.array(number) for name, number in numbers.items()}


def _scale_moments(mass: np.ndarray) -> Moments:
    scales = np.exp(LOG_SCALES)
    mean = mass @ scales
    return Moments(float(mean), float(np.sqrt(mass @ scales**2 - mean**2)))


SETTINGS = {"method": "trapezoidal rule", "step": STEP, "clipped at": CLIPPED_AT}
STUDIES = {"claims": Study(SETTINGS, compute)}
