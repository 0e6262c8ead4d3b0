"""Files of draws: what Stan, ArviZ and NumPy write is read, and anything else is refused in one line."""

import io
import os
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external import csv_file, draws_file, layout
from bridgemark.benchmarks.external.layout import Layout

POINTS = np.array([[0.1, -2.0], [1e-300, 3.0], [1 / 3, 4e10], [5.0, 6.0]])
NO_COLUMNS = Layout()
CMDSTAN = """\
# stan_version_major = 2
# method = sample (Default)
lp__,accept_stat__,stepsize__,x.1,x.2
# Adaptation terminated
# Step size = 0.8
-1.5,0.9,0.8,{0[0]!r},{0[1]!r}
-1.5,1,0.8,{1[0]!r},{1[1]!r}

-1.5,0.7,0.8,{2[0]!r},{2[1]!r}
-1.5,0.7,0.8,{3[0]!r},{3[1]!r}
# Elapsed Time: 0.1 seconds (Warm-up)
"""


def lines_of(*columns, names):
    text = [",".join(names), *(",".join(map(repr, line)) for line in zip(*columns, strict=True))]
    return "\n".join(text) + "\n"


def frame(**more):
    """The points as a data frame, after or before further columns."""
    return pd.DataFrame({"x0": POINTS[:, 0], "x1": POINTS[:, 1], **more})


def write(path, content):
    """Write a data frame, arrays, bytes or text in the format that the name of the file says."""
    match content:
        case pd.DataFrame():
            {".csv": content.to_csv, ".parquet": content.to_parquet}[path.suffix](path, index=False)
        case dict():
            np.savez_compressed(path, **content)
        case bytes():
            path.write_bytes(content)
        case _:
            path.write_text(content)
    return path


def refusal(path, columns=NO_COLUMNS, dim=2):
    with pytest.raises(BadInput) as raised:
        draws_file.read(path, dim, columns)
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) < 450
    return message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", frame()),
        ("a.parquet", frame()),
        ("a.npz", {"x": POINTS}),
        ("a.npz", {"draws": POINTS}),
        ("a.npz", {"x": POINTS[None], "meta": np.array(["text"])}),
        ("cmdstan.csv", CMDSTAN.format(*POINTS.tolist())),
        ("any_names.csv", frame().rename(columns={"x0": "alpha", "x1": "beta"})),
        ("more_parameters.csv", frame(sigma=np.ones(4), kind=list("abcd"))),
        ("indices.csv", frame(**{".draw": range(4), ".iteration": range(4), "lp__": np.ones(4)})),
        ("pandas.csv", "," + lines_of(range(4), *POINTS.T.tolist(), names=("0", "mu", "tau"))[2:]),
        ("windows.csv", b"\xef\xbb\xbf" + frame().to_csv(index=False).replace("\n", "\r\n").encode()),
        ("quoted.csv", frame().to_csv(index=False, quoting=1)),
        ("arviz.csv", frame(chain=np.zeros(4)).rename(columns={"x0": "x[0]", "x1": "x[1]"})),
    ],
)
def test_draws_come_back_exactly(tmp_path, name, content):
    draws = draws_file.read(write(tmp_path / name, content), 2, NO_COLUMNS)
    assert draws.x.shape == (1, 4, 2)
    assert draws.x.dtype == np.float64
    np.testing.assert_array_equal(draws.x[0], POINTS)
    assert draws.log_weights is None


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_tells_chains_apart_and_keeps_their_order(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}", frame(chain=[7, 3, 7, 3], lw=[0.0, 1.0, 2.0, -np.inf]))
    draws = draws_file.read(path, 2, Layout("lw", "chain"))
    np.testing.assert_array_equal(draws.x, [POINTS[[1, 3]], POINTS[[0, 2]]])
    np.testing.assert_array_equal(draws.log_weights, [[1.0, -np.inf], [0.0, 2.0]])
    assert draws_file.read(path, 2, Layout("lw")).x.shape == (2, 2, 2)


