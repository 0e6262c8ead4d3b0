"""What strangers write is text everywhere: on pages, in tables, in spreadsheets and on a terminal."""

import csv
import io
import math
import os
import sys
from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from bridgemark.benchmarks import cli
from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.console.summary import print_summary
from bridgemark.benchmarks.pages import board, leaderboard
from bridgemark.benchmarks.rows.field_checks import ROW_FIELDS, TAKEN
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.rows.row import TEXTS
from bridgemark.benchmarks.rows.store import Store

from support.stored_rows import FULL, HOSTILE_TEXTS, data_of, text_of
from support.synthetic_rows import failed, row, spending

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXTS_ON_PAGES = [text for text in HOSTILE_TEXTS if text.strip() and len(text) < 1_000]


def call(*arguments):
    """Runs the command in this process: (exit status, standard output, standard error)."""
    with pytest.MonkeyPatch.context() as patched, io.StringIO() as out, io.StringIO() as err:
        patched.setattr(sys, "argv", ["bridgemark", *map(str, arguments)])
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        try:
            cli.main()
            status = 0
        except SystemExit as ended:
            status = ended.code or 0
        return status, out.getvalue(), err.getvalue()


def alone(folder):
    """The options with which a command reads the rows of a folder and no published ones."""
    return "--results", folder, "--published", folder / "none"


def made_of(text, number):
    """Rows of two settings of a sampler, a failure and rows with budgets, with this text in every field."""
    texts = {name: text for name in TEXTS if name not in ("config", "reason")}
    texts |= {"versions": {"jax": text}}
    made = [
        row(seed=0, config=text, **texts),
        row(seed=1, config=f"{text} more", **texts),
        replace(failed("failed", sampler="hmc"), **texts, config=text, reason=text),
    ]
    budgets = [made for made in spending(1, (1e4, 1e5)) if made.sampler in ("hmc", "nuts", "bridge")]
    made += [replace(with_budget, **texts, config=text) for with_budget in budgets]
    return [
        replace(made_row, target=f"{made_row.target}-{number}", identity=f"{number:02d}{made_row.identity}")
        for made_row in made
    ]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Folders of results, with tables: `hostile` has rows made of every text, `plain` as many others."""
    folder = tmp_path_factory.mktemp("results")
    texts_of = {"hostile": TEXTS_ON_PAGES, "plain": ["a plain text"] * len(TEXTS_ON_PAGES)}
    for name, texts in texts_of.items():
        store = Store(folder / name / "store")
        made = [made_row for number, text in enumerate(texts) for made_row in made_of(text, number)]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, "fsync", lambda _: None)  # a thousand of them take half a minute
            for made_row in made:
                store.write(made_row)
        status, _, err = call("table", *alone(folder / name))
        assert (status, err) == (0, "")
        overview = folder / name / "overview.md"
        overview.write_text(f"{leaderboard.BEGIN}\n{leaderboard.END}\n")
        board.write(made, Results((folder / name,)), folder / name, overview)
    return folder


def structure(page):
    """The kinds of all elements of a page, without its text."""
    kinds = []
    for token in MARKDOWN.parse(page):
        kinds.append(token.type)
        kinds += [child.type for child in token.children or () if not child.type.startswith("text")]
    return kinds


def cells(path):
    with path.open(newline="") as file:
        return [cell for line in csv.reader(file) for cell in line]


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_plain(output):
    """Whether a terminal shows all characters of an output and obeys none."""
    return output.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["README.md", "overview.md", "tables/summary.md"])
def test_pages_have_the_same_elements_whatever_the_texts(results, name):
    hostile, plain = ((results / folder / name).read_text() for folder in ("hostile", "plain"))
    assert is_plain(hostile)
    assert structure(hostile) == structure(plain)
    for link in ("https://evil", "ftp://evil", "www.evil"):
        assert link not in hostile


def test_this_test_would_see_an_element():
    for text in ("<b>", "`c`", "*e*", "![i](j)", "[l](m)", "<script>", "a | b", "~~s~~"):
        table = f"| a |\n|---|\n| {text} |"
        assert structure(table) != structure(table.replace(text, "text")) or text == "a | b"


def test_no_spreadsheet_evaluates_a_text(results):
    paths = list((results / "hostile" / "tables").glob("*.csv"))
    assert {"summary.csv", "curves.csv"} <= {path.name for path in paths}
    for path in paths:
        for cell in cells(path):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) or is_number(cell)
            assert cell.isprintable()


def test_comparisons_show_texts_as_they_are(results):
    for other in ("plain", "hostile"):
        status, out, err = call("compare", results / "hostile", results / other)
        assert (status in (0, 1), err) == (True, "")
        assert is_plain(out)


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:12]))
def test_terminals_show_texts_as_they_are(tmp_path, capsys, text):
    store = Store(tmp_path / "store")
    for made in made_of(text, 0)[:3]:
        store.write(made)
        status, out, err = call("show", made.identity, *alone(tmp_path))
        assert (status, err) == (0, "")
        assert is_plain(out)
    print_summary(store.read_all(), 1, store, Console(width=500))
    out = capsys.readouterr().out
    assert is_plain(out)
    assert max(map(len, out.splitlines())) < 1_000


def test_markup_is_shown_and_not_obeyed(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    made = made_of("[/x] [red]text[/red] \x1b[31m", 0)[2]
    Store(tmp_path / "store").write(made)
    out = call("show", made.identity, *alone(tmp_path))[1]
    assert "[/x] [red]text[/red] \\x1b[31m" in out


def test_lists_show_plug_ins_as_they_are(tmp_path, monkeypatch):
    """What a plug-in says of itself: its docstring, configuration, source and other names."""
    text = "[/x] [red] \x1b[31m <script> a\x07b \u202e"
    plugin = tmp_path / "plugin.py"
    plugin.write_text(f"""{text!r}
