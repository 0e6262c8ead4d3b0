"""The script that measures an accelerator, at small sizes on the CPU, and how it counts arithmetic."""

import csv

import jax
import jax.numpy as jnp
import pytest
from timings.arithmetic import arithmetic, kernels

from support.project import ROOT, python

SCRIPT = ROOT / "tests" / "timings" / "accelerator.py"
TABLE = ROOT / "tests" / "timings" / "accelerator_table.py"
MEASURED = ("compile_seconds", "seconds", "work", "loop_bytes")


def lines_of(folder, *parts):
    """The lines of the parts, measured in a process of its own."""
    path = folder / "lines.csv"
    done = python(SCRIPT, "--small", "--cpu", "--parts", ",".join(parts), "--out", path, cwd=folder)
    assert done.returncode == 0, done.stderr
    with path.open() as file:
        return path, list(csv.DictReader(file))


def test_the_parts_that_compile_soon(tmp_path):
    path, lines = lines_of(tmp_path, "product", "copy", "density")
    assert [line["part"] for line in lines] == [*2 * ["product"], "copy", *2 * ["density"]]
    for line in lines:
        assert not line["note"]
        assert line["device"].startswith("cpu ")
        for name in ("error",) if line["part"] == "density" else MEASURED:
            assert float(line[name]) > 0, (line["part"], name)
    assert float(lines[0]["products"]) == 4 * 2 * 64**3
    assert float(lines[2]["loop_bytes"]) == 10 * 2 * 4 * 2**10

    table = python(TABLE, path, path, cwd=tmp_path)
    assert table.returncode == 0, table.stderr
    head, _, *body = table.stdout.splitlines()
    times = [cell.strip() for cell in head.split("|")].index("times")
    assert len(body) == len(lines)
    assert all(line.split("|")[times].strip() in ("1", "") for line in body if "default" not in line)


@pytest.mark.slow
def test_training_steps_chains_and_particles(tmp_path):
    _, lines = lines_of(tmp_path, "step", "nuts", "smc", "weights")
    assert [line["part"] for line in lines] == [*2 * ["step"], "nuts", "smc", "weights", *2 * ["step"]]
    for line in lines:
        if line["part"] == "weights":
            assert float(line["error"]) >= 0
            continue
        assert not line["note"]
        assert all(float(line[name]) > 0 for name in (*MEASURED, "gradients", "others"))


def test_what_comes_too_late_is_not_run_and_says_so(tmp_path):
    done = python(SCRIPT, "--small", "--cpu", "--seconds", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = list(csv.DictReader(done.stdout.splitlines()))
    assert len(lines) > 5
    assert {line["note"] for line in lines} == {"not run: the time is over"}


def test_arithmetic_counts_loops_as_often_as_they_run():
    weight, bias = jnp.ones((3, 3)), jnp.ones(3)

    def layers(x):
        return jax.lax.scan(lambda x, _: (jnp.tanh(x @ weight + bias[None]), None), x, length=7)[0]

    counted = arithmetic(layers, jnp.ones((5, 3)))
    assert counted.products == 7 * 2 * 5 * 3 * 3
    assert counted.others == 7 * 2 * 5 * 3  # additions and hyperbolic tangents
    assert counted.loop_bytes == 7 * 4 * (3 * 3 + 3 + 2 * 5 * 3)
    # The derivative makes two more products of the same size at every step.
    derivative = arithmetic(
        jax.grad(
            lambda weight: jnp.sum(
                jax.lax.scan(lambda x, _: (x @ weight, None), jnp.ones((5, 3)), length=7)[0]
            )
        ),
        weight,
    )
    assert derivative.products == 3 * 7 * 2 * 5 * 3 * 3


def test_kernels_of_a_loop_are_counted_as_often_as_they_start():
    def count(function):
        return kernels(jax.jit(function).lower(jnp.ones(100)).compile())

    def repeated(length):
        return lambda x: jax.lax.scan(lambda x, _: (jnp.sort(x), None), x, length=length)[0]

    assert (count(repeated(30)) - count(repeated(20))) % 10 == 0
    assert count(repeated(30)) > count(repeated(20)) >= 20
    assert count(lambda x: jax.lax.while_loop(lambda x: jnp.sum(x) < 9, lambda x: 2 * x, x)) is None
