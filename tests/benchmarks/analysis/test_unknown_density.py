"""A density without a truth is found as one, and its samplers are shown with their estimates."""

from dataclasses import replace

import numpy as np
import pytest

from bridgemark.benchmarks.analysis.unknown_density import estimate_all, is_unknown, tables
from bridgemark.benchmarks.pages import board
from bridgemark.benchmarks.pages.estimates import sections
from bridgemark.benchmarks.rows.results import Results, store_of

from support.stored_rows import HOSTILE_TEXTS
from support.synthetic_rows import failed, row, rows


def untrue(stored, **changes):
    """The row without anything that needs a truth, on a target of a user's."""
    kept = {"log_z", "ess_bulk_min", "r_hat_max"}
    metrics = {name: value for name, value in stored.metrics.items() if name in kept}
    fields = {"target": "mine", "identity": stored.identity[::-1], "errors": {"log_z": 0.01}, "floors": {}}
    return replace(stored, metrics=metrics, **fields | changes)


@pytest.fixture
def mine(tmp_path):
    """Results of three samplers on a target without a truth, of which `hmc` is off, beside known ones."""
    rng = np.random.default_rng(0)
    store = store_of(tmp_path)
    made = []
    for sampler, mean in (("nuts", 0.0), ("hmc", 3.0), ("smc", 0.0)):
        for seed in range(3):
            stored = untrue(row(sampler, seed=seed))
            if sampler == "smc":
                stored = replace(stored, metrics=stored.metrics | {"log_z": 2.5 + 0.01 * seed})
            made.append(stored)
            store.write(stored, {"x": rng.normal((mean, 0.0), 1.0, (500, 2))})
    for stored in rows():
        store.write(stored)
    return Results((tmp_path,)), made


def test_only_what_was_compared_with_nothing_is_unknown(mine):
    _, made = mine
    assert is_unknown(made)
    assert not is_unknown(rows()[:3])
    assert not is_unknown([failed(), failed(seed=1)])
    assert not is_unknown([replace(made[0], true_log_z=1.0)])
    assert not is_unknown([*made, replace(made[0], metrics={"bias2_x_max": 0.1})])


def test_samplers_are_shown_with_estimates_and_with_whom_they_agree(mine):
    results, made = mine
    shown, agreement, moments = tables(estimate_all(made, results))
    lines = {line[0]: dict(zip(shown.headings, line, strict=True)) for line in shown.lines}
    assert lines["smc"]["log Z"] == "2.5100 ± 0.0058"
    assert (lines["nuts"]["seeds"], lines["nuts"]["R-hat"], lines["nuts"]["log Z"]) == ("3", "1.01", "")
    about = {line[0]: line[1:] for line in agreement.lines}
    assert about["nuts"] == ("smc", "hmc (mean of x[0])")
    assert about["smc"] == ("nuts", "hmc (mean of x[0])")
    assert moments.headings == ("mean and sd of", "hmc", "nuts", "smc")
    assert [line[0] for line in moments.lines] == ["x[0]", "x[1]"]
    assert float(moments.lines[0][1].partition(" ")[0]) == pytest.approx(3, abs=0.15)


def test_the_page_has_a_section_for_it_and_for_no_other(mine, tmp_path):
    results, _ = mine
    board.write(results.read(), results, tmp_path / "page")
    text = (tmp_path / "page" / "README.md").read_text()
    assert text.count("No truth of this density is known") == 1
    assert text.index("### mine") < text.index("No truth of this density") < text.index("| 2.5100 ± 0.0058 |")


def test_show_prints_what_the_samplers_estimate(mine, tmp_path, call):
    _, made = mine
    options = ("--results", tmp_path, "--published", tmp_path / "none")
    status, out, err = call("show", made[0].identity, *options)
    assert (status, err) == (0, "")
    assert "2.5100 ± 0.0058" in out
    assert "hmc (mean of x[0])" in out
    known = row("smc", seed=0)
    assert "No truth" not in call("show", known.identity, *options)[1]


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:12]))
def test_what_strangers_write_is_text(mine, text):
    """Names of samplers are checked where rows are stored, so that configurations are all that is left."""
    results, made = mine
    changed = [replace(stored, config=text) if stored.seed else stored for stored in made]
    (section,) = sections(changed, results).values()
    assert "<img" not in section
    assert "<script" not in section
    assert all(line.startswith("|") for line in section.split("\n\n", 1)[1].splitlines() if line)
