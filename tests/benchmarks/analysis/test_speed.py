"""A hundred thousand rows go through tables, ranks and compare in seconds and under a gigabyte."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = 100_000
HERE = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, resource, sys, time
from dataclasses import replace
from support.synthetic_rows import SAMPLERS, TARGETS, row
from bridgemark.benchmarks.analysis import compare, ranks, tables

kinds = [row(sampler, target, seed) for sampler in SAMPLERS for target in TARGETS for seed in range(10)]
records = [
    replace(kind, target=f"{kind.target}-{copy}", metrics=dict(kind.metrics))
    for copy in range(int(sys.argv[1]) // len(kinds) + 1)
    for kind in kinds
]
marks = [time.process_time()]
seconds = {}

def done(name):
    marks.append(time.process_time())
    seconds[name] = marks[-1] - marks[-2]

table = tables.frame(records)
done("frame")
tables.summary(table)
done("summary")
both = ranks.blocks(table, "bias2_x_max", "gradients")
for metric, _ in both.values():
    ranks.intervals(metric)
ranks.mean_ranks({target: metric for target, (metric, _) in both.items()})
ranks.profiles(both, 0.01)
done("ranks")
del table, both
half = len(records) // 2
compare.compare(records[:half], records[:half])
done("compare")
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": len(records), "megabytes": megabytes, **seconds}))
"""


@pytest.mark.slow
def test_a_hundred_thousand_rows(capsys):
    """Processor seconds, which a busy machine does not stretch; `compare` gets half the rows on each side."""
    command = [sys.executable, "-c", PROGRAM, str(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE, check=True)
    found = json.loads(done.stdout)
    with capsys.disabled():
        print(found)
    assert found["rows"] >= ROWS
    assert found["frame"] + found["summary"] + found["ranks"] < 5
    assert found["compare"] < 5
    assert found["megabytes"] < 1_000
