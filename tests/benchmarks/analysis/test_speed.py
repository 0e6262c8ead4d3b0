"""A hundred thousand rows go through tables, ranks and compare in seconds and under a gigabyte."""

import json
import subprocess
import sys

import pytest

from support.project import ROOT

ROWS = 100_000
PROGRAM = """
import json, resource, sys, time
from dataclasses import replace
from support.synthetic_rows import SAMPLERS, TARGETS, row
from bridgemark.benchmarks.analysis import compare, ranks
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table

kinds = [row(sampler, target, seed) for sampler in SAMPLERS for target in TARGETS for seed in range(10)]
stored = [
    replace(kind, target=f"{kind.target}-{copy}", metrics=dict(kind.metrics))
    for copy in range(int(sys.argv[1]) // len(kinds) + 1)
    for kind in kinds
]
marks = [time.process_time()]
seconds = {}

def done(name):
    marks.append(time.process_time())
    seconds[name] = marks[-1] - marks[-2]

table = row_table(stored)
done("row table")
summary_table(table)
done("summary table")
blocks = ranks.blocks(table, "bias2_x_max", "gradients")
metrics = {target: block.metric for target, block in blocks.items()}
for values in metrics.values():
    ranks.intervals(values)
ranks.mean_ranks(metrics)
ranks.profiles(blocks, 0.01)
done("ranks")
del table, blocks, metrics
half = len(stored) // 2
compare.compare(stored[:half], stored[:half])
done("compare")
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": len(stored), "megabytes": megabytes, **seconds}))
"""


@pytest.mark.slow
def test_a_hundred_thousand_rows(capsys):
    """Processor seconds, which a busy machine does not stretch; `compare` gets half the rows on each side."""
    command = [sys.executable, "-c", PROGRAM, str(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "tests", check=True)
    measured = json.loads(done.stdout)
    with capsys.disabled():
        print(measured)
    assert measured["rows"] >= ROWS
    assert measured["row table"] + measured["summary table"] + measured["ranks"] < 5
    assert measured["compare"] < 5
    assert measured["megabytes"] < 1_000