def test_chains_and_weights_of_arrays(tmp_path):
    arrays = {"x": POINTS.reshape(2, 2, 2).astype(np.float32), "lw": np.arange(4).reshape(2, 2)}
    draws = draws_file.read(write(tmp_path / "a.npz", arrays), 2, Layout("lw"))
    np.testing.assert_array_equal(draws.x, arrays["x"])
    np.testing.assert_array_equal(draws.log_weights, [[0.0, 1.0], [2.0, 3.0]])


WRONG_CSV = {
    "": "has no draws",
    "x0,x1\n": "has no draws",
    "x0,x1\n# only a comment\n": "has no draws",
    "1,2\n3,4\n": "begins with numbers",
    "x0,x1,x2\n1,2,3\n": "has 3 columns for the 2 dimensions",
    "x0\n1\n": "has 1 column for the 2 dimensions",
    "x0;x1\n1;2\n": "has 0 columns",
    "x0,x1\n1,2\n3,abc\n": "could not convert string 'abc'",
    "x0,x1\n1,2\n3,\n": "could not convert string ''",
    "x0,x1\n1,2\n3\n": "row 2 with 1 columns",
    "x0,x1\n1,2\n3,1+2j\n": "could not convert string '1+2j'",
    "x0,x1\n1+2j,2\n": "has 1 column",
    "x0,x1\n1,2,3\n": "3 cells follow 2 names",
    'x0,x1\n"1,2\n3,4\n': "1 cells follow 2 names",
    "x0,x0\n1,2\n": "has several columns x0",
    "chain,x0,x1\n1,1,2\n1,3,4\n2,5,6\n": "chains of 1 to 2 draws",
    "chain,x0,x1\n1,1,2\nnan,3,4\n": "must number the chains",
    "x0,x1\n1,=cmd|calc\n": "has 1 column",
    "x0,x1\n" + "1" * 100_000 + ",2\n1,@\n": "could not convert string '@'",
    "a" * 200_000 + ",x1\n1,2\n": "field larger than field limit",
}


@pytest.mark.parametrize("text", WRONG_CSV, ids=lambda text: repr(text[:20]))
def test_a_wrong_csv_file_is_refused(tmp_path, text):
    assert WRONG_CSV[text] in refusal(write(tmp_path / "a.csv", text))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00\x01\x02", b"PK\x03\x04", b"\x1f\x8b\x08"])
def test_what_is_no_text_is_refused(tmp_path, content):
    refusal(write(tmp_path / "a.csv", content))


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    with (tmp_path / "sparse.csv").open("wb") as file:
        file.truncate(layout.MAX_BYTES + 1)
    assert "are read at most" in refusal(tmp_path / "sparse.csv")
    monkeypatch.setattr(csv_file, "MAX_LINE_LENGTH", 1_000)
    assert "more than 1000 characters" in refusal(write(tmp_path / "a.csv", "x0,x1\n" + "1" * 2_000))
    for module in (csv_file, layout):
        monkeypatch.setattr(module, "MAX_NUMBERS", 6)
    for name, content in {"b.csv": frame(), "b.parquet": frame(), "b.npz": {"x": POINTS}}.items():
        assert "has 8 numbers, and 6 are read at most" in refusal(write(tmp_path / name, content))


def npy_header(shape, descr="<f8"):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": shape})
    return header.getvalue()


class Exploding:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def test_pickled_objects_are_refused_unopened(tmp_path):
    trap = tmp_path / "opened"
    path = write(tmp_path / "a.npz", {"x": np.array([Exploding(trap)], dtype=object)})
    assert "holds object and not real numbers" in refusal(path)
    weights = {"x": POINTS, "lw": np.array([Exploding(trap)] * 4, dtype=object)}
    assert "holds object" in refusal(write(tmp_path / "b.npz", weights), Layout("lw"))
    assert not trap.exists()


