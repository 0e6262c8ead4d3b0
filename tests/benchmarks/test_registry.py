"""A single entry of the registry is what the whole registry has under its name, with fewer imports."""

import textwrap

import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput

from support.project import python


@pytest.mark.parametrize("name", registry.samplers())
def test_one_sampler_is_that_of_the_registry(name):
    assert registry.load_sampler(name) == registry.samplers()[name]


@pytest.mark.parametrize("name", registry.targets())
def test_one_target_is_that_of_the_registry(name):
    assert registry.load_target(name) == registry.targets()[name]


def test_a_plug_in_is_looked_up_before_files_that_do_not_mention_the_name(tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "from bridgemark.samplers.random_walk import SAMPLERS as theirs\n"
        + "SAMPLERS = {'of-mine': theirs['random-walk']}\n"
    )
    program = f"""
        import sys
        from bridgemark.benchmarks import registry
        print(registry.load_sampler("of-mine", [{str(plugin)!r}]))
        print([name for name in sys.modules if name.startswith("bridgemark.samplers.")])
    """
    done = python("-c", textwrap.dedent(program), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "RandomWalk(" in done.stdout
    assert "bridgemark.samplers.dds" not in done.stdout


def test_a_broken_plug_in_stops_only_who_asks_for_it(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\nSAMPLERS = {'of-mine': None}\n")
    assert registry.load_sampler("hmc", [str(broken)]) == registry.samplers()["hmc"]
    with pytest.raises(BadInput, match="ZeroDivisionError"):
        registry.load_sampler("of-mine", [str(broken)])


def test_an_unknown_name_is_refused():
    with pytest.raises(BadInput, match="'no-such' is in no TARGETS"):
        registry.load_target("no-such")
