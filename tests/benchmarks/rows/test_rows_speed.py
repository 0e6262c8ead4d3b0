"""A hundred thousand published rows become tables and a page in seconds and under a gigabyte."""

import json
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pytest

from bridgemark.benchmarks.pages.leaderboard import BEGIN, END
from bridgemark.benchmarks.rows import published

from support.project import ROOT
from support.synthetic_rows import SAMPLERS, TARGETS, row

ROWS = 100_000
# Processor seconds of parsing the JSON of all rows and nothing else, on the machine for which the limits
# below are meant. One whose cores or memory are slower, or shared, may take longer in proportion.
PARSING = 0.8
PREAMBLE = """
import json, resource, sys, time
from pathlib import Path

def parsing(folder):
    start = time.process_time()
    for path in folder.glob("*.jsonl"):
        with path.open() as file:
            for line in file:
                json.loads(line)
    return time.process_time() - start

def report(rows, folder):
    seconds = time.process_time()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    numbers = {"rows": rows, "seconds": seconds, "megabytes": megabytes, "parsing": parsing(folder)}
    print(json.dumps(numbers))
"""
TABLE = """
from bridgemark.benchmarks.pages import board
from bridgemark.benchmarks.rows.reading import without_garbage_collection
from bridgemark.benchmarks.rows.results import Results

folder = Path(sys.argv[1])
results = Results((folder,))
with without_garbage_collection():
    rows = results.read()
    board.write(rows, results, folder, folder / "overview.md")
report(len(rows), folder / "rows")
"""
SHOW = """
from bridgemark.benchmarks.console.summary import print_row
from bridgemark.benchmarks.rows.results import Results

folder = Path(sys.argv[1])
print_row(Results((folder,)).find(sys.argv[2]))
report(1, folder / "rows")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose rows/ are those of ten seeds of five samplers on thousands of targets."""
    kinds = [row(sampler, target, seed) for sampler in SAMPLERS for target in TARGETS for seed in range(10)]
    made = []
    for copy in range(ROWS // len(kinds) + 1):
        for kind in kinds:
            identity = sha256(f"{kind.identity} {copy}".encode()).hexdigest()[:20]
            made.append(replace(kind, target=f"{kind.target}-{copy}", identity=identity))
    folder = tmp_path_factory.mktemp("results")
    published.write(made, folder / "rows")
    (folder / "overview.md").write_text(f"{BEGIN}\n{END}\n")
    return folder


def measured(program, *arguments):
    """What a program reports, its seconds as they would be on the machine of PARSING."""
    command = [sys.executable, "-c", PREAMBLE + program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "tests", check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    print(report)
    return report | {"seconds": report["seconds"] * min(1.0, PARSING / report["parsing"])}


@pytest.mark.slow
def test_tables_and_page_of_a_hundred_thousand_rows(folder):
    report = measured(TABLE, folder)
    assert report["rows"] >= ROWS
    assert report["seconds"] < 10
    assert report["megabytes"] < 1_000


@pytest.mark.slow
def test_one_of_a_hundred_thousand_rows_is_shown(folder):
    last = (folder / "rows" / "smc.jsonl").read_bytes().splitlines()[-1]
    report = measured(SHOW, folder, json.loads(last)["identity"])
    assert report["rows"] == 1
    assert report["seconds"] < 3
