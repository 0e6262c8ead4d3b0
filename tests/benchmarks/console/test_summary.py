"""What `run` prints at its end can be read in 80 columns, however many samplers and targets there are."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from bridgemark.benchmarks.console.summary import print_summary
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep.presets import KINDS, SEVEN

from support.synthetic_rows import failed, row


def printed(rows, tmp_path, width=80):
    console = Console(file=io.StringIO(), width=width)
    print_summary(rows, len(rows), Store(tmp_path), console)
    return console.file.getvalue().splitlines()


def made(samplers, targets):
    first = row(fit_seconds=100.0, sample_seconds=1.0, compile_seconds=10.0)
    return [replace(first, sampler=sampler, target=target) for sampler in samplers for target in targets]


@pytest.mark.parametrize("samplers", [KINDS[:15], KINDS], ids=len)
@pytest.mark.parametrize("targets", [SEVEN[:1], SEVEN, [f"a-target-with-a-long-name-{i}" for i in range(9)]])
def test_every_cell_is_whole_in_80_columns(tmp_path, samplers, targets):
    lines = printed(made(samplers, targets), tmp_path)
    assert max(map(len, lines)) <= 80
    headings = " ".join(line for line in lines if "sampler" in line)
    assert [name for name in targets if name not in headings] == []
    for sampler in samplers:
        own_lines = [line for line in lines if f" {sampler} " in line]
        assert sum(line.count("ok 2 min") for line in own_lines) == len(targets)


def test_as_many_targets_stand_side_by_side_as_fit(tmp_path):
    rows = made(KINDS, SEVEN)
    assert sum("sampler" in line for line in printed(rows, tmp_path, 200)) == 1
    assert sum("sampler" in line for line in printed(rows, tmp_path, 80)) == 2
    assert sum("sampler" in line for line in printed(rows, tmp_path, 40)) == 7


def test_the_worst_status_and_cells_that_were_not_run(tmp_path):
    rows = [
        row(),
        row(seed=1),
        failed("out of memory", seed=2),
        failed("failed", sampler="hmc", target="gmm40-2"),
    ]
    lines = printed(rows, tmp_path)
    (smc,) = (line for line in lines if line.startswith("│ smc"))
    (hmc,) = (line for line in lines if line.startswith("│ hmc"))
    assert "out of memory (1 of 3)" in smc
    assert smc.split("│")[-2].strip() == hmc.split("│")[2].strip() == "-"
    assert any(line.startswith("out of memory: smc x gmm9, seed 2: ") for line in lines)
