"""README and documentation keep their word: examples run as plug-ins, commands and columns exist."""

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

from bridgemark.benchmarks import cli, registry
from bridgemark.benchmarks.commands.options import RESULTS
from bridgemark.benchmarks.in_process import run
from bridgemark.benchmarks.pages.leaderboard import BEGIN, END
from bridgemark.benchmarks.pages.meaning import SECTION
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.cost import Cost, total
from bridgemark.benchmarks.rows.results import PUBLISHED, certificates_folder, rows_folder, store_of
from bridgemark.benchmarks.sweep.presets import KINDS, PRESETS

from support.documentation import EVERYTHING, PAGES, README, example
from support.project import ROOT, bridgemark
from support.synthetic_rows import row

SESSIONS = {"adapters", "tests", "slow", "lint", "docs", "page"}
SESSIONS |= {"benchmark", "certify", "figures", "publish", "timings"}
# What the example says it spends: five rounds of a thousand, then the draws asked for.
FIT, SAMPLE = 5_000, 500


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
    command = re.search(r"^bridgemark (run --plugin importance\.py .*)$", EVERYTHING, re.MULTILINE).group(1)
    options = command.replace("importance.py", importance).split()
    options[options.index("gmm9")] = "gmm9,banana"
    done = bridgemark(*options, "--plugin", banana, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = store_of(tmp_path / RESULTS).read_all()
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
    assert "bridgemark certify sampler importance.py" in EVERYTHING
    first = bridgemark("certify", "sampler", plugins[0], cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert re.search(r"adaptive-importance: \d+ passed", first.stdout)
    certificate = certificates_folder(tmp_path / RESULTS) / "adaptive-importance.json"
    stored = certificate.stat().st_mtime_ns
    again = bridgemark("certify", "sampler", plugins[0], cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "1 certificate still valid: adaptive-importance\n")
    assert certificate.stat().st_mtime_ns == stored


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


@pytest.mark.implicit_broadcasting  # in the example
def test_the_posterior_is_sampled(tmp_path):
    """In this process; log Z against the trapezoid rule on a grid that holds all of the mass."""
    file = tmp_path / "accidents.py"
    file.write_text(example("posterior"))
    assert "bridgemark run --plugin accidents.py --sampler nuts,smc,dds --target accidents" in EVERYTHING
    target = registry.build("accidents", registry.targets([str(file)])["accidents"])
    first, second = np.linspace(2, 5, 301), np.linspace(-2, 2, 401)
    points = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(np.asarray(jax.vmap(target.density.log_prob)(jnp.asarray(points)), float))
    log_z = np.log(density.sum() * (first[1] - first[0]) * (second[1] - second[0]))
    row = run(registry.samplers()["smc"], target, draws=1_000)
    # Fixed seed: either right for good or wrong for good. Five standard errors fail one key in 10^6.
    assert abs(row.metrics["log_z"] - log_z) < max(5 * row.errors["log_z"], 1e-3)
    assert row.metrics["log_z_error"] is None


def test_the_sampler_is_short_and_all_examples_are_well_formatted():
    assert len(example("sampler").splitlines()) < 40
    for name in ("sampler", "target", "posterior"):
        assert max(map(len, example(name).splitlines())) <= 110
        compile(example(name), name, "exec")


def test_the_example_of_another_program_is_checked_and_scored(tmp_path, monkeypatch, capsys):
    """By the commands beside it, in this process, which saves starting JAX for each of them."""
    monkeypatch.chdir(tmp_path)

    def call(command):
        monkeypatch.setattr(sys, "argv", ["bridgemark", *command.split()])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return capsys.readouterr().out

    page = PAGES["other-programs"]
    describe, check, score, chains = re.findall(r"^bridgemark ([^#\n]+?) *(?:#.*)?$", page, re.MULTILINE)
    call(describe)
    exec(compile(example("external"), "port.py", "exec"), {})
    assert "the constant is the same" in call(check)
    assert call(score).startswith("my-walk x gmm9, seed 0: 5000 draws, ")
    (stan,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    for name in ("chain_1.csv", "chain_2.csv"):
        (tmp_path / name).write_text(stan)
    assert call(chains).startswith("stan x gmm9, seed 0: 4 draws, ")
    assert all(stored.external for stored in store_of(tmp_path / RESULTS).read_all())


def test_every_bridgemark_command_that_is_written_about_exists():
    shell = "".join(re.findall(r"```sh\n(.*?)```", EVERYTHING, re.DOTALL))
    commands = set(re.findall(r"bridgemark ([a-z-]+)", shell)) | set(
        re.findall(r"`bridgemark ([a-z-]+)", EVERYTHING)
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
    for text in (EVERYTHING, (ROOT / "CONTRIBUTING.md").read_text()):
        assert set(re.findall(r"nox -s (\w+)", text)) <= sessions


def test_continuous_integration_runs_the_readmes_own_test_command():
    (command,) = re.findall(r"^python3 .* nox -s tests$", README, re.MULTILINE)
    script = ROOT / ".ci" / "run"
    assert command in script.read_text().splitlines()
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script]).returncode == 0


def test_the_readme_leads_to_the_meaning_of_the_columns_and_has_one_leaderboard():
    assert "](results/README.md#what-the-columns-mean)" in README
    assert SECTION.startswith("## What the columns mean\n")
    assert README.count(BEGIN) == README.count(END) == 1


def test_the_python_example_runs(capsys):
    exec(compile(example("python"), "start.md", "exec"), {})
    effective_size, gradients = map(float, capsys.readouterr().out.split())
    assert 0 < effective_size < 10_000
    assert gradients > 1_000


def test_published_rows_fill_the_readme_beside_them_and_your_own_fill_none(tmp_path):
    """Rows that were made up; the file is untouched outside the markers, and where there are none."""
    published.write([row("smc", "gmm9", 0)], rows_folder(tmp_path / "results"))
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nan earlier board\n{END}\nafter\n")
    before = readme.read_text()
    folders = ("--published", "results", "--results", RESULTS)
    assert bridgemark("table", *folders, cwd=tmp_path).returncode == 0
    assert (tmp_path / RESULTS / "README.md").exists()
    assert readme.read_text() == before
    done = bridgemark("publish", *folders, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "| gmm9 " in text
    assert "an earlier board" not in text
    readme.write_text("no markers\n")
    assert bridgemark("publish", *folders, cwd=tmp_path).returncode == 0
    assert readme.read_text() == "no markers\n"


@pytest.mark.parametrize("name", PRESETS)
def test_the_documentation_says_what_each_preset_runs(name):
    """The cells of its table begin with the numbers of samplers, targets, seeds and rows, or with "all"."""
    (line,) = re.findall(rf"^\| `{name}` \|(.*)\|$", PAGES["start"], re.MULTILINE)
    samplers, targets, seeds, rows = (cell.split()[0].rstrip(",") for cell in line.split("|"))
    preset = PRESETS[name]
    assert samplers == ("all" if preset.samplers is None else str(len(preset.samplers)))
    assert targets == ("all" if preset.targets is None else str(len(preset.targets)))
    assert seeds == str(preset.seeds)
    if rows != "all":
        expected = len(preset.samplers) * len(preset.targets) * preset.seeds * max(1, len(preset.budgets))
        assert rows == str(expected)


def test_the_presets_are_those_of_the_documentation():
    (table,) = re.findall(r"^\| preset \|.*\n((?:\|.*\n)+)", PAGES["start"], re.MULTILINE)
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(PRESETS)


def test_the_board_is_every_certified_kind_of_sampler():
    """Amortised samplers need a posterior, and `dds-tb` is another loss of `dds`."""
    certified = {path.stem for path in certificates_folder(PUBLISHED).glob("*.json")}
    assert certified - set(KINDS) == {"bridge-posterior", "dds-posterior", "dds-tb"}
    assert set(KINDS) <= certified


def test_the_version_is_that_of_the_distribution():
    assert bridgemark("--version", cwd=ROOT).stdout == f"bridgemark {metadata.version('bridgemark')}\n"


def test_links_lead_to_files():
    made = {"results/README.md", "results/figures/samples.png", "results/rows/"}  # by `publish`
    links = set(re.findall(r"\]\(([^)#]+)", README))
    assert made <= links
    for link in links - made:
        assert (ROOT / link).exists(), link
    for name, page in PAGES.items():
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page):
            assert (ROOT / "benchmarks" / "docs" / link).exists(), f"{name}: {link}"
