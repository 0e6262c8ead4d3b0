"""Files of users: the model in them is found, and the result says what it was."""

import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark import find_model
from bridgemark.benchmarks.errors import BadInput

JAX = """
import jax.numpy as jnp
dim = 3
def log_prob(x):
    return -0.5 * jnp.sum(x ** 2)
"""
NUMPY = """
import numpy as np
dim = 3
def log_prob(x):
    return -0.5 * np.sum(x ** 2)
"""
NAMED = """
import jax.numpy as jnp
from bridgemark import Positive, Real
parameters = {"mean": Real(), "scale": Positive((2,))}
def log_prob(values):
    return -0.5 * values["mean"] ** 2 - jnp.sum(values["scale"])
"""
DENSITY = """
import jax.numpy as jnp
import numpy as np
from bridgemark import Density, gaussian_base
base = gaussian_base(np.zeros(3), np.ones(3))
mine = Density(3, base.log_prob, base)
"""
MODEL = """
from bridgemark import from_jax
mine = from_jax(lambda x: -0.5 * (x @ x), 3)
"""
NUMPYRO = """
import numpy as np
import numpyro
from numpyro.distributions import Normal
y = np.array([1.0, 2.0])
scale = 3.0
def model(y, scale, shift=0.0):
    mean = numpyro.sample("mean", Normal(np.zeros(3), 1.0).to_event(1))
    numpyro.sample("y", Normal(mean[0] + shift, scale), obs=y)
"""

pytestmark = pytest.mark.implicit_broadcasting


@pytest.fixture
def write(tmp_path):
    """Writes a file, and returns its path."""

    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (JAX, "the JAX function log_prob in mine.py"),
        (NUMPY, "the NumPy function log_prob in mine.py"),
        (NAMED, "the JAX function log_prob in mine.py"),
        (DENSITY, "the Density mine in mine.py"),
        (MODEL, "the Model mine in mine.py"),
        (NUMPYRO, "the NumPyro model called with y, scale in mine.py"),
    ],
)
def test_what_is_in_a_file_is_found_and_named(write, text, origin):
    model = find_model(write(text))
    assert model.origin == origin
    assert model.density.dim == 3
    assert np.isfinite(model.density.log_prob(jnp.ones(3)))
    assert model.target("mine").about.source == origin


def test_a_plug_in_has_its_target(write):
    text = DENSITY.replace("mine =", "density =") + (
        "from bridgemark import About, Target\n"
        "def build():\n    return Target('toy', 1, Density(3, base.log_prob, base), About('', ''))\n"
        "del density\nTARGETS = {'toy': build}\n"
    )
    assert find_model(write(text)).origin == "the target toy in mine.py"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 1\n", "has no model; give it a function log_prob"),
        (
            MODEL + "\nyours = from_jax(lambda x: -(x @ x), 2)\n",
            "several models, the Model mine",
        ),
        (NUMPYRO.replace("scale = 3.0\n", ""), "takes scale; give the file variables of these names"),
        (JAX.replace("dim = 3", ""), "give either dim"),
        ("def (", "is broken: SyntaxError"),
        ("import nothing_of_that_name", "is broken: ModuleNotFoundError"),
    ],
)
def test_a_file_without_one_model_is_refused(write, text, complaint):
    with pytest.raises(BadInput, match=complaint):
        find_model(write(text))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="is not a file"):
        find_model(tmp_path / "missing.py")
