"""How the rows of a run agree with the published ones, in one paragraph."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from bridgemark.benchmarks.analysis.compare import compare
from bridgemark.benchmarks.analysis.speed import seconds_ratios
from bridgemark.benchmarks.console.against_published import print_against_published
from bridgemark.benchmarks.rows.published import rounded

from support.synthetic_rows import SAMPLERS, failed, row


def cell(sampler="smc", target="gmm9", seeds=5, stream=0, shift=0.0, seconds=1.0, **changes):
    """Seeds around a bias of 1 %, shifted on the log scale, that take four times `seconds`."""
    noise = np.random.default_rng([SAMPLERS.index(sampler), len(target), stream])
    bias = 0.01 * np.exp(0.3 * noise.normal(size=seeds) + shift)
    return [
        row(
            sampler,
            target,
            seed,
            metrics={"bias2_x_max": float(bias[seed])},
            fit_seconds=seconds,
            sample_seconds=3 * seconds,
            **changes,
        )
        for seed in range(seeds)
    ]


def paragraph(before, rows):
    console = Console(file=io.StringIO(), width=80)
    print_against_published(before, rows, console)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines), default=0) <= 80
    return " ".join(line.strip() for line in lines)


def test_nothing_is_said_where_no_cell_is_common():
    assert paragraph([], cell()) == ""
    assert paragraph(cell(), []) == ""
    assert paragraph(cell(), cell("hmc")) == ""
    assert paragraph(cell(), cell(draws=7)) == ""


def test_what_is_published_is_equal_to_the_row_it_was_made_of():
    """A single seed cannot be tested, but equal digits can be seen."""
    rows = cell(seeds=1)
    text = paragraph([replace(rounded(made), origin="measured here") for made in rows], rows)
    assert text.startswith("Against the published rows of 1 cell: 1 same within the noise of the seeds. ")
    assert text.endswith("`bridgemark compare` shows the details.")


def test_agreement_disagreement_and_too_few_seeds():
    before = [*cell(), *cell("hmc"), *cell("nuts", seeds=1), *failed_cell("dds")]
    after = [
        *cell(stream=1),
        *cell("hmc", stream=1, shift=5.0),
        *cell("nuts", seeds=1, stream=1),
        *cell("dds"),
    ]
    text = paragraph([*before, *cell("bridge")], after)
    assert text.startswith("Against the published rows of 4 cells: 1 same within the noise of the seeds, ")
    assert ", 1 with too few seeds to tell, 2 different: " in text
    assert "hmc x gmm9 (bias2_x_max)" in text
    assert "dds x gmm9 (ok)" in text


def failed_cell(sampler):
    return [failed("timeout", sampler=sampler, seed=seed) for seed in range(5)]


def test_five_cells_are_named():
    targets = [f"target-{number}" for number in range(7)]
    before = [made for target in targets for made in cell(target=target)]
    text = paragraph(before, [made for target in targets for made in cell(target=target, shift=5.0)])
    assert "0 same within the noise of the seeds, 7 different: " in text
    assert text.count("(bias2_x_max)") == 5
    assert "and 2 more" in text


def test_seconds_are_compared_where_the_sampler_is_the_same():
    before = [*cell(), *cell("hmc"), *cell("nuts")]
    after = [*cell(seconds=2.0), *cell("hmc", seconds=4.0), *cell("nuts", seconds=100.0, source="ed17ed")]
    after += cell("dds", seconds=7.0)
    np.testing.assert_allclose(sorted(seconds_ratios(compare(before, after))), [2.0, 4.0])
    assert "took 3 times as long as published (median of 2 cells, from 2 to 4)." in paragraph(before, after)


def test_budgets_in_seconds_say_nothing_of_a_machine():
    budget = {"budget": 4.0, "budget_unit": "seconds"}
    assert not len(seconds_ratios(compare(cell(**budget), cell(**budget))))
    gradients = {"budget": 4.0, "budget_unit": "gradients"}
    assert seconds_ratios(compare(cell(**gradients), cell(**gradients))) == pytest.approx([1.0])


def test_failed_cells_have_no_speed():
    assert not len(seconds_ratios(compare(failed_cell("dds"), cell("dds"))))
