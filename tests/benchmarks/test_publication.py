"""Rows join the published ones: those of the present code alone, each with its origin."""

import json
from dataclasses import asdict, replace

import pytest

from bridgemark.benchmarks import publication, registry
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.joining.present_code import (
    EXTERNAL,
    FOREIGN_SAMPLER,
    FOREIGN_TARGET,
    OTHER_VERSION,
    sort_rows,
)
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.results import certificates_folder, checks_folder, rows_folder, store_of
from bridgemark.benchmarks.sweep.plan import Request, plan
from bridgemark.benchmarks.sweep.presets import PRESETS, Budget

from support.project import TOYS


@pytest.fixture(scope="module")
def planned():
    """Rows of two samplers with two seeds, as the present code plans them."""
    request = Request(preset=PRESETS["smoke"], samplers=("hmc", "smc"), targets=("gmm9",), seeds=2, draws=100)
    return [ok(row) for row in plan(request)]


def ok(row, **changes):
    return replace(row, status="ok", reason=None, started="2030-01-01T00:00:00+00:00", **changes)


def toy_rows(samplers, targets):
    request = Request(
        preset=PRESETS["smoke"], samplers=samplers, targets=targets, seeds=1, draws=50, plugins=(TOYS,)
    )
    return plan(request)


def reasons(rows, plugins=()):
    return {reason: len(group) for reason, group in sort_rows(rows, plugins).left_out.items()}


def test_planned_rows_are_of_the_present_code(planned):
    assert sort_rows(planned) == (planned, {})
    assert sort_rows([]) == ([], {})


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "float64"},
        {"budgets": (Budget(1e4, "gradients"), Budget(5.0, "seconds"))},
        {"seed_numbers": (7, 3)},
        {"cores": 2},
    ],
)
def test_settings_are_taken_from_the_row(changes):
    request = Request(preset=PRESETS["smoke"], samplers=("hmc",), targets=("gmm9",), seeds=1, draws=10)
    rows = plan(replace(request, **changes))
    assert sort_rows(rows) == (rows, {})
    if "seed_numbers" in changes:
        assert [row.seed for row in rows] == [7, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": "0a" * 10},
        {"seed": 9},
        {"draws": 101},
        {"device": "cpu arm64"},
        {"flags": ""},
        {"versions": {"jax": "0.1"}},
        {"budget": 1.0, "budget_unit": "seconds"},
    ],
)
def test_an_identity_must_fit_the_row(planned, changes):
    """The settings of a row are hashed into its identity: neither can be changed alone."""
    assert reasons([replace(planned[0], **changes)]) == {OTHER_VERSION: 1}


def test_the_version_of_python_and_the_machine_do_not_count(planned):
    elsewhere = replace(
        planned[0], machine="another", commit="0", versions=planned[0].versions | {"python": "3.13"}
    )
    assert sort_rows([elsewhere]).present == [elsewhere]


def test_rows_of_plugins_count_with_their_plugin_only():
    sampler, target = toy_rows(("toy-exact",), ("gmm9",)), toy_rows(("hmc",), ("toy-gaussian",))
    assert reasons([*sampler, *target]) == {FOREIGN_SAMPLER: 1, FOREIGN_TARGET: 1}
    assert reasons([*sampler, *target], (TOYS,)) == {}


def test_rows_of_other_programs_are_left_out(planned):
    assert reasons([replace(planned[0], external=True)]) == {EXTERNAL: 1}


def test_rows_that_are_added_were_measured_here(planned, tmp_path):
    local, folder = tmp_path / "local", tmp_path / "results"
    stale = replace(planned[0], identity="0a" * 10)
    for row in (*planned[:2], stale, *toy_rows(("toy-exact",), ("gmm9",))):
        store_of(local).write(row)
    assert publication.add(local, folder) == (2, {OTHER_VERSION: 1, FOREIGN_SAMPLER: 1})
    rows = published.read(rows_folder(folder))
    assert {(row.identity, row.origin) for row in rows} == {
        (planned[0].identity, "measured here"),
        (planned[1].identity, "measured here"),
    }


def test_rows_that_were_sent_in_stay_so_until_they_are_measured_here(planned, tmp_path):
    local, folder = tmp_path / "local", tmp_path / "results"
    sent = [
        replace(planned[i], origin=origin)
        for i, origin in enumerate(("sent in", "sent in and rerun", "sent in"))
    ]
    published.write(sent, rows_folder(folder))
    for row in (planned[0], planned[3]):
        store_of(local).write(row)
    assert publication.add(local, folder).rows == 2
    origins = {row.identity: row.origin for row in published.read(rows_folder(folder))}
    expected = ("measured here", "sent in and rerun", "sent in", "measured here")
    assert origins == {row.identity: origin for row, origin in zip(planned, expected, strict=True)}


def test_only_valid_certificates_of_samplers_of_this_project_are_added(tmp_path):
    local, folder = tmp_path / "local", tmp_path / "results"
    certificates_folder(local).mkdir(parents=True)
    valid = certify.identity_of(registry.samplers()["hmc"])
    for name, identity in (("hmc", valid), ("smc", "stale"), ("toy-exact", valid)):
        certificate = certify.Certificate(
            name, identity, "", (certify.Finding("check", "passed", None, 1.0),)
        )
        (certificates_folder(local) / f"{name}.json").write_text(json.dumps(asdict(certificate)))
    assert publication.add(local, folder) == (0, {})
    assert [path.name for path in certificates_folder(folder).iterdir()] == ["hmc.json"]
    assert not rows_folder(folder).exists()


def test_checks_of_truths_of_this_project_are_published(tmp_path):
    local, folder = tmp_path / "local", tmp_path / "published"
    checks_folder(local).mkdir(parents=True)
    for name in ("gmm9", "somebody-elses"):
        (checks_folder(local) / f"{name}.json").write_text(name)
    publication.add(local, folder)
    assert [path.read_text() for path in checks_folder(folder).iterdir()] == ["gmm9"]
