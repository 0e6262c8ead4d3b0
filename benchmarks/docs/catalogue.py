"""Pages of samplers and targets, made of the registry and its docstrings when the documentation is built.

Equations are sections of `equations.md`, each headed by the first name that an algorithm is registered by. An
algorithm without one is shown all the same.
"""

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.console.catalogue import alias_text, known_truths
from bridgemark.benchmarks.pages.html.difficulty import in_words
from bridgemark.benchmarks.pages.html.kinds import NATURES
from bridgemark.benchmarks.pages.truths import OWN_MODULES as TARGET_MODULES
from bridgemark.benchmarks.rows.results import PUBLISHED
from bridgemark.benchmarks.studies import difficulty
from bridgemark.benchmarks.studies.difficulty import Difficulty
from bridgemark.benchmarks.text import escape_bars, escape_markdown, markdown_table, with_error
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target, Truth
from bridgemark.targets.refused import REFUSED

SAMPLER_MODULES = "bridgemark.samplers."  # samplers of other installed packages are not documented here
EQUATIONS = Path(__file__).parent / "equations.md"
EQUATION = re.compile(r"^## (\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
PAGES = {
    "pathspace": "samplers-learnt-paths.md",
    "annealed": "samplers-particles.md",
    "mcmc": "samplers-markov-chains.md",
    None: "samplers-others.md",
}


class Algorithm(NamedTuple):
    """A class of samplers: the names that it is registered by, each with its configuration."""

    kind: type[Sampler]
    samplers: dict[str, Sampler]

    @property
    def name(self) -> str:
        """The first name."""
        return next(iter(self.samplers))

    def module_text(self) -> str:
        """The docstring of its file."""
        return inspect.getdoc(sys.modules[self.kind.__module__]) or ""

    def shared_folder(self) -> str | None:
        """The folder of shared code that it is built on, where it says what kind of sampler this is."""
        folders = [folder for ancestor in self.kind.__mro__ for folder in ancestor.__module__.split(".")]
        return next((folder for folder in folders if folder in NATURES), None)


@cache
def algorithms() -> list[Algorithm]:
    """The registered algorithms of this project, in the order of the registry."""
    by_kind: dict[type[Sampler], dict[str, Sampler]] = {}
    modules = registry.sampler_modules()
    for name, sampler in registry.samplers().items():
        if modules[name].startswith(SAMPLER_MODULES):
            by_kind.setdefault(type(sampler), {})[name] = sampler
    return [Algorithm(kind, samplers) for kind, samplers in by_kind.items()]


@cache
def equations() -> dict[str, str]:
    """The text of every section of `equations.md` by its heading."""
    return {name: text.strip() for name, text in EQUATION.findall(EQUATIONS.read_text())}


def sampler_table() -> str:
    """A table of all algorithms, with a link to the section of each."""
    lines = []
    for algorithm in sorted(algorithms(), key=lambda algorithm: algorithm.name):
        about = algorithm.module_text().partition("\n")[0]
        link = f"[{algorithm.name}]({PAGES[algorithm.shared_folder()]}#{algorithm.name})"
        others = ", ".join(list(algorithm.samplers)[1:])
        lines.append([link, escape_bars(about), others])
    return markdown_table(("sampler", "what it is", "also as"), lines)


def sampler_sections(folder: str | None) -> str:
    """A section for each algorithm that is built on a folder of shared code."""
    return "\n\n".join(map(_sampler_section, (a for a in algorithms() if a.shared_folder() == folder)))


def _sampler_section(algorithm: Algorithm) -> str:
    file = algorithm.kind.__module__.removeprefix("bridgemark.").replace(".", "/") + ".py"
    parts = [
        f"## {algorithm.name}",
        algorithm.module_text().partition("\n")[0],
        equations().get(algorithm.name, ""),
        f"As it runs here: {inspect.getdoc(algorithm.kind)}",
        _properties(algorithm.kind),
        f"Settings: {_settings(algorithm)}. Code: `{file}`.",
    ]
    return "\n\n".join(filter(None, parts))


def _properties(kind: type[Sampler]) -> str:
    """What the class says of itself, in words."""
    texts = [
        "Its estimate of $Z$ is unbiased." if kind.unbiased_z else "",
        "One fit serves every observation." if kind.amortised else "",
        "It is handed exact draws and never ranked." if kind.needs_exact_draws else "",
        f"With a budget, {100 * kind.fit_share:.0f} % of it goes to fitting.",
    ]
    return " ".join(filter(None, texts))


def _settings(algorithm: Algorithm) -> str:
    """The settings of the first name, and what the others change."""
    first, *others = algorithm.samplers.items()
    values = _values(first[1])
    text = ", ".join(f"`{name}={value}`" for name, value in values.items()) or "none"
    for name, sampler in others:
        changed = {key: value for key, value in _values(sampler).items() if values[key] != value}
        text += f"; `{name}` has " + ", ".join(f"`{key}={value}`" for key, value in changed.items())
    return text


def _values(sampler: Sampler) -> dict[str, str]:
    return {field.name: repr(getattr(sampler, field.name)) for field in fields(sampler)}


@cache
def targets() -> dict[str, list[Target]]:
    """The registered targets of this project by the module that registers them."""
    modules, builders = registry.target_modules(), registry.targets()
    names = [name for name, module in modules.items() if module.startswith(TARGET_MODULES)]
    return {
        module: [registry.build(name, builders[name]) for name in group]
        for module, group in groupby(names, key=modules.__getitem__)
    }


def target_table() -> str:
    """A table of all targets, with a link to the section of each."""
    listed = sorted((target for group in targets().values() for target in group), key=lambda t: t.name)
    lines = [
        [f"[{t.name}](#{t.name})", str(t.density.dim), _log_z(t.log_z), escape_bars(known_truths(t))]
        for t in listed
    ]
    return markdown_table(("target", "d", "log Z", "known besides"), lines)


def target_sections() -> str:
    """A section for each file of targets, and one inside for each target."""
    parts = []
    for module, group in targets().items():
        title, _, text = (inspect.getdoc(sys.modules[module]) or module).partition("\n")
        parts += [f"## {title.removesuffix('.')}", text.strip(), *map(_target_section, group)]
    return "\n\n".join(filter(None, parts))


def _target_section(target: Target) -> str:
    about, truth = target.about, target.log_z
    recipe = "" if truth is None else f": {escape_markdown(truth.recipe)}"
    aliases = "; ".join(map(alias_text, about.aliases))
    lines = {
        "dimension": str(target.density.dim),
        "log density": escape_markdown(about.definition),
        "log Z": f"{_log_z(truth)}{recipe}",
        "known besides": escape_markdown(known_truths(target)),
        **in_words(_difficulties().get(target.name, Difficulty()), target),
        "source": escape_markdown(about.source),
        "also called": escape_markdown(aliases),
    }
    items = [f"- **{name}**: {text}" for name, text in lines.items() if text]
    return "\n".join([f"### {target.name}\n", *items])


@cache
def _difficulties() -> dict[str, Difficulty]:
    return difficulty.read([PUBLISHED])


def _log_z(truth: Truth | None) -> str:
    return "unknown" if truth is None else with_error(truth.value, truth.standard_error)


def refused_targets() -> str:
    """The names that are refused as targets, and why."""
    return "\n".join(f"- `{name}`: {escape_markdown(reason)}" for name, reason in REFUSED.items())


PARTS: dict[str, Callable[[], Any]] = {
    "all samplers": sampler_table,
    "samplers of pathspace": partial(sampler_sections, "pathspace"),
    "samplers of annealed": partial(sampler_sections, "annealed"),
    "samplers of mcmc": partial(sampler_sections, "mcmc"),
    "other samplers": partial(sampler_sections, None),
    "all targets": target_table,
    "targets": target_sections,
    "refused targets": refused_targets,
}
