"""What joins: rows of the present code and a valid certificate, or one line that says what to do."""

import json
from dataclasses import asdict, replace

import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.joining.contribution import join
from bridgemark.benchmarks.joining.present_code import FOREIGN_TARGET, OTHER_VERSION
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.results import certificates_folder, rows_folder, store_of
from bridgemark.benchmarks.sweep.plan import Request, plan
from bridgemark.benchmarks.sweep.presets import PRESETS

from support.project import ROOT, TOYS


@pytest.fixture(scope="module")
def planned():
    """Three seeds of one sampler on a target, as the main tables show them."""
    request = Request(preset=PRESETS["default"], samplers=("hmc",), targets=("gmm9",))
    rows = [
        replace(row, status="ok", reason=None, started="2030-01-01T00:00:00+00:00") for row in plan(request)
    ]
    assert len(rows) == 3
    return rows


@pytest.fixture
def folders(tmp_path):
    """One's own results with a certificate of `hmc`, and the published ones."""
    add_certificate(tmp_path / "local")
    return tmp_path / "local", tmp_path / "results"


def add_certificate(folder, identity=None, status="passed"):
    identity = identity or certify.identity_of(registry.samplers()["hmc"])
    certificate = certify.Certificate("hmc", identity, "", (certify.Finding("check", status, None, 1.0),))
    certificates_folder(folder).mkdir(parents=True, exist_ok=True)
    (certificates_folder(folder) / "hmc.json").write_text(json.dumps(asdict(certificate)))


def store(rows, folder):
    for row in rows:
        store_of(folder).write(row)


def refusal(sampler, folders, plugins=()):
    with pytest.raises(BadInput) as raised:
        join(sampler, *folders, plugins)
    assert not folders[1].exists()
    return str(raised.value)


def test_rows_and_certificate_are_written_beside_the_code(planned, folders):
    store(planned, folders[0])
    contribution = join("hmc", *folders)
    assert contribution.code == ROOT / "samplers" / "hmc.py"
    assert contribution.certificate.passed
    assert (len(contribution.rows), contribution.added, contribution.left_out) == (3, 3, {})
    rows = published.read_file(contribution.rows_file)
    assert [(row.identity, row.origin) for row in rows] == [(row.identity, "sent in") for row in planned]
    certificate = certificates_folder(folders[0]) / "hmc.json"
    assert contribution.certificate_file.read_bytes() == certificate.read_bytes()
    (sentence,) = contribution.missing
    assert sentence.startswith("the main tables show 3 seeds on gmm40-2, funnel-10, ")
    assert "gmm9" not in sentence
    assert sentence.endswith("`bridgemark run --sampler hmc`")


def test_joining_twice_adds_nothing(planned, folders):
    store(planned, folders[0])
    first = join("hmc", *folders).rows_file.read_bytes()
    again = join("hmc", *folders)
    assert (again.added, again.rows_file.read_bytes()) == (0, first)


def test_rows_that_the_maintainers_ran_stay_as_they_are(planned, folders):
    here = [replace(planned[0], origin="measured here"), replace(planned[1], origin="sent in and rerun")]
    published.write(here, rows_folder(folders[1]))
    store(planned, folders[0])
    contribution = join("hmc", *folders)
    assert contribution.added == 1
    origins = [row.origin for row in published.read_file(contribution.rows_file)]
    assert origins == ["measured here", "sent in and rerun", "sent in"]


def test_what_the_reviewer_will_miss_is_said(planned, folders):
    add_certificate(folders[0], status="failed")
    slow, lost = replace(planned[1], load=1.7), replace(planned[2], status="timeout", reason="stopped")
    store([planned[0], slow, lost], folders[0])
    tables, failure, certificate, busy = join("hmc", *folders).missing
    assert tables.startswith("the main tables show 3 seeds on gmm9, gmm40-2, ")
    assert (
        failure == "1 row on gmm9 (timeout: stopped) without a result; run again if the machine is to blame"
    )
    assert certificate == "the certificate says failed: check, so the sampler is not ranked"
    assert busy == "1 row ran on a busy machine, so the seconds are too long"


def test_other_rows_are_left_out_and_counted(planned, folders):
    toy = replace(planned[0], target="toy-gaussian", identity="0b" * 10)
    store([*planned, replace(planned[0], identity="0a" * 10), toy], folders[0])
    contribution = join("hmc", *folders)
    assert contribution.left_out == {OTHER_VERSION: 1, FOREIGN_TARGET: 1}
    assert len(contribution.rows) == 3


def test_without_a_row_there_is_nothing_to_join(planned, folders):
    assert refusal("hmc", folders) == (
        f"no row of hmc in {folders[0]} can join; make some with `bridgemark run --sampler hmc`"
    )
    store([replace(planned[0], identity="0a" * 10)], folders[0])
    assert "can join (1 row of another version of the code" in refusal("hmc", folders)


def test_a_certificate_must_be_there_and_valid(planned, folders):
    store(planned, folders[0])
    add_certificate(folders[0], identity="0a" * 10)
    assert "certificate of hmc is stale" in refusal("hmc", folders)
    (certificates_folder(folders[0]) / "hmc.json").unlink()
    message = refusal("hmc", folders)
    assert "certificate of hmc is missing; make it with `bridgemark certify sampler hmc`" in message


def test_a_plugin_must_be_moved_first(folders):
    message = refusal("toy-exact", folders, (TOYS,))
    assert message.startswith("toy-exact is registered by a plug-in")
    for command in ("run --sampler toy-exact", "certify sampler toy-exact", "join --sampler toy-exact"):
        assert f"`bridgemark {command}`" in message
    assert "unknown sampler 'hmmc'; did you mean hmc" in refusal("hmmc", folders)


def test_the_command_ends_with_one_line(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    status, out, errors = call("join", "--sampler", "hmmc", "--published", tmp_path / "results")
    assert (status, out) == (2, "")
    assert errors.startswith("bridgemark: unknown sampler 'hmmc'; did you mean hmc")
    assert errors.count("\n") == 1