WRONG_ARRAYS = {
    "dimension": ({"x": np.ones((4, 3))}, "it must be (draws, 2) or (chains, draws, 2)"),
    "vector": ({"x": np.ones(4)}, "has the shape (4,)"),
    "four axes": ({"x": np.ones((1, 1, 4, 2))}, "has the shape (1, 1, 4, 2)"),
    "no draws": ({"x": np.ones((0, 2))}, "has no draws"),
    "complex": ({"x": np.ones((4, 2), complex)}, "holds complex128"),
    "texts": ({"x": np.array([["a", "b"]])}, "holds <U1"),
    "dates": ({"x": np.zeros((4, 2), "M8[s]")}, "holds datetime64"),
    "booleans": ({"x": np.ones((4, 2), bool)}, "holds bool"),
    "records": ({"x": np.zeros(4, [("x0", "f8"), ("x1", "f8")])}, "and not real numbers"),
    "two": ({"a": np.ones(4), "b": np.ones(4)}, "has the arrays a, b; call that of the draws x"),
    "none": ({}, "has the arrays none"),
}


@pytest.mark.parametrize("kind", WRONG_ARRAYS)
def test_wrong_arrays_are_refused(tmp_path, kind):
    arrays, message = WRONG_ARRAYS[kind]
    assert message in refusal(write(tmp_path / "a.npz", arrays))


def test_wrong_weights_and_names_are_refused(tmp_path):
    arrays = write(tmp_path / "a.npz", {"x": POINTS, "lw": np.ones(3)})
    assert "have the shape (3,), not (4,)" in refusal(arrays, Layout("lw"))
    assert "no array 'w' for --log-weights; it has x, lw" in refusal(arrays, Layout("w"))
    assert "the chains are the first axis" in refusal(arrays, Layout(None, "chain"))
    table = write(tmp_path / "a.csv", frame())
    assert "no column of numbers 'w' for --log-weights; it has x0, x1" in refusal(table, Layout("w"))
    assert "no column of numbers 'c' for --chains" in refusal(table, Layout(None, "c"))


@pytest.mark.parametrize(
    "content",
    [
        npy_header((10**12, 2)),
        npy_header((10**6, 2)),
        npy_header((-1, 2)),
        npy_header((2, 2), "|O"),
        b"\x93NUMPY\x03\x00\x10\x00\x00\x00",
        b"\x93NUMPY",
        b"",
    ],
)
def test_an_archive_that_lies_is_refused(tmp_path, content):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    refusal(tmp_path / "a.npz")


def test_a_bomb_is_refused_by_its_header(tmp_path):
    """A hundred megabytes of zeros in a hundred kilobytes, which say that they are 3 GB."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy_header((200_000_000, 2)) + bytes(10**8))
    assert (tmp_path / "a.npz").stat().st_size < 200_000
    assert "has 400000000 numbers" in refusal(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18), b"PAR1xxxxPAR1"])
@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_what_is_no_archive_is_refused(tmp_path, suffix, content):
    refusal(write(tmp_path / f"a{suffix}", content))


def test_empty_cells_and_texts_in_parquet_are_refused(tmp_path):
    empty = pd.DataFrame({"x0": pd.array([1, None], "Int64"), "x1": [1.0, 2.0]})
    assert "1 cells of the column 'x0' are empty" in refusal(write(tmp_path / "a.parquet", empty))
    assert "has 1 column" in refusal(write(tmp_path / "b.parquet", frame().astype({"x1": str})))


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    path = write(tmp_path / "a.parquet", frame())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install 'bridgemark[export]'" in refusal(path)


def test_what_is_no_file_is_refused_at_once(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    assert "is not a file" in refusal(tmp_path / "folder.csv")
    assert "is not a file" in refusal(tmp_path / "pipe.csv")
    assert "No such file" in refusal(tmp_path / "missing.csv")
    assert "must end in .csv, .npz, .parquet" in refusal(tmp_path / "a.pkl")
    assert "cannot be read" in refusal(tmp_path / "a\0b.csv")
