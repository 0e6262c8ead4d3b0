"""The page of commands, made of the command line itself when the documentation is built."""

import inspect
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import typer

from bridgemark.benchmarks.cli import app
from bridgemark.benchmarks.text import escape_markdown, markdown_table


def command_sections() -> str:
    """A section for each command: its help, and a table of its arguments and options."""
    group: Any = typer.main.get_command(app)
    commands = chain.from_iterable(_leaves(name, command) for name, command in group.commands.items())
    return "\n\n".join(_section(name, command) for name, command in commands)


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The command itself, or the commands of a group such as `certify`, by their names."""
    inner = getattr(command, "commands", {})
    if not inner:
        yield name, command
    for inner_name, inner_command in inner.items():
        yield from _leaves(f"{name} {inner_name}", inner_command)


def _section(name: str, command: Any) -> str:
    context = typer.Context(command, info_name=f"bridgemark {name}")
    records = filter(None, (parameter.get_help_record(context) for parameter in command.params))
    lines = [[f"`{option}`", escape_markdown(text)] for option, text in records]
    parts = [f"## {name}", inspect.cleandoc(command.help or "")]
    return "\n\n".join([*parts, markdown_table(("option", "meaning"), lines)] if lines else parts)


PARTS: dict[str, Callable[[], str]] = {"commands": command_sections}
