"""Random models to try `advise` on: traps that nobody may trust, and easy posteriors that everybody may.

A model is the text of a Python file, as a user would write it. Every function takes a generator of random
numbers; the same generator gives the same text.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

ModelText: TypeAlias = Callable[[np.random.Generator], str]

JAX = "import jax\nimport jax.numpy as jnp\nimport numpy as np\n\n"


def two_far_modes(rng: np.random.Generator) -> str:
    """Two normals of equal shape, so far apart that no chain crosses; the base covers the first."""
    dim, distance = int(rng.integers(1, 9)), float(rng.uniform(15, 80))
    log_odds = float(rng.uniform(-2, 2))
    return f"""{JAX}dim = {dim}
second = np.zeros(dim)
second[0] = {distance}


def log_prob(x):
    return jnp.logaddexp(-0.5 * jnp.sum(x**2), {log_odds} - 0.5 * jnp.sum((x - second) ** 2))
"""


def funnel(rng: np.random.Generator) -> str:
    """Neal's funnel: the logarithm of a scale is N(0, sd^2), and the rest have that scale."""
    dim, sd = int(rng.integers(3, 11)), float(rng.uniform(2.5, 4))
    return f"""{JAX}dim = {dim}


def log_prob(x):
    rest = -0.5 * jnp.sum(x[1:] ** 2) * jnp.exp(-x[0]) - 0.5 * (dim - 1) * x[0]
    return -0.5 * (x[0] / {sd}) ** 2 + rest
"""


def ridge(rng: np.random.Generator) -> str:
    """Only the product of two coordinates is known, and precisely: two bent ridges."""
    width, product = float(rng.uniform(0.003, 0.03)), float(rng.uniform(0.5, 3))
    return f"""{JAX}dim = 2


def log_prob(x):
    return -0.5 * ((x[0] * x[1] - {product}) / {width}) ** 2 - 0.02 * jnp.sum(x**2)
"""


def heavy_tail(rng: np.random.Generator) -> str:
    """Student's t with so few degrees of freedom that the variance is infinite."""
    dim, degrees = int(rng.integers(1, 6)), float(rng.uniform(0.8, 1.9))
    return f"""{JAX}dim = {dim}


def log_prob(x):
    return -0.5 * ({degrees} + 1) * jnp.sum(jnp.log1p(x**2 / {degrees}))
"""


def improper(rng: np.random.Generator) -> str:
    """A linear regression in which two columns are equal, without a prior."""
    dim, scale = int(rng.integers(2, 6)), float(rng.uniform(0.3, 2))
    return f"""{JAX}dim = {dim}
X = np.random.default_rng({int(rng.integers(1 << 30))}).standard_normal((30, dim))
X[:, 1] = X[:, 0]


def log_prob(x):
    return -0.5 * jnp.sum((X @ x - X[:, 0]) ** 2) / {scale} ** 2
"""


def jump(rng: np.random.Generator) -> str:
    """A normal whose density is higher by a factor on one side of a hyperplane."""
    dim, edge = int(rng.integers(1, 6)), float(rng.uniform(-0.7, 0.7))
    height = float(rng.uniform(1, 4) * rng.choice([-1, 1]))
    return f"""{JAX}dim = {dim}


def log_prob(x):
    return -0.5 * jnp.sum(x**2) + jnp.where(x[0] > {edge}, {height}, 0.0)
"""


def label_switching(rng: np.random.Generator) -> str:
    """The means of a mixture of three normals: every order of the three is a mode."""
    centres = np.sort(rng.uniform(-8, 8, 3)) + np.array([-4.0, 0.0, 4.0])
    return f"""{JAX}dim = 3
centres = np.array({centres.tolist()})
y = np.random.default_rng({int(rng.integers(1 << 30))}).normal(np.repeat(centres, 20), 1.0)


def log_prob(x):
    terms = jax.nn.logsumexp(-0.5 * (y[:, None] - x[None]) ** 2, axis=1)
    return jnp.sum(terms) - 0.5 * jnp.sum((x / 10) ** 2)
"""


def wrong_gradient(rng: np.random.Generator) -> str:
    """A logistic regression in NumPy whose gradient forgets the prior or has a wrong factor."""
    dim, factor = int(rng.integers(2, 6)), float(rng.choice([0.0, 0.5, 1.5, 2.0]))
    return f"""import numpy as np

dim = {dim}
rng = np.random.default_rng({int(rng.integers(1 << 30))})
X = rng.standard_normal((40, dim))
y = (rng.random(40) < 0.5).astype(float)


def log_prob(x):
    score = X @ x
    return np.sum(y * score - np.logaddexp(0.0, score)) - 0.5 * np.sum(x**2)


def gradient(x):
    return X.T @ (y - 1 / (1 + np.exp(-X @ x))) - {factor} * x
"""


def gaussian(rng: np.random.Generator) -> str:
    """A rotated normal, with a condition number up to a thousand."""
    dim, spread = int(rng.integers(1, 16)), float(rng.uniform(0, 1.5))
    return f"""{JAX}dim = {dim}
rng = np.random.default_rng({int(rng.integers(1 << 30))})
rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
scales = 10 ** -rng.uniform(0, {spread}, dim)
mean = rng.standard_normal(dim)


def log_prob(x):
    return -0.5 * jnp.sum((rotation.T @ (x - mean) / scales) ** 2)
"""


def logistic(rng: np.random.Generator) -> str:
    """A logistic regression with a normal prior."""
    dim, n = int(rng.integers(2, 16)), int(rng.integers(50, 400))
    return f"""{JAX}dim = {dim}
rng = np.random.default_rng({int(rng.integers(1 << 30))})
X = rng.standard_normal(({n}, dim))
y = rng.random({n}) < 1 / (1 + np.exp(-X @ rng.standard_normal(dim)))


def log_prob(x):
    score = X @ x
    return jnp.sum(jnp.where(y, score, 0.0) - jnp.logaddexp(0.0, score)) - 0.125 * jnp.sum(x**2)
"""


def poisson(rng: np.random.Generator) -> str:
    """A Poisson regression with a normal prior."""
    dim, n = int(rng.integers(2, 9)), int(rng.integers(50, 300))
    return f"""{JAX}dim = {dim}
rng = np.random.default_rng({int(rng.integers(1 << 30))})
X = rng.standard_normal(({n}, dim))
y = rng.poisson(np.exp(0.3 * X @ rng.standard_normal(dim))).astype(float)


def log_prob(x):
    score = X @ x
    return jnp.sum(y * score - jnp.exp(score)) - 0.5 * jnp.sum(x**2)
"""


TRAPS: tuple[ModelText, ...] = (
    two_far_modes,
    funnel,
    ridge,
    heavy_tail,
    improper,
    jump,
    label_switching,
    wrong_gradient,
)
EASY: tuple[ModelText, ...] = (gaussian, logistic, poisson)
