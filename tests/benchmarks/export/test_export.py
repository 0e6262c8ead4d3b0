"""What is exported reads back as what is stored, and is made again byte for byte."""

import csv
import io
import math
import re
import sys
import zipfile

import arviz
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from bridgemark.benchmarks.analysis.columns import MEANINGS
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.export import schema
from bridgemark.benchmarks.export.latex import summary_as_latex
from bridgemark.benchmarks.export.parquet import as_parquet
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.results import store_of
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.text import LATEX, escape_latex

from support.stored_rows import HOSTILE_TEXTS
from support.synthetic_rows import fill, repeated, row, rows, spending, with_metric


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder of published rows, and one of one's own rows with draws."""
    folder = tmp_path_factory.mktemp("results")
    published.write(rows(), folder / "published" / "rows")
    fill(store_of(folder / "mine"), [row("smc", seed=7, identity="a1"), row("nuts", seed=7, identity="b2")])
    return folder


def options(folders):
    return ["--results", folders / "mine", "--published", folders / "published"]


def made():
    """Rows with budgets, failures, repeated draws, a metric that is None and one that is NaN."""
    special = [with_metric(math.nan, 8, "mode_tv"), with_metric(None, 9), repeated(10, 1.0, 2.0, 3.0)]
    special.append(row(seed=11, identity="ab", external=True, load=0.5, true_log_z=-1.0, cores=2))
    return [*rows(), *spending(2), *special]


def same(value, other):
    """Whether two values are equal, NaN equal to NaN and to nothing else."""
    if isinstance(value, float) and math.isnan(value):
        return isinstance(other, float) and math.isnan(other)
    return value == other and (value is None) == (other is None)


def test_parquet_reads_back_as_the_row_table():
    """None and NaN stay apart, and no digit is lost."""
    table = row_table(made())
    columns = pyarrow.parquet.read_table(io.BytesIO(as_parquet(table))).to_pydict()
    assert list(columns) == list(table.columns)
    for name, values in columns.items():
        assert len(values) == len(table)
        assert all(map(same, table[name].tolist(), values)), name
    assert any(value is None for value in columns["mode_tv"])
    assert any(value is not None and math.isnan(value) for value in columns["mode_tv"])


def test_parquet_is_made_again_byte_for_byte_and_explains_its_columns():
    table = row_table(made())
    content = as_parquet(table)
    assert content == as_parquet(row_table(made()))
    fields = pyarrow.parquet.read_schema(io.BytesIO(content))
    for field in fields:
        assert field.metadata[b"meaning"].decode() == schema.meaning_of(field.name)


def test_csv_reads_back_within_its_digits(folders, tmp_path, call):
    status, out, err = call("export", *options(folders), "--output", tmp_path / "new" / "rows.csv")
    assert (status, err) == (0, "")
    assert out == f"47 rows are in {tmp_path / 'new' / 'rows.csv'}\n"
    table = row_table(
        [*published.read(folders / "published" / "rows"), *store_of(folders / "mine").read_all()]
    )
    with (tmp_path / "new" / "rows.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == list(table.columns)
    for name in table.columns:
        for value, cell in zip(table[name].tolist(), (line[name] for line in lines), strict=True):
            if isinstance(value, float):
                assert float(cell) == pytest.approx(value, rel=1e-5, nan_ok=True)
            else:
                assert cell == ("" if value is None else str(value))


def test_the_archive_of_a_release_is_made_again_byte_for_byte(folders, tmp_path, call):
    """It has the published rows alone."""
    for name in ("a", "b"):
        status, out, err = call("export", *options(folders), "--release", tmp_path / name)
        assert (status, err) == (0, "")
        assert out.startswith("45 published rows are in ")
    (first,), (second,) = (list((tmp_path / name).iterdir()) for name in ("a", "b"))
    assert re.fullmatch(r"bridgemark-[0-9.]+-rows\.zip", first.name)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        names = [name.partition("/")[2] for name in archive.namelist()]
        assert names == ["README.md", "rows.csv", "rows.parquet"]
        page, text, content = (archive.read(name) for name in archive.namelist())
    table = row_table(published.read(folders / "published" / "rows"))
    assert len(pd.read_csv(io.BytesIO(text))) == len(table) == 45
    assert pyarrow.parquet.read_table(io.BytesIO(content)).num_rows == 45
    described = re.findall(r"^\| ([^|]+?) +\|", page.decode(), re.MULTILINE)
    assert described == ["column", *(name.replace("\\_", "_") for name in table.columns)]


def test_every_column_has_a_meaning():
    for name in row_table(made()).columns:
        meaning = schema.meaning_of(name)
        assert meaning != "a metric", name
        assert "{" not in meaning
    assert schema.meaning_of("log_z") == MEANINGS["log_z"]
    assert schema.meaning_of("floors.mmd2") == "mmd2 of as many exact, unweighted draws"
    assert "mean of x2 over the variance of x2, on average" in schema.meaning_of("bias2_x2_mean")
    assert schema.meaning_of("unheard_of") == "a metric"


def cells_of(text):
    """The lines of a table in LaTeX, each as its cells."""
    return [line.removesuffix(r" \\").split(" & ") for line in text.splitlines() if line.endswith(r" \\")]


def test_latex_has_the_medians_of_every_target(folders, tmp_path, call):
    status, _, err = call("export", *options(folders), "--format", "latex", "--output", tmp_path / "a.tex")
    assert (status, err) == (0, "")
    text = (tmp_path / "a.tex").read_text()
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 3, 1]
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    lines = cells_of(text)
    head = lines[0]
    assert rf"\begin{{tabular}}{{{'l' + 'r' * (len(head) - 1)}}}" in text
    assert all(len(line) in (1, len(head)) for line in lines)
    medians = np.median([stored.metrics["bias2_x_max"] for stored in rows() if made_by(stored, "dds")])
    (dds,) = [line for line in lines[lines_of_target(lines, "gmm40-2") :] if line[0] == "dds"][:1]
    assert float(dds[head.index("bias$^2$ of $x$")].strip("$").replace(r" \times 10^{", "e").strip("}")) == (
        pytest.approx(medians, rel=0.05)
    )


