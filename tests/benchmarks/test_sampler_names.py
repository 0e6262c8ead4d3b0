"""Samplers with settings in their names: how names are split, varied and read, and one run."""

from dataclasses import replace

import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.joining.present_code import FOREIGN_SAMPLER, identify
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.command import command_of
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sampler_names import (
    SAMPLER_NAME,
    parts_of,
    split_sampler_names,
    vary,
    with_settings,
)
from bridgemark.benchmarks.sweep import runner
from bridgemark.benchmarks.sweep.plan import plan
from bridgemark.benchmarks.sweep.presets import PRESETS
from bridgemark.benchmarks.sweep.request import Request
from bridgemark.benchmarks.sweep.runner import Resources

from support.project import TOYS
from support.synthetic_rows import row


def test_commas_between_brackets_do_not_separate_names():
    texts = ["dds[steps=8,width=4], hmc", "hmc,smc"]
    assert split_sampler_names(texts) == ("dds[steps=8,width=4]", "hmc", "smc")


def test_every_combination_of_settings_is_a_name():
    assert vary(["dds", "pis"], ["steps=8, 16"]) == (
        "dds[steps=8]",
        "dds[steps=16]",
        "pis[steps=8]",
        "pis[steps=16]",
    )
    assert vary(["dds[width=4]"], ["steps=8", "horizon=1.5,2"]) == (
        "dds[width=4,steps=8,horizon=1.5]",
        "dds[width=4,steps=8,horizon=2]",
    )
    assert vary(["dds"], []) == ("dds",)


@pytest.mark.parametrize("variation", ["steps", "steps=", "=8", "steps=8,,9", "steps=[8]", "steps=../x"])
def test_what_varies_nothing_is_refused(variation):
    with pytest.raises(BadInput, match="steps=16,32"):
        vary(["dds"], [variation])


def test_a_name_is_a_registered_one_and_settings():
    assert parts_of("dds") == ("dds", {})
    assert parts_of("dds[steps=8,horizon=1e-2]") == ("dds", {"steps": "8", "horizon": "1e-2"})


@pytest.mark.parametrize(
    "name", ["dds[", "dds[]", "dds]", "[steps=8]", "dds[steps]", "dds[a/b=1]", "dds[steps=8]x", "dds[x=../y]"]
)
def test_what_could_lead_out_of_a_folder_is_no_name(name):
    assert not SAMPLER_NAME.fullmatch(name)
    if "[" in name:
        with pytest.raises(BadInput, match="no name of a sampler"):
            parts_of(name)


def test_a_setting_that_is_there_twice_is_refused():
    with pytest.raises(BadInput, match="has the setting 'steps' twice"):
        parts_of("dds[steps=8,steps=9]")


def test_without_settings_the_sampler_is_not_made_again():
    sampler = registry.load_sampler("dds")
    assert with_settings("dds", sampler, {}) is sampler


def test_a_stored_row_with_a_setting_of_other_code_stops_no_other():
    rows = [row("hmc"), row("smc", target="gmm40-2"), replace(row(), sampler="smc[of_old_code=1]")]
    code = identify(rows)
    assert set(code.samplers) == {"hmc", "smc"}
    assert code.why_not_present(rows[-1]) == FOREIGN_SAMPLER


def test_a_varied_row_is_published_and_read_again(tmp_path):
    published.write([replace(row(), sampler="dds[steps=64]")], tmp_path)
    assert [stored.sampler for stored in published.read(tmp_path)] == ["dds[steps=64]"]


def test_a_setting_has_the_type_of_the_registered_one():
    varied = registry.load_sampler("dds[steps=8,horizon=2,learn_variance=False]")
    registered = registry.load_sampler("dds")
    assert (varied.steps, varied.horizon, varied.learn_variance) == (8, 2.0, False)
    assert varied.updates == registered.updates


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dds[stps=8]", "dds has no setting 'stps'; it has updates, "),
        ("dds[steps=8.5]", "dds: steps is 32; '8.5' cannot take its place"),
        ("dds[steps=many]", "'many' cannot take its place"),
        ("dds[learn_variance=1]", "dds: learn_variance is True; '1' cannot take its place"),
        ("dds[loss=1]", "cannot take its place"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_reason(name, message):
    with pytest.raises(BadInput) as refused:
        registry.load_sampler(name)
    assert message in str(refused.value)


def test_an_unknown_sampler_is_named():
    with pytest.raises(BadInput, match="unknown sampler 'ddss'"):
        registry.choose_samplers(["ddss[steps=8]"], registry.samplers())


def test_a_registered_value_is_the_registered_sampler():
    """Its rows are stored already, so they need not run again under another name."""
    registered = registry.samplers()
    chosen = registry.choose_samplers(["dds[steps=32]", "dds[steps=64]"], registered)
    assert list(chosen) == ["dds", "dds[steps=64]"]
    assert chosen["dds"] == registered["dds"]


def test_a_varied_sampler_runs_and_is_stored_by_its_name(tmp_path):
    names = vary(["toy-exact"], ["spent=4,5"])
    request = Request(
        preset=PRESETS["smoke"],
        samplers=names,
        targets=("toy-gaussian",),
        seeds=1,
        draws=100,
        plugins=(TOYS,),
    )
    store = Store(tmp_path)
    result = runner.run(request, store, Resources(timeout=300))
    few, many = sorted(store.read_all(), key=lambda row: row.sampler)
    assert (few.sampler, many.sampler) == names
    assert (few.status, many.status) == ("ok", "ok")
    assert (few.fit_evals.gradients, many.fit_evals.gradients) == (4, 5)
    assert result.ran == 2
    assert runner.run(request, store, Resources(timeout=300)).ran == 0
    assert "--sampler 'toy-exact[spent=4]'" in command_of(few)


def test_a_varied_row_is_planned_as_the_sampler_with_that_setting():
    request = Request(preset=PRESETS["smoke"], samplers=("hmc", "hmc[chains=2]"), targets=("gmm9",), seeds=1)
    registered, varied = plan(request)
    assert (registered.sampler, varied.sampler) == ("hmc", "hmc[chains=2]")
    assert registered.source == varied.source
    assert registered.identity != varied.identity
