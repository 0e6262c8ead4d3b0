"""External rows have the runner's scores, are marked external, and are neither certified nor ranked."""

import math
from dataclasses import replace

import jax
import numpy as np
import pandas as pd
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis import ranks
from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external.layout import ExternalDraws, Layout
from bridgemark.benchmarks.external.scoring import Run, Statement, as_draws, score_runs
from bridgemark.benchmarks.pages import board
from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.benchmarks.rows.results import Results, store_of
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep.measure import run_seed
from bridgemark.benchmarks.sweep.plan import unfinished_row
from bridgemark.benchmarks.sweep.programs import compile_phases

from support.project import TOYS
from support.synthetic_rows import rows as synthetic_rows

STATED = Statement(name="port", gradients=100, values=7, seconds=2.0)
POINTS = np.random.default_rng(0).normal(size=(40, 2)) * [0.5, 2.0] + [1.0, -2.0]


def toy_runs(folder, *points):
    """A run for each array of points."""
    runs = []
    for seed, x in enumerate(points):
        np.savez(folder / f"{seed}.npz", x=x)
        runs.append(Run(seed, (folder / f"{seed}.npz",)))
    return runs


def scored(folder, *points, statement=STATED):
    """Rows of the program on the toy target, in the store of the folder."""
    store = store_of(folder)
    return score_runs(toy_runs(folder, *points), "toy-gaussian", statement, Layout(), store, [TOYS])


def options(folder, *more):
    names = ["--target", "toy-gaussian", "--plugin", TOYS, "--name", "port", "--results", folder]
    return [*names, "--gradients", 100, "--seconds", 2.0, *more]


def test_the_same_draws_have_the_runners_scores(tmp_path):
    """A sampler runs as in a cell; its draws and weights in a file score the same to the last bit."""
    sampler, builder = registry.samplers([TOYS])["toy-exact"], registry.targets([TOYS])["toy-gaussian"]
    target = registry.build("toy-gaussian", builder)
    planned = unfinished_row("toy-exact", sampler, target, draws=50, seed=3)
    run, arrays = run_seed(compile_phases(sampler, target, 50), target, planned, lambda **_: None)
    assert run.status == "ok"
    np.savez(tmp_path / "a.npz", x=arrays["x"], lw=arrays["log_weights"])
    statement = Statement(
        name="port",
        gradients=run.fit_evals.gradients + run.sample_evals.gradients,
        values=run.sample_evals.values,
        seconds=run.fit_seconds + run.sample_seconds,
    )
    runs = [Run(3, (tmp_path / "a.npz",))]
    (row,) = score_runs(runs, "toy-gaussian", statement, Layout("lw"), store_of(tmp_path), [TOYS])
    assert (row.status, row.draws, row.seed) == ("ok", 50, 3)
    assert row.metrics.pop("ess_per_sample_gradient") is None
    del run.metrics["ess_per_sample_gradient"]
    assert row.metrics == run.metrics
    assert row.metrics["ess_per_gradient"] == pytest.approx(50 / 3)
    assert (row.floors, row.errors) == (run.floors, run.errors)
    assert row.shown_draws == run.shown_draws
    assert (row.true_log_z, row.fingerprint) == (run.true_log_z, run.fingerprint)
    np.testing.assert_array_equal(store_of(tmp_path).arrays(row)["x"], arrays["x"])


def test_the_row_says_that_it_is_external_and_what_was_stated(tmp_path):
    first, second = scored(tmp_path, POINTS, POINTS + 0.01)
    assert (first.external, first.config, first.source, first.device) == (
        True,
        "external",
        "external",
        "elsewhere",
    )
    assert (first.fit_evals, first.sample_evals) == (
        Cost(values=0, gradients=0, simulations=0),
        Cost(values=7, gradients=100, simulations=0),
    )
    assert (first.compile_seconds, first.fit_seconds, first.sample_seconds) == (0.0, 0.0, 2.0)
    assert (first.seed, second.seed) == (0, 1)
    assert store_of(tmp_path).read_all() == sorted((first, second), key=lambda row: row.identity)
    squared = (POINTS.mean(axis=0) - [1.0, -2.0]) ** 2 / [0.25, 4.0]
    assert first.metrics["bias2_x_max"] == pytest.approx(squared.max(), rel=1e-9)


