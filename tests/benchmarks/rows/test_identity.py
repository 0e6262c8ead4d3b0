"""The identity of a row: whatever moves a number moves it, and nothing else does."""

import hashlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.opened_files import record_reads
from bridgemark.benchmarks.rows.canonical_code import canonical_code
from bridgemark.benchmarks.rows.code_hash import closure
from bridgemark.benchmarks.rows.data_hash import hash_of_data, is_data
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.rows.identity import sampler_closure, source_hash, truth_hash
from bridgemark.benchmarks.rows.target_identity import identify_target
from bridgemark.benchmarks.rows.target_values import evaluate_target
from bridgemark.targets.base import Base, Modes, Truth

from support.project import PLUGINS, TOYS
from support.registered_targets import BUILDERS
from support.registered_targets import build as build_registered
from support.small_targets import with_joint, with_log_prob

FILE, HELPER = "measured.py", "helper_of_measured"
BASE_SAMPLE = "lambda key, n: 3.0 * jax.random.normal(key, (n, 2))"


@pytest.fixture
def identify(tmp_path, monkeypatch):
    """Write the plug-in `measured`, with one text replaced, and identify its targets."""

    def copy_and_identify(file=FILE, old="", new="", folder="plugin", names=("measured-a",)):
        path = tmp_path / folder
        shutil.copytree(PLUGINS / "measured", path, dirs_exist_ok=True)
        text = (path / file).read_text()
        assert old in text
        (path / file).write_text(text.replace(old, new, 1) if old else text + new)
        monkeypatch.setattr(sys, "path", [str(path), *sys.path])
        for name in [name for name in sys.modules if name in (HELPER, "moved")]:
            del sys.modules[name]
        plugins = [str(path / FILE)]
        builders, modules = registry.targets(plugins), registry.target_modules(plugins)
        return [identify_target(name, modules[name], builders[name]) for name in names]

    yield copy_and_identify
    jax.clear_caches()


def hashes(identified):
    return [target.hash for target in identified]


