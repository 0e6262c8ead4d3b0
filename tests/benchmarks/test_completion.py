"""Names are completed in every shell, at once and without JAX."""

import os
import resource
import subprocess
import sys

import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.commands import completion
from bridgemark.benchmarks.sweep.presets import PRESETS

# The command as its script calls it, which says at its end whether JAX was imported.
PROGRAM = """
import atexit, sys
sys.argv[0] = "bridgemark"
atexit.register(lambda: print("jax" in sys.modules, file=sys.stderr))
from bridgemark.benchmarks.cli import main
main()
"""


def variables(shell, line):
    """What Typer's script for a shell sets when somebody asks for the completion of a line."""
    words = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }
    return words[shell] | {"_BRIDGEMARK_COMPLETE": f"complete_{shell}"}


def complete(shell, line, folder):
    """The completions that a shell gets, whether JAX was imported for them, and the processor seconds."""
    environment = os.environ | variables(shell, line) | {"XDG_CACHE_HOME": str(folder)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, done.stderr.strip() == "True", seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache folder that has the names already."""
    folder = tmp_path_factory.mktemp("cache")
    for option in ("sampler", "target"):
        assert complete("bash", f"bridgemark run --{option} x", folder)[1]
    return folder


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("bridgemark run --sampler dds-pa", ["dds-paper-funnel", "dds-paper-lgcp"]),
        ("bridgemark run --sampler smc,nut", ["smc,nuts"]),
        ("bridgemark run --target twomodes-", ["twomodes-8", "twomodes-32", "twomodes-128"]),
        ("bridgemark run --preset bo", ["board"]),
    ],
)
def test_every_shell_completes_names_at_once(folder, shell, line, names):
    """The best of two goes takes under 0.7 s of processor time, which a busy machine does not stretch."""
    goes = [complete(shell, line, folder) for _ in range(2)]
    for out, with_jax, _ in goes:
        assert not with_jax
        for name in names:
            assert name in out
        assert "mclmc" not in out
    assert min(seconds for _, _, seconds in goes) < 0.7


def test_an_installed_script_asks_for_completion(folder):
    for shell in ("bash", "zsh", "fish"):
        environment = os.environ | {"_BRIDGEMARK_COMPLETE": f"source_{shell}"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
        )
        assert "_BRIDGEMARK_COMPLETE" in done.stdout


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "bridgemark"


def test_all_names_are_completed(cache):
    assert completion.complete_samplers("") == list(registry.samplers())
    assert completion.complete_targets("") == list(registry.targets())
    assert completion.complete_targets("gmm9,gmm9,fun") == ["gmm9,gmm9,funnel-10"]
    assert completion.complete_presets("") == list(PRESETS)


def test_the_registry_is_asked_only_after_a_change(cache, monkeypatch):
    before = completion.complete_samplers("")
    monkeypatch.setattr(completion, "_registered", lambda kind: ["new"])
    assert completion.complete_samplers("") == before
    monkeypatch.setattr(completion, "_state", lambda kind: "another")
    assert completion.complete_samplers("") == ["new"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"state": 1}', "\x00"])
def test_a_damaged_cache_is_made_again(cache, text):
    cache.mkdir()
    (cache / "samplers.json").write_text(text)
    assert "smc" in completion.complete_samplers("")
    assert (cache / "samplers.json").read_text().startswith('{"state": ')


def test_a_cache_that_cannot_be_written_is_done_without(cache):
    cache.write_text("a file")
    assert "smc" in completion.complete_samplers("")