def test_the_identity_hashes_file_target_statement_and_layout(tmp_path):
    (row,) = scored(tmp_path, POINTS)
    assert scored(tmp_path, POINTS)[0].identity == row.identity
    changes = {"name": "port-2", "gradients": 101, "values": 8, "seconds": 2.5, "log_z": 1.0}
    identities = {row.identity, scored(tmp_path, POINTS + 1e-12)[0].identity}
    for name, value in changes.items():
        statement = replace(STATED, **{name: value})
        identities.add(scored(tmp_path, POINTS, statement=statement)[0].identity)
    runs = [Run(1, toy_runs(tmp_path, POINTS)[0].paths)]
    (other_seed,) = score_runs(runs, "toy-gaussian", STATED, Layout(), store_of(tmp_path), [TOYS])
    assert len(identities | {other_seed.identity}) == 8


def test_draws_that_are_not_finite_make_a_failed_row(tmp_path, call):
    broken = POINTS.copy()
    broken[3, 1] = math.nan
    np.savez(tmp_path / "a.npz", x=broken)
    status, out, err = call("score", tmp_path / "a.npz", *options(tmp_path))
    assert (status, err) == (1, "")
    assert out == "port x toy-gaussian, seed 0: failed, 1 of 40 draws are not finite\n"
    (row,) = store_of(tmp_path).read_all()
    assert (row.status, row.external, row.metrics) == ("failed", True, {})
    frame = pd.DataFrame({"x0": POINTS[:, 0], "x1": POINTS[:, 1], "lw": np.full(40, np.inf)})
    frame.to_csv(tmp_path / "b.csv", index=False)
    status, out, err = call("score", tmp_path / "b.csv", *options(tmp_path, "--log-weights", "lw"))
    assert (status, err) == (1, "")
    assert "a log weight is NaN or infinite" in out


@pytest.mark.parametrize("draws", [1, 2, 3, 5])
def test_few_draws_are_scored(tmp_path, draws):
    (row,) = scored(tmp_path, POINTS[:draws])
    assert (row.status, row.draws) == ("ok", draws)


def test_weighted_draws_are_independent_unless_they_were_resampled():
    external = ExternalDraws(POINTS[None], np.zeros((1, 40)))
    assert as_draws(external, Layout("lw"), None).x.shape == (40, 1, 2)
    resampled = as_draws(external, Layout("lw"), 2.5)
    assert resampled.x.shape == (1, 40, 2)
    np.testing.assert_array_equal(resampled.log_z, [2.5])
    chain = as_draws(ExternalDraws(POINTS[None], None), Layout(), None)
    assert (chain.x.shape, chain.log_weights, chain.log_z) == ((1, 40, 2), None, None)


def test_an_estimate_of_log_z_is_scored(tmp_path):
    (row,) = scored(tmp_path, POINTS, statement=replace(STATED, log_z=3.25))
    assert row.metrics["log_z"] == pytest.approx(3.25)
    assert row.metrics["log_z_error"] == pytest.approx(0.25)
    assert row.metrics["elbo"] is None


def test_files_are_runs_or_the_chains_of_one_run(tmp_path, call):
    paths = [run.paths[0] for run in toy_runs(tmp_path, POINTS[:20], POINTS[20:])]
    assert call("score", *paths, *options(tmp_path, "--seed", 5))[0] == 0
    assert sorted(row.seed for row in store_of(tmp_path).read_all()) == [5, 6]
    status, out, _ = call("score", *paths, *options(tmp_path / "b", "--files-are-chains"))
    (row,) = store_of(tmp_path / "b").read_all()
    assert (status, row.seed, row.draws) == (0, 0, 40)
    assert row.metrics["r_hat_max"] is not None
    assert out.startswith("port x toy-gaussian, seed 0: 40 draws, worst bias² of x ")
    assert out.endswith(f"; bridgemark show {row.identity[:8]}\n")
    np.savez(tmp_path / "longer.npz", x=POINTS)
    status, _, err = call(
        "score", paths[0], tmp_path / "longer.npz", *options(tmp_path, "--files-are-chains")
    )
    assert (status, err.count("\n")) == (2, 1)
    assert "chains of 20 to 40 draws" in err


