"""A linear map observed with Gaussian noise: a joint of which everything is known in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import About, Joint, Statistic, Truth, gaussian_base
from bridgemark.targets.moments import identity
from bridgemark.targets.posteriors import PosteriorFamily, PosteriorTruths

MAP = np.array([[1.0, 0.5, 0.0, -0.5], [0.0, 1.0, -1.0, 0.5], [0.5, 0.0, 1.0, 1.0]])
DIM_Y, DIM = MAP.shape
NOISE_SD = 0.5
COVARIANCE_OF_Y = MAP @ MAP.T + NOISE_SD**2 * np.eye(DIM_Y)
GAIN = np.linalg.solve(COVARIANCE_OF_Y, MAP).T  # Kalman's
POSTERIOR_COVARIANCE = np.eye(DIM) - GAIN @ MAP
RECIPE = "closed form: y ~ N(0, H H' + 0.25 I)"


def simulate(key: PRNGKeyArray, x: Float[Array, " dim"]) -> Float[Array, " dim_y"]:
    """y = H x + noise."""
    return NOISE_SD * jax.random.normal(key, (DIM_Y,), x.dtype) + MAP.astype(x.dtype) @ x


def log_likelihood(x: Float[Array, " dim"], y: Float[Array, " dim_y"]) -> Float[Array, ""]:
    """log N(y; H x, 0.25 I)."""
    residual = (y - MAP.astype(x.dtype) @ x) / NOISE_SD
    return -0.5 * jnp.sum(residual**2) - DIM_Y * np.log(NOISE_SD * np.sqrt(2 * np.pi))


def truths(name: str, y: np.ndarray) -> PosteriorTruths:
    """The posterior N(GAIN y, POSTERIOR_COVARIANCE) and the evidence: Kalman's update."""
    mean, variance = GAIN @ y, np.diag(POSTERIOR_COVARIANCE)
    log_det = np.linalg.slogdet(2 * np.pi * COVARIANCE_OF_Y)[1]
    log_z = -0.5 * (y @ np.linalg.solve(COVARIANCE_OF_Y, y) + log_det)
    sd_of_square = np.sqrt(4 * mean**2 * variance + 2 * variance**2)
    return PosteriorTruths(
        log_z=Truth(float(log_z), 0.0, RECIPE),
        sample=gaussian_base(mean, np.linalg.cholesky(POSTERIOR_COVARIANCE)).sample,
        statistics=(
            Statistic("x", identity, mean, np.sqrt(variance), np.zeros(DIM)),
            Statistic("x2", jnp.square, mean**2 + variance, sd_of_square, np.zeros(DIM)),
        ),
    )


JOINT = Joint(
    dim=DIM,
    dim_y=DIM_Y,
    prior=gaussian_base(np.zeros(DIM), np.ones(DIM)),
    simulate=simulate,
    log_likelihood=log_likelihood,
)
FAMILY = PosteriorFamily(
    name="linear-gaussian-4",
    joint=JOINT,
    truths=truths,
    # Their squared Mahalanobis distances under p(y) are 2.3 and 12.2, the quantiles 0.48 and 0.993.
    observations={"a": np.array([1.2, -1.6, 1.0]), "b": np.array([-2.4, 2.4, 3.2])},
    about=About(
        source="Textbook: Bishop (2006), Pattern recognition and machine learning, section 2.3.3",
        definition="x ~ N(0, I) in R^4; y | x ~ N(H x, 0.25 I) in R^3, H fixed; base = prior",
    ),
)
TARGETS = FAMILY.targets()
