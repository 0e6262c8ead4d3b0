"""The README keeps its word: its examples run as plug-ins, its commands and columns exist."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib import metadata

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.pages.leaderboard import BEGIN, END
from bridgemark.benchmarks.pages.target_table import MEANING
from bridgemark.benchmarks.rows.cost import Cost, total
from bridgemark.benchmarks.rows.store import Store

from support.project import ROOT, bridgemark
from support.synthetic_rows import row

README = (ROOT / "README.md").read_text()
SESSIONS = {"tests", "slow", "lint", "benchmark", "certify", "figures", "timings"}
# What the example says it spends: five rounds of a thousand, then the draws asked for.
FIT, SAMPLE = 5_000, 500


def example(name):
    return re.search(rf"<!-- example:{name} -->\n```python\n(.*?)```\n", README, re.DOTALL).group(1)


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """Both examples as files, the sampler's first."""
    folder = tmp_path_factory.mktemp("examples")
    files = [folder / "importance.py", folder / "banana.py"]
    for file, name in zip(files, ("sampler", "target"), strict=True):
        file.write_text(example(name))
    return [str(file) for file in files]


def test_the_examples_run_by_the_command_beside_them(plugins, tmp_path):
    importance, banana = plugins
    command = re.search(r"^bridgemark (run --plugin importance\.py .*)$", README, re.MULTILINE).group(1)
    options = command.replace("importance.py", importance).split()
    options[options.index("gmm9")] = "gmm9,banana"
    done = bridgemark(*options, "--plugin", banana, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = Store(tmp_path / "results" / "store").read_all()
    assert {(stored.sampler, stored.target, stored.status) for stored in rows} == {
        ("adaptive-importance", "banana", "ok"),
        ("adaptive-importance", "gmm9", "ok"),
    }
    for stored in rows:
        assert stored.fit_evals == Cost(values=FIT, gradients=0, simulations=0)
        assert stored.sample_evals == Cost(values=SAMPLE, gradients=0, simulations=0)
        # Fixed seed: either right for good or wrong for good. Five standard errors fail one key in 10^6.
        assert abs(stored.metrics["log_z_error"]) < 5 * stored.errors["log_z"]


@pytest.mark.slow
def test_the_example_is_certified_and_nothing_is_tried_twice(plugins, tmp_path):
    assert "bridgemark certify sampler importance.py" in README
    first = bridgemark("certify", "sampler", plugins[0], cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "adaptive-importance: certified" in first.stdout
    stored = (tmp_path / "results" / "certificates" / "adaptive-importance.json").stat().st_mtime_ns
    assert bridgemark("certify", "sampler", plugins[0], cwd=tmp_path).stdout == first.stdout
    assert (tmp_path / "results" / "certificates" / "adaptive-importance.json").stat().st_mtime_ns == stored


@pytest.mark.implicit_broadcasting  # in the example
def test_the_sampler_spends_what_it_says(plugins):
    """A host callback counts the points at which the log-density was evaluated. It is slow: few."""
    sampler = replace(registry.samplers(plugins)["adaptive-importance"], rounds=3, fit_draws=20)
    target = registry.build("banana", registry.targets(plugins)["banana"])
    points = []

    def counted(x):
        jax.debug.callback(points.append, x[0])
        return target.density.log_prob(x)

    watched = replace(target, density=replace(target.density, log_prob=counted))
    fit = sampler.fit(jax.random.key(0), watched.density)
    jax.effects_barrier()
    assert len(points) == total(fit.evals).values == 60
    points.clear()
    _, draws = sampler.sample(jax.random.key(1), watched.density, fit.state, 50)
    jax.effects_barrier()
    assert len(points) == total(draws.evals).values == 50


def test_the_target_is_what_it_says(plugins):
    """Mass and moments against the trapezoid rule on a grid wide enough to hold all but 1e-7 of the mass."""
    target = registry.build("banana", registry.targets(plugins)["banana"])
    first, second = np.linspace(-11, 11, 441), np.linspace(-9, 66, 1501)
    points = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(np.asarray(jax.vmap(target.density.log_prob)(jnp.asarray(points)), float))
    density *= (first[1] - first[0]) * (second[1] - second[0])
    (statistic,) = target.statistics
    mean = density @ points
    assert abs(np.log(density.sum()) - target.log_z.value) < 1e-4
    np.testing.assert_allclose(mean, statistic.mean, atol=1e-3)
    np.testing.assert_allclose(np.sqrt(density @ (points - mean) ** 2), statistic.sd, rtol=1e-3)
    # Exact draws: their means stray six standard errors once in 10^9 keys.
    exact = np.asarray(target.sample(jax.random.key(0), 40_000))
    assert np.all(np.abs(exact.mean(axis=0) - statistic.mean) < 6 * statistic.sd / 200)


def test_the_sampler_is_short_and_both_examples_are_well_formatted(plugins):
    assert len(example("sampler").splitlines()) < 40
    for name in ("sampler", "target"):
        assert max(map(len, example(name).splitlines())) <= 110
        compile(example(name), name, "exec")


def test_every_bridgemark_command_in_the_readme_exists():
    shell = "".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    commands = set(re.findall(r"bridgemark ([a-z]+)", shell)) | set(
        re.findall(r"`bridgemark ([a-z]+)", README)
    )
    known = bridgemark("--help", cwd=ROOT).stdout
    assert {"run", "list", "table", "figures", "show", "reference"} <= commands
    for command in commands:
        assert re.search(rf"^\W*{command}\s", known, re.MULTILINE), f"bridgemark {command}"


def test_nox_lists_the_sessions_that_are_written_about():
    listed = subprocess.run(
        [sys.executable, "-m", "nox", "--list"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    sessions = set(re.findall(r"^[*-] (\w+)", listed.stdout, re.MULTILINE))
    assert sessions == SESSIONS
    for text in (README, (ROOT / "CONTRIBUTING.md").read_text()):
        assert set(re.findall(r"nox -s (\w+)", text)) <= sessions


def test_continuous_integration_runs_the_readmes_own_test_command():
    (command,) = re.findall(r"^python3 .* nox -s tests$", README, re.MULTILINE)
    script = ROOT / ".ci" / "run"
    assert command in script.read_text().splitlines()
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script]).returncode == 0


def test_the_readme_leads_to_the_meaning_of_the_columns_and_has_one_leaderboard():
    assert "](results/README.md#what-the-columns-mean)" in README
    assert MEANING.startswith("## What the columns mean\n")
    assert README.count(BEGIN) == README.count(END) == 1


def test_the_python_example_runs(capsys):
    exec(compile(example("python"), "README.md", "exec"), {})
    effective_size, gradients = map(float, capsys.readouterr().out.split())
    assert 0 < effective_size < 10_000
    assert gradients > 1_000


def test_table_fills_the_readme_beside_the_results_and_no_other(tmp_path):
    """Rows that were made up; the file is untouched outside the markers, and where there are none."""
    marked, plain = tmp_path / "README.md", tmp_path / "plain.md"
    marked.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    plain.write_text("no markers\n")
    Store(tmp_path / "results" / "store").write(row("smc", "gmm9", 0))
    assert bridgemark("table", cwd=tmp_path).returncode == 0
    text = marked.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "| gmm9 " in text
    assert "old" not in text
    for page in (plain, tmp_path / "absent.md"):
        done = bridgemark("table", "--readme", page, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"bridgemark: {page} has no lines {BEGIN}")
    assert plain.read_text() == "no markers\n"
    marked.unlink()
    assert bridgemark("table", cwd=tmp_path).returncode == 0


def test_the_version_is_that_of_the_distribution():
    assert bridgemark("--version", cwd=ROOT).stdout == f"bridgemark {metadata.version('bridgemark')}\n"


def test_links_lead_to_files():
    made = {"results/README.md", "results/figures/samples.png"}  # by `table` and `figures`
    links = set(re.findall(r"\]\(([^)#]+)\)", README))
    assert made <= links
    for link in links - made:
        assert (ROOT / link).exists(), link
