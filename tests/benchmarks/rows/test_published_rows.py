"""Published rows: text that a reviewer can read, and the same bytes after reading and writing."""

import errno
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.encoding import encode

from support.stored_rows import FULL, refusal
from support.synthetic_rows import rows, spending


def texts(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path):
    """A folder of published rows of five samplers."""
    paths = published.write([*rows(), *spending(2)], tmp_path / "rows")
    assert [path.name for path in paths] == [
        "bridge.jsonl",
        "dds.jsonl",
        "hmc.jsonl",
        "nuts.jsonl",
        "smc.jsonl",
    ]
    return tmp_path / "rows"


def test_writing_what_was_read_gives_the_same_bytes(folder):
    before = texts(folder)
    stored = published.read(folder)
    assert len(stored) == len([*rows(), *spending(2)])
    published.write(stored[::-1], folder)
    assert texts(folder) == before


def test_the_order_of_the_rows_leaves_no_trace(folder, tmp_path):
    published.write([*spending(2), *rows()][::-1], tmp_path / "again")
    assert texts(tmp_path / "again") == texts(folder)


def test_lines_are_sorted(folder):
    keys = []
    for line in (folder / "hmc.jsonl").read_text().splitlines():
        row = json.loads(line)
        key = [row["target"], row.get("budget_unit", ""), row.get("budget", 0)]
        keys.append([*key, row["draws"], row["seed"], row["identity"]])
    assert keys == sorted(keys)
    assert len({key[0] for key in keys}) == 3


def test_a_file_is_lines_with_one_newline_at_the_end(folder):
    for text in texts(folder).values():
        assert text.endswith(b"}\n")
        assert b"\n\n" not in text
        assert b"\r" not in text


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (None, None),
        (0.0, 0.0),
        (0.123456789, 0.123457),
        (-1.23456789e-9, -1.23457e-9),
        (99.9999999, 100.0),
        (-1234.56789, -1234.5679),
        (999999.99999, 1000000.0),
        (12345678.9, 12345700.0),
        (1e300, 1e300),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
    ],
)
def test_measured_numbers_are_rounded_once(value, rounded):
    row = replace(FULL, metrics={"log_z": value}, repeats={"log_z": [value]}, floors={}, errors={})
    made = published.rounded(row)
    assert made.metrics == {"log_z": rounded}
    assert made.repeats == {"log_z": [rounded]}
    assert published.rounded(made) == made


def test_a_budget_is_exact_and_none_and_nan_stay_apart(tmp_path):
    published.write([replace(FULL, budget=1234567.891, fit_seconds=1.23456789)], tmp_path)
    (row,) = published.read(tmp_path)
    assert (row.budget, row.fit_seconds) == (1234567.891, 1.23457)
    assert row.metrics["elbo"] is None
    assert math.isnan(row.metrics["r_hat_max"])
    assert row.metrics["pareto_k"] == math.inf


ALTERED = {
    b"": "is empty",
    b"\n": "is empty",
    b"{}\n": "has no schema",
    b"<<<<<<< HEAD\n": "is not JSON",
    b"\xff\n": "is not text in UTF-8",
    b"\x00" * 100 + b"\n": "is not JSON",
    b"x" * 2**21: "has more than 1048576 bytes",
    encode(FULL).replace(b"smc", b"../../../escaped"): "does not match its checksum",
    encode(FULL).replace(b'"schema": 2', b'"schema": 7'): "was written by a newer bridgemark (schema 7); upd",
    encode(FULL)[:-2] + b"\n": "is not JSON",
    encode(FULL)[:-1] + encode(FULL): "is not JSON",
    encode(replace(FULL, sampler="hmc")): "holds a row of hmc, which belongs in hmc.jsonl",
    encode(replace(FULL, metrics={"status": 1.0})): "cannot be the name of a metric",
}


@pytest.mark.parametrize("line", ALTERED, ids=lambda line: repr(line[:12]) + str(len(line)))
def test_a_wrong_line_is_named_with_its_file_and_number(folder, line):
    path = folder / "smc.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    lines.insert(3, line or b"\n")
    path.write_bytes(b"".join(lines))
    message = refusal(lambda: published.read(folder))
    assert message.startswith(
        f"{path}, line 4, {ALTERED[line]}" if "metric" not in ALTERED[line] else str(path)
    )
    assert ALTERED[line] in message
    assert next(iter(published.problems(folder))) == message
    path.write_bytes(whole)
    assert list(published.problems(folder)) == []


def test_an_identity_is_in_one_line_of_one_file(folder):
    first = published.read(folder)[0]
    path = folder / "bridge.jsonl"
    path.write_bytes(path.read_bytes() + encode(first))
    number = len(path.read_bytes().splitlines())
    assert f"{path}, line {number}, holds the row {first.identity} again" in refusal(
        lambda: published.read(folder)
    )
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    (folder / "other.jsonl").write_bytes(encode(replace(first, sampler="other")))
    message = refusal(lambda: published.read(folder))
    assert f"other.jsonl, line 1, holds the row {first.identity} again, after {path}, line " in message


def test_line_ends_of_windows_are_read(folder):
    before = [encode(row) for row in published.read(folder)]
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert [encode(row) for row in published.read(folder)] == before


def test_foreign_files_are_left_alone(folder):
    before = len(published.read(folder))
    (folder / "README.md").write_text("# Rows")
    (folder / ".hmc.jsonl.host.1.0.tmp").write_text("half")
    assert len(published.read(folder)) == before


def test_what_is_no_file_or_may_not_be_read_has_its_own_cure(folder, monkeypatch):
    (folder / "zzz.jsonl").mkdir()
    assert refusal(lambda: published.read(folder)).endswith(
        "zzz.jsonl is a folder and not a file; move it away"
    )
    (folder / "zzz.jsonl").rmdir()

    def deny(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    message = refusal(lambda: published.read(folder))
    assert message.startswith(f"{folder / 'bridge.jsonl'} cannot be read (Permission denied)")
    assert "check its permissions" in message


def test_only_files_of_samplers_with_rows_are_replaced(folder):
    before = texts(folder)
    published.write([replace(FULL, sampler="hmc")], folder)
    after = texts(folder)
    assert {name for name in after if after[name] != before[name]} == {"hmc.jsonl"}
    assert after["hmc.jsonl"].count(b"\n") == 1


@pytest.mark.parametrize("sampler", ["../escaped", "/tmp/escaped", "a/b", ""])
def test_no_name_leads_out_of_the_folder(tmp_path, sampler):
    message = refusal(lambda: published.write([replace(FULL, sampler=sampler)], tmp_path / "rows"))
    assert "cannot be stored" in message
    assert list(tmp_path.iterdir()) == []


def test_two_rows_of_one_identity_are_not_written(tmp_path):
    message = refusal(lambda: published.write([FULL, replace(FULL, seed=1)], tmp_path))
    assert f"two rows of smc x gmm9 have the identity {FULL.identity}" in message


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot write into" in refusal(lambda: published.write([FULL], tmp_path / "file" / "rows"))
