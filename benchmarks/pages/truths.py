"""The generated page TRUTHS.md: log Z of every target of this project, how it is known, and its checks."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.pages import other_sources, second_methods
from bridgemark.benchmarks.references.log_z import rank
from bridgemark.benchmarks.text import escape_markdown, markdown_table, with_error
from bridgemark.targets import stored
from bridgemark.targets.base import Target, Truth

COMMAND = "bridgemark reference "
OWN_MODULES = "bridgemark.targets."  # targets of other installed packages are not ours to vouch for
CLOSED_FORM = "closed form"
ABOUT = """\
True log Z of every target, with its standard error, and how it is known. `bridgemark list targets` shows what
else is known of each; [CONTRIBUTING.md](../CONTRIBUTING.md#how-truths-are-made) explains the methods.
`bridgemark publish` writes this page."""
ESTIMATED_ABOUT = """\
Estimates by long runs of methods that share nothing but the density. `bridgemark reference NAME` makes them
again, with the NAME in the column "reference", whose file has all settings, runs and versions. The most
precise estimate is the truth. Every other method that gave one has a line, with the difference between the
two in standard errors of the difference. Where it is above 3 for a precise estimate, no truth is known."""
EXACT_ABOUT = """\
Closed forms, and quadrature with a bound on its error or to the last digit shown."""
UNKNOWN_ABOUT = "Unknown is log Z of"

Reference = Mapping[str, Any]


def write(folder: Path) -> Path:
    """Write TRUTHS.md in a folder of published results. The same code gives the same page."""
    path = folder / "TRUTHS.md"
    path.write_text(page() + "\n")
    return path


@cache
def page() -> str:
    """The Markdown page. It is made once in a process, because every target is built for it."""
    return compose(_own_targets(), _references(stored.FOLDER))


def compose(targets: Sequence[Target], references: Mapping[str, Reference]) -> str:
    """The Markdown page of some targets, with the references that their truths come from by command."""
    estimated, exact, unknown = [], [], []
    for target in targets:
        if target.log_z is None:
            unknown.append(target.name)
        elif _command(target.log_z) in references:
            estimated += _estimated_lines(target, target.log_z, references[_command(target.log_z)])
        else:
            exact.append(_exact_line(target, target.log_z))
    headings = ("target", "d", "log Z", "method", "difference", "reference")
    return "\n\n".join(
        [
            "# Truths",
            ABOUT,
            f"## Estimates\n\n{ESTIMATED_ABOUT}\n\n{markdown_table(headings, estimated)}",
            f"## Exact\n\n{EXACT_ABOUT}\n\n{markdown_table(('target', 'd', 'log Z', 'how'), exact)}",
            second_methods.second_section(second_methods.stored_checks(targets, references)),
            second_methods.bridge_section(references),
            *([f"{UNKNOWN_ABOUT} {escape_markdown(', '.join(unknown))}."] if unknown else []),
            other_sources.section(),
        ]
    )


def _own_targets() -> list[Target]:
    """The targets of this project, in alphabetical order."""
    modules, builders = registry.target_modules(), registry.targets()
    names = sorted(name for name, module in modules.items() if module.startswith(OWN_MODULES))
    return [registry.build(name, builders[name]) for name in names]


def _references(folder: Path) -> dict[str, Reference]:
    """The stored references by the command that makes each."""
    references = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return {reference["command"]: reference for reference in references}


def _command(truth: Truth) -> str:
    """What a recipe says before its first colon, which is the command where a command made the truth."""
    return truth.recipe.partition(":")[0]


def _estimated_lines(target: Target, truth: Truth, reference: Reference) -> Iterable[list[str]]:
    """A line of the table for the estimate that is the truth, and one for each less precise estimate."""
    name = reference["command"].removeprefix(COMMAND)
    file = f"[{escape_markdown(name)}](../targets/references/{name}.json)"
    recipe = truth.recipe.partition(": ")[2]
    yield [*_beginning(target, truth), escape_markdown(recipe), "", file]
    best, *others = rank(reference["log_z"]["methods"])
    for method in others:
        gap = abs(method["value"] - best["value"])
        apart = gap / math.hypot(method["standard_error"], best["standard_error"])
        log_z = with_error(method["value"], method["standard_error"])
        yield ["", "", log_z, escape_markdown(method["recipe"]), f"{apart:.1f}", ""]


def _exact_line(target: Target, truth: Truth) -> list[str]:
    """A line of the table of exact truths: closed forms and quadrature."""
    how = truth.recipe
    if truth.standard_error == 0 and CLOSED_FORM not in how:
        how = f"{CLOSED_FORM}: {how}"
    return [*_beginning(target, truth), escape_markdown(how)]


def _beginning(target: Target, truth: Truth) -> list[str]:
    """The first three entries of a line: name, dimension and log Z."""
    log_z = with_error(truth.value, truth.standard_error)
    return [escape_markdown(target.name), str(target.density.dim), log_z]