def made_by(stored, sampler):
    return (stored.sampler, stored.target) == (sampler, "gmm40-2")


def lines_of_target(lines, target):
    return next(number for number, line in enumerate(lines) if target in line[0])


def test_table_writes_latex_on_request(folders, tmp_path, call):
    results = ("--results", tmp_path, "--published", folders / "published")
    assert call("table", *results)[0] == 0
    assert not (tmp_path / "tables" / "summary.tex").exists()
    assert call("table", *results, "--latex")[0] == 0
    text = (tmp_path / "tables" / "summary.tex").read_text()
    assert text == summary_as_latex(row_table(published.read(folders / "published" / "rows")))


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:12]))
def test_what_strangers_write_is_text_in_latex(text):
    """Without the spellings of special characters, no special character is left."""
    escaped = escape_latex(text)
    assert escaped.isprintable()
    for spelling in sorted(LATEX.values(), key=len, reverse=True):
        escaped = escaped.replace(spelling, "")
    assert not set(escaped) & set(LATEX)


@pytest.mark.parametrize("keeps", [False, True])
def test_stored_draws_are_read_by_arviz(folders, tmp_path, call, keeps):
    """Weighted draws keep their weights, or are resampled: one of weight w occurs n w times, within one."""
    arguments = ("--format", "arviz", "--output", tmp_path / "draws", *["--keep-weights"] * keeps)
    status, out, err = call("export", *options(folders), *arguments)
    assert (status, err) == (0, "")
    assert out == f"the stored draws of 2 rows of your own are in {tmp_path / 'draws'}\n"
    store = store_of(folders / "mine")
    assert len(list((tmp_path / "draws").iterdir())) == 2
    for stored in store.read_all():
        path = tmp_path / "draws" / f"{stored.sampler}-gmm9-7-{stored.identity}.nc"
        inference_data = arviz.from_netcdf(str(path))
        posterior, arrays = inference_data.posterior, store.arrays(stored)
        assert posterior["x"].dims == ("chain", "draw", "x_dim_0")
        assert posterior.attrs["identity"] == stored.identity
        assert posterior.attrs["metric_bias2_x_max"] == stored.metrics["bias2_x_max"]
        assert posterior.attrs["draws"] == 10_000
        assert "thinned" in posterior.attrs["stored_draws"]
        is_weighted = "log_weights" in arrays
        assert ("weights" in posterior.attrs) == is_weighted
        assert ("sample_stats" in inference_data.groups()) == (is_weighted and keeps)
        if is_weighted and keeps:
            weights = inference_data.sample_stats["log_weights"].values[0]
            np.testing.assert_array_equal(weights, arrays["log_weights"])
        if is_weighted and not keeps:
            shares = np.exp(arrays["log_weights"] - np.logaddexp.reduce(arrays["log_weights"]))
            n = len(shares)
            occurs = (posterior["x"].values[0][:, None] == arrays["x"]).all(axis=2).sum(axis=0)
            assert np.all(np.abs(occurs - n * shares) <= 1)
        else:
            np.testing.assert_array_equal(posterior["x"].values[0], arrays["x"])
        inference_data.close()


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("pyarrow", ("--format", "parquet"), "bridgemark[export]"),
        ("pyarrow", ("--release", "x"), "bridgemark[export]"),
        ("xarray", ("--format", "arviz"), "bridgemark[arviz]"),
        ("h5netcdf", ("--format", "arviz"), "bridgemark[arviz]"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    folders, tmp_path, call, monkeypatch, package, arguments, extra
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    status, out, err = call("export", *options(folders), *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert f"pip install '{extra}'" in err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--release", "a", "--format", "csv"), "leave out --format and --output"),
        (("--release", "a", "--output", "b"), "leave out --format and --output"),
        (("--output", "/proc/nothing/rows.csv"), "cannot write /proc/nothing/rows.csv"),
        (("--release", "/proc/nothing"), "cannot write /proc/nothing"),
        (("--format", "arviz", "--output", "/proc/nothing"), "cannot write /proc/nothing"),
    ],
)
def test_wrong_requests_are_one_line(folders, tmp_path, monkeypatch, call, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = call("export", *options(folders), *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_without_rows_there_is_nothing_to_export(tmp_path, call):
    none = ("--results", tmp_path / "a", "--published", tmp_path / "b")
    for format_name in ("csv", "parquet", "latex"):
        status, _, err = call("export", *none, "--format", format_name, "--output", tmp_path / "out")
        assert (status, err.count("\n")) == (2, 1)
        assert "no rows are in" in err
    status, out, _ = call("export", *none, "--format", "arviz", "--output", tmp_path / "out")
    assert (status, "0 rows" in out) == (0, True)


def test_formulas_of_a_spreadsheet_are_text_in_csv(tmp_path, call):
    Store(tmp_path / "store").write(row(config="=cmd|' /C calc'!A0"))
    options = ("--results", tmp_path, "--published", tmp_path / "none", "--output", tmp_path / "rows.csv")
    assert call("export", *options)[0] == 0
    assert "'=cmd|" in (tmp_path / "rows.csv").read_text()