EDITS = {
    "exact sample": {"old": "mean[None] + SD", "new": "mean[None] + 1e-3 + SD"},
    "statistic": {"old": 'Statistic("x", lambda x: x,', "new": 'Statistic("x", lambda x: 1.001 * x,'},
    "base": {"old": BASE_SAMPLE, "new": BASE_SAMPLE.replace("3.0", "2.9")},
    "mass that nothing looks at": {"old": "> LARGE", "new": "> 2 * LARGE"},
    "responsibilities": {"old": "x[0] > mean[0], x[0] <= mean[0]", "new": "x[0] > mean[1], x[0] <= mean[1]"},
    "truth": {"old": "np.array([0.5, 0.5])", "new": "np.array([0.4, 0.6])"},
    "registration": {"old": 'partial(measured, "measured-a")', "new": 'partial(measured, name="measured-a")'},
    "data that is read while a target is built": {"file": "mean.csv", "old": "1.0", "new": "1.1"},
    "data that is read while the plug-in is imported": {"file": "far.csv", "old": "7", "new": "8"},
    "helper": {"file": f"{HELPER}.py", "old": "0.5", "new": "0.25 * 2"},
    "script that is executed": {"file": "script.py", "old": "1e6", "new": "10.0**6"},
}
NO_EDITS = {
    "comment": {"new": "# an afterthought\n"},
    "docstring": {"old": "A normalised Gaussian, but far away.", "new": "A Gaussian."},
    "blank line": {"old": "def base():", "new": "\n\ndef base():"},
    "citation": {"old": 'source="tests"', "new": 'source="tests, 2026"'},
    "target beside it": {"old": '"measured-b": partial(measured, "measured-b")', "new": ""},
    "sampler beside it": {"new": "SAMPLERS = {}\n"},
    "folder": {"folder": "moved"},
    "comment of the helper": {"file": f"{HELPER}.py", "new": "# an afterthought\n"},
    "comment of the script": {"file": "script.py", "new": "# an afterthought\n"},
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_of_a_target_gives_it_another_identity(identify, edit):
    assert hashes(identify()) != hashes(identify(**edit))


@pytest.mark.parametrize("edit", NO_EDITS.values(), ids=NO_EDITS)
def test_what_changes_no_number_changes_no_identity(identify, edit):
    assert hashes(identify()) == hashes(identify(**edit))


def test_a_file_counts_for_a_target_even_where_a_cache_holds_it(identify):
    """Both targets read the mean through one cached function, whichever is built first."""
    names = ("measured-a", "measured-b")
    forwards, backwards = identify(names=names), identify(names=names[::-1])
    alone = [*identify(names=names[:1]), *identify(names=names[1:])]
    assert hashes(forwards) == hashes(backwards)[::-1] == hashes(alone)
    changed = identify(file="mean.csv", old="-2.0", new="-2.000001", names=names)
    assert not {*hashes(changed)} & {*hashes(forwards)}


def test_installed_packages_of_a_plug_in_count_by_their_version(identify):
    (target,) = identify(new="import pandas.api\n")
    assert target.packages == {"jax", "numpy", "pandas"}


def test_an_installed_package_of_targets_counts_by_its_code_and_its_version(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "installed_targets"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from installed_targets import helper\nimport numpy\n")
    (package / "helper.py").write_text("ONE = 1\n")
    monkeypatch.syspath_prepend(package.parent)
    code = closure(("installed_targets",), ("bridgemark.targets", "installed_targets"))
    assert code.files.keys() == {"installed_targets", "installed_targets.helper"}
    assert code.packages == {"installed_targets", "numpy"}


def test_a_target_of_this_project_reads_its_files_whenever_it_is_built():
    """So no cache has to be cleared for it; `lgcp-256` has one, for a matrix."""
    for name in (
        "ionosphere-35",
        "seeds-26",
        "lgcp-256",
        "brownian-32",
        "eight-schools-10",
        "volatility-103",
    ):
        first, second = (record_reads(BUILDERS[name])[1] for _ in range(2))
        data = {path.name for path in first if is_data(path)}
        assert data == {path.name for path in second if is_data(path)}, name
        assert all(file.endswith(".csv") for file in data)
    assert data or name != "ionosphere-35"


def values_of(target):
    hashed = evaluate_target(target).hash()
    jax.clear_caches()
    return hashed


def changed_targets():
    """A target with a joint density, and the same with one function changed at a time."""
    target = replace(
        with_joint(2, lambda x: -0.5 * jnp.sum(x**2)),
        sample=lambda key, n: jax.random.normal(key, (n, 2)),
        modes=Modes(lambda x: jnp.stack([x[0] > 0, x[0] <= 0]), np.array([0.5, 0.5])),
    )
    density = target.density
    joint = density.joint

    def with_density(**changes):
        return replace(target, density=replace(density, **changes))

    wide = Base(density.base.log_prob, lambda key, n: 1.001 * density.base.sample(key, n))
    return {
        "as it is": target,
        "log_prob": with_log_prob(target, lambda x: -0.5001 * jnp.sum(x**2)),
        "base sample": with_density(base=wide),
        "base log_prob": with_density(base=replace(density.base, log_prob=lambda x: 0.001 - jnp.sum(x**2))),
        "log_likelihood": with_density(log_likelihood=jnp.sum),
        "sample": replace(target, sample=lambda key, n: 0.001 + jax.random.normal(key, (n, 2))),
        "no sample": replace(target, sample=None),
        "responsibilities": replace(
            target, modes=Modes(lambda x: jnp.stack([x[1] > 0, x[1] <= 0]), np.array([0.5, 0.5]))
        ),
        "simulate": with_density(joint=replace(joint, simulate=lambda key, x: x)),
        "likelihood of the joint": with_density(
            joint=replace(joint, log_likelihood=lambda x, y: jnp.sum(x * y))
        ),
        "observation": with_density(y=density.y + 0.001),
    }


def test_the_values_of_every_function_count():
    targets = changed_targets()
    assert len({values_of(target) for target in targets.values()}) == len(targets)
    shifted = with_log_prob(targets["as it is"], lambda x: -0.5 * (1 + 1e-11) * jnp.sum(x**2))
    assert values_of(shifted) == values_of(targets["as it is"])


def test_the_truth_of_a_target_counts():
    target = registry.build("toy-gaussian", registry.targets([TOYS])["toy-gaussian"])
    (statistic,) = target.statistics
    changed = [
        replace(target, log_z=Truth(3.0, 0.01, "")),
        replace(target, log_z=None),
        replace(target, statistics=()),
        replace(target, statistics=(replace(statistic, mean=statistic.mean[::-1]),)),
        replace(target, about=replace(target.about, finite_moment=2.0)),
        replace(
            target, density=replace(target.density, base=replace(target.density.base, scale=np.full(2, 4.0)))
        ),
    ]
    assert len({truth_hash(variant) for variant in [target, *changed]}) == 7
    rounded = replace(statistic, mean=statistic.mean * (1 + 1e-15))
    assert truth_hash(replace(target, statistics=(rounded,))) == truth_hash(target)


@pytest.mark.parametrize("name", ["gmm9", "linear-gaussian-4-a"])
def test_a_registered_target_has_the_fingerprint_of_its_density(name):
    """`identify_target` compiles what `fingerprint` does not."""
    identified = identify_target(name, registry.target_modules()[name], BUILDERS[name])
    jax.clear_caches()
    assert identified.fingerprint == fingerprint(build_registered(name))


def test_the_code_of_a_plug_in_counts_and_its_comments_do_not(tmp_path):
    text = Path(TOYS).read_text()

    def hash_with(change):
        (tmp_path / "toys.py").write_text(text + change)
        return source_hash(registry.samplers([str(tmp_path / "toys.py")])["toy-exact"])

    assert hash_with("# another comment\n") == hash_with("")
    assert hash_with("ANOTHER = 1\n") != hash_with("")


def test_the_files_that_a_sampler_reads_at_its_import_count(tmp_path):
    weights = tmp_path / "weights.txt"
    (tmp_path / "trained.py").write_text(
        f"from bridgemark.samplers.random_walk import RandomWalk\nopen({str(weights)!r}).close()\n"
        "SAMPLERS = {'trained': RandomWalk()}\n"
    )
    weights.write_text("1.0")
    plugins = [str(tmp_path / "trained.py")]
    files = sampler_closure(
        registry.samplers(plugins)["trained"], registry.sampler_modules(plugins)["trained"]
    ).files
    before = hash_of_data(files)
    weights.write_text("2.0")
    assert hash_of_data(files) != before


def test_the_source_of_a_helper_counts(tmp_path, monkeypatch):
    """A package of three modules: the sampler's, what it imports, and one that nothing imports."""
    package = tmp_path / "helped"
    package.mkdir()
    files = {"__init__": "", "helper": "ONE = 1", "unused": "TWO = 2"}
    files["method"] = "from bridgemark.samplers.base import Sampler\nfrom .helper import ONE\n"
    files["method"] += "class Method(Sampler):\n    def sample(self, key, target, state, n): ...\n"
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from helped.method import Method  # pyright: ignore

    def changed(name):
        before = source_hash(Method())
        (package / f"{name}.py").write_text(files[name] + "\nMORE = 3\n")
        return source_hash(Method()) != before

    assert changed("helper")
    assert changed("method")
    assert not changed("unused")
    assert changed("__init__")


def test_a_module_counts_that_configures_a_sampler_of_this_project(tmp_path):
    text = "from bridgemark.samplers.random_walk import RandomWalk\n"
    text += "SAMPLERS = {'walk': RandomWalk()}\n"

    def hash_with(change):
        (tmp_path / "walks.py").write_text(text + change)
        plugins = [str(tmp_path / "walks.py")]
        module = registry.sampler_modules(plugins)["walk"]
        return source_hash(registry.samplers(plugins)["walk"], module)

    assert hash_with("LENGTH = 1\n") != hash_with("LENGTH = 2\n")


CODE = b'''
"""Docstring."""
from typing import Any
type_of: dict[str, Any] = {}
def f(x: Any, /, *y, z=1.0, **w) -> None: ...
class C:
    "Docstring."
    match type_of:
        case {"k": [1, *_]} | None if z:
            g = lambda a, b: f"{a!r:>{b}}{b}" f"x" "y"
        case _:
            async def h(): yield b"", 1j, u"", ...
    try:
        del x, y[:-1]
    except* ValueError as e:
        raise e from None
'''


def test_code_is_written_alike_by_every_version_of_python():
    """Later versions than 3.11 have syntax trees with more fields, and split texts elsewhere."""
    assert hashlib.sha256(canonical_code(CODE).encode()).hexdigest()[:12] == "300ba4137827"
