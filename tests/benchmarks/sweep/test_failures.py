"""A reason names the line of the author's own code that failed, and nothing of ours."""

import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import pytest

from bridgemark.benchmarks.registry import samplers
from bridgemark.benchmarks.sweep.crash_report import crash_in
from bridgemark.benchmarks.sweep.failures import authors_line, failure_of
from bridgemark.samplers.base import Unsupported, evals
from bridgemark.targets.base import Density, gaussian_base


def wrong_shape(x):
    return x + jnp.zeros(3)


def line_of_body(function):
    return function.__code__.co_firstlineno + 1


def raised(function, *inputs):
    with pytest.raises(Exception) as caught:  # noqa: PT011  whatever JAX raises
        function(*inputs)
    return caught.value


def test_an_error_inside_jax_names_the_line_that_called_it():
    reason = failure_of(raised(jax.jit(jax.vmap(wrong_shape)), jnp.zeros((5, 2)))).reason
    assert reason.startswith("TypeError: add got incompatible shapes for broadcasting: (2,), (3,)")
    assert reason.endswith(f"(test_failures.py, line {line_of_body(wrong_shape)}: return x + jnp.zeros(3))")


def test_a_density_that_fails_inside_a_sampler_is_named_and_not_the_sampler():
    def log_prob(x):
        return jnp.dot(x, jnp.zeros(7))

    density = Density(dim=2, log_prob=log_prob, base=gaussian_base(jnp.zeros(2), jnp.ones(2)))
    error = raised(samplers()["hmc"].fit, jax.random.key(0), density)
    line = line_of_body(log_prob)
    assert authors_line(error) == f" (test_failures.py, line {line}: return jnp.dot(x, jnp.zeros(7)))"


def test_a_mistake_in_a_sampler_of_this_project_is_named():
    density = Density(dim=2, log_prob=None, base=gaussian_base(jnp.zeros(2), jnp.ones(2)))  # pyright: ignore
    error = raised(samplers()["random-walk"].fit, jax.random.key(0), density)
    assert ".py, line " in authors_line(error)


def raise_there(_):
    raise ArithmeticError("nothing adds up\nthere")


def test_what_a_function_on_the_host_raised_is_the_reason_and_not_the_traceback():
    def calls_host(x):
        return jax.pure_callback(raise_there, x, x)

    reason = failure_of(raised(lambda: jax.block_until_ready(jax.jit(calls_host)(jnp.ones(2))))).reason
    line = f"(test_failures.py, line {line_of_body(raise_there)}: raise ArithmeticError("
    assert reason.startswith(f"ArithmeticError: nothing adds up there {line}")


def test_an_error_without_code_of_an_author_has_no_line():
    assert authors_line(ValueError("no traceback")) == ""
    assert failure_of(ValueError("x" * 1_000)).reason == f"ValueError: {'x' * 287}…"


def test_statuses():
    assert failure_of(Unsupported("needs\n\x1ba joint")) == ("unsupported", r"needs \x1ba joint")
    assert failure_of(MemoryError("no room")).status == "out of memory"
    assert failure_of(RuntimeError("RESOURCE_EXHAUSTED: 40 GB")).status == "out of memory"


@pytest.mark.parametrize(
    ("crash", "reason"),
    [
        ("ctypes.string_at(0)", "Segmentation fault in fit (mine.py, line 3)"),
        ("os.abort()", "Aborted in fit (mine.py, line 3)"),
        ("pass", ""),
    ],
)
def test_a_crash_report_names_the_authors_line(tmp_path, crash, reason):
    (tmp_path / "mine.py").write_text(f"import ctypes, os\ndef fit():\n    {crash}\n")
    program = """
        from bridgemark.benchmarks.sweep.crash_report import enable_crash_reports
        enable_crash_reports()
        import mine
        mine.fit()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)})
    assert crash_in(done.stderr) == reason
    assert crash_in("Traceback (most recent call last):\n  no crash") == ""


def test_the_line_of_a_wrong_count_is_the_authors():
    def fit():
        return evals(gradients=-5)

    error = raised(fit)
    line = line_of_body(fit)
    assert authors_line(error) == f" (test_failures.py, line {line}: return evals(gradients=-5))"
