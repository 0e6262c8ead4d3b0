"""Folders of results are read as one: the rows and certificates of the last one count."""

from dataclasses import replace

import pytest

from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.encoding import encode
from bridgemark.benchmarks.rows.results import PUBLISHED, Results, rows_folder, store_of

from support.project import ROOT
from support.stored_rows import FULL, refusal
from support.synthetic_rows import rows


@pytest.fixture
def folders(tmp_path):
    """A folder with published rows and an empty one for one's own."""
    published.write(rows(), rows_folder(tmp_path / "published"))
    return tmp_path / "published", tmp_path / "local"


def test_published_results_are_those_of_the_repository():
    assert PUBLISHED == ROOT / "results"


def test_rows_of_the_last_folder_are_laid_over_the_others(folders):
    before, local = folders
    first, second, third = published.read(rows_folder(before))[:3]
    changed = [
        replace(first, status="failed", reason="here"),
        replace(second, seed=77),
        replace(FULL, seed=5),
    ]
    for row in changed:
        store_of(local).write(row)
    by_identity = {row.identity: row for row in Results(folders).read()}
    assert len(by_identity) == len(rows()) + 1
    for row in (*changed, third):
        assert encode(by_identity[row.identity]) == encode(row)
    assert {row.identity for row in Results((local,)).read()} == {row.identity for row in changed}
    reverse = {row.identity: row for row in Results((local, before)).read()}
    assert encode(reverse[first.identity]) == encode(first)


def test_a_folder_may_have_published_rows_and_a_store(folders):
    before, _ = folders
    store_of(before).write(FULL)
    assert len(Results((before,)).read()) == len(rows()) + 1


def test_without_rows_it_is_said_what_to_do(tmp_path):
    message = refusal(Results((tmp_path / "a", tmp_path / "b")).read)
    assert message == f"no rows are in {tmp_path / 'a'} or {tmp_path / 'b'}; `bridgemark run` makes rows"


def test_a_row_is_found_by_the_beginning_of_its_identity(folders):
    before, local = folders
    first = published.read(rows_folder(before))[0]
    assert encode(Results(folders).find(first.identity[:12])) == encode(first)
    store_of(local).write(replace(first, seed=77))
    assert Results(folders).find(first.identity[:12]).seed == 77
    store_of(local).write(FULL)
    assert Results(folders).find(FULL.identity[:12]).sampler == "smc"


@pytest.mark.parametrize("beginning", ["zz", "*", '"', "\udcff", "\n"])
def test_where_no_row_begins_so_the_folders_are_named(folders, beginning):
    message = refusal(lambda: Results(folders).find(beginning))
    assert message.startswith("0 rows begin with ")
    assert message.endswith(f"the rows are in {folders[0]} or {folders[1]}")


def test_where_several_rows_begin_so_five_are_named(folders):
    message = refusal(lambda: Results(folders).find(""))
    assert message.startswith(f"{len(rows())} rows begin with ''")
    assert message.count(" x ") == 5


def test_a_damaged_row_is_named_wherever_it_is(folders):
    before, local = folders
    store_of(local).write(FULL)
    store_of(local).path(FULL).write_text("{")
    path = rows_folder(before) / "smc.jsonl"
    assert str(store_of(local).path(FULL)) in refusal(Results(folders).read)
    path.write_bytes(path.read_bytes() + b"{\n")
    assert f"{path}, line " in refusal(Results(folders).read)


def test_ones_own_certificate_counts_before_the_published_one(folders):
    before, local = folders
    paths = list(Results(folders).certificate_paths("smc"))
    assert paths == [folder / "certificates" / "smc.json" for folder in (local, before)]