WRONG = {
    ("--name", "nuts"): "is that of a registered sampler",
    ("--name", "toy-exact"): "is that of a registered sampler",
    ("--name", "../port"): "must have letters, digits",
    ("--name", ""): "must have letters, digits",
    ("--name", "x" * 101): "must have letters, digits",
    ("--gradients", -1): "--gradients must be from 0",
    ("--gradients", 2**63): "--gradients must be from 0",
    ("--values", -1): "--values must be from 0",
    ("--seconds", -0.5): "--seconds must be from 0",
    ("--seconds", "nan"): "--seconds must be from 0",
    ("--seconds", "inf"): "--seconds must be from 0",
    ("--log-z", "nan"): "--log-z must be a finite number",
    ("--seed", -1): "--seed must not be negative",
    ("--target", "toy-gausian"): "did you mean toy-gaussian",
    ("--target", "cancer-31-flat"): "is refused",
    ("--log-weights", "lw"): "has no array 'lw'",
}


@pytest.mark.parametrize("option", WRONG, ids=str)
def test_wrong_options_are_one_line_and_nothing_is_stored(tmp_path, call, option):
    np.savez(tmp_path / "a.npz", x=POINTS)
    status, out, err = call("score", tmp_path / "a.npz", *options(tmp_path / "results", *option))
    assert (status, out) == (2, "")
    assert err.startswith("bridgemark: ")
    assert err.count("\n") == 1
    assert WRONG[option] in err
    assert not (tmp_path / "results").exists()


def test_one_wrong_file_of_several_stores_nothing(tmp_path):
    runs = toy_runs(tmp_path, POINTS, POINTS[:, :1])
    with pytest.raises(BadInput, match="has the shape"):
        score_runs(runs, "toy-gaussian", STATED, Layout(), Store(tmp_path / "store"), [TOYS])
    assert not (tmp_path / "store").exists()


def test_external_rows_are_shown_with_a_mark_and_never_ranked(tmp_path):
    """One that is better than every sampler takes no rank, and no rank changes."""
    stored = synthetic_rows()
    best = [
        replace(row, sampler="port", external=True, config="external", identity=f"e{row.identity}")
        for row in stored
        if (row.sampler, row.target) == ("smc", "gmm9")
    ]
    best = [replace(row, metrics=row.metrics | {"bias2_x_max": 1e-12}) for row in best]
    before, both = ranks.blocks(row_table(stored)), ranks.blocks(row_table([*stored, *best]))
    assert before.keys() == both.keys()
    for target, block in before.items():
        assert block.metric.keys() == both[target].metric.keys()
    summary = summary_table(row_table([*stored, *best])).set_index("sampler")
    assert summary.loc["port", "label"] == "port (external)"
    assert bool(summary.loc["port", "external"]) is True
    assert list(summary.loc["smc", "label"]) == ["smc"] * 3
    board.write([*stored, *best], Results((tmp_path,)), tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "| port (external) " in page
    assert "it counted its own gradients" in page
    assert "| port (external) " in (tmp_path / "tables" / "summary.md").read_text()
    certificates = page.partition("## Certificates")[2].partition("\n## ")[0]
    assert "| smc " in certificates
    assert "port" not in certificates


def test_scoring_again_supersedes_and_other_programs_do_not(tmp_path):
    (first,) = scored(tmp_path, POINTS)
    (second,) = scored(tmp_path, POINTS + 0.1)
    (other,) = scored(tmp_path, POINTS, statement=replace(STATED, name="port-2"))
    later = replace(second, started="2099-01-01T00:00:00+00:00")
    current = drop_superseded(row_table([first, later, other]))
    assert set(current["identity"]) == {later.identity, other.identity}


def test_scoring_leaves_the_precision_of_the_process_alone(tmp_path):
    scored(tmp_path, POINTS)
    assert jax.numpy.ones(2).dtype == np.float32