from dataclasses import dataclass, replace
from toys import ToyExact, toy_gaussian
from bridgemark.targets.base import About, Alias

@dataclass(frozen=True, kw_only=True)
class Hostile(ToyExact):
    text: str = {text!r}

    def __repr__(self):
        return self.text

def hostile():
    alias = Alias({text!r}, {text!r}, True)
    return replace(toy_gaussian(), name="hostile", about=About({text!r}, {text!r}, (alias,)))

SAMPLERS = {{"hostile": Hostile()}}
TARGETS = {{"hostile": hostile}}
""")
    monkeypatch.syspath_prepend("tests/support/plugins")
    monkeypatch.setenv("COLUMNS", "200")
    for kind in ("samplers", "targets"):
        status, out, err = call("list", kind, "--plugin", plugin)
        assert (status, err) == (0, "")
        assert is_plain(out)
        assert "hostile" in out


@pytest.mark.parametrize(
    "sampler", ["../../../escaped", "/tmp/escaped", "a/b", "..", "[/x]", "=1", "<b>", "a b"]
)
@pytest.mark.parametrize("command", [("table",), ("figures",), ("show", "0"), ("compare",)], ids=" ".join)
def test_a_row_of_a_hostile_name_is_refused_in_one_line(tmp_path, command, sampler):
    folder = tmp_path / "deep" / "results"
    store = Store(folder / "store")
    store.write(FULL)
    store.path(FULL).write_bytes(text_of(data_of() | {"sampler": sampler}))
    before = sorted(tmp_path.rglob("*"))
    options = (folder, folder) if command == ("compare",) else alone(folder)
    status, out, err = call(*command, *options)
    assert (status, out) == (2, "")
    assert err.startswith(f"bridgemark: {store.path(FULL)} has a wrong sampler: ")
    assert err.endswith("makes it again\n")
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_hostile_folder_name_is_one_line(tmp_path):
    folder = tmp_path / "a\nb\x1b[31m[/x]"
    status, out, err = call("table", *alone(folder))
    assert (status, out) == (2, "")
    assert "no rows are in" in err
    assert is_plain(err)
    assert err.count("\n") == 1


# Names that tables have for something else, or that metrics may have.
COLUMNS = sorted({name for name in columns.MEANINGS if name not in ROW_FIELDS | TAKEN})


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, 0.0, 1e308, -1e308, 5e-324])
def test_metrics_of_any_name_and_value_make_a_page(tmp_path, value):
    store = Store(tmp_path / "store")
    metrics = dict.fromkeys([*COLUMNS, "bias2_=x_max", "bias2_|_max", "x[/y]", "log sigma"], value)
    repeats = {name: [value] * 3 for name in metrics}
    for made in (row(seed=0), row(seed=1), *spending(1, (1e4,))):
        store.write(replace(made, metrics=metrics, floors=metrics, errors=metrics, repeats=repeats))
    assert call("table", *alone(tmp_path))[::2] == (0, "")
    assert call("compare", tmp_path, tmp_path)[2] == ""


def test_rows_that_lack_any_metric_make_a_page(tmp_path):
    store, noise = Store(tmp_path / "store"), np.random.default_rng(0)
    for made in [row(seed=seed) for seed in range(5)] + spending(2, (1e4, 1e5)):
        kept = {name: value for name, value in made.metrics.items() if noise.uniform() < 0.5}
        errors = {name: value for name, value in made.errors.items() if noise.uniform() < 0.5}
        without = {"fit_evals": None} if noise.uniform() < 0.3 else {}
        without |= {"fit_seconds": None} if noise.uniform() < 0.3 else {}
        without |= {"started": None, "device": None} if noise.uniform() < 0.3 else {}
        store.write(replace(made, metrics=kept, errors=errors, **without))
    status, _, err = call("table", *alone(tmp_path))
    assert (status, err) == (0, "")
