"""Names of samplers with changed settings, such as "dds[steps=64]", which is how benchopt writes them."""

import ast
import dataclasses
import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from bridgemark.benchmarks.errors import BadInput

if TYPE_CHECKING:
    from bridgemark.samplers.base import Sampler

SETTING = r"\w+=[\w.+-]+"
# What may be the name of a row's sampler. It becomes the name of a folder, so it has no other characters.
SAMPLER_NAME = re.compile(rf"\w[\w.-]*(\[{SETTING}(,{SETTING})*\])?")
SEPARATOR = re.compile(r",(?![^\[\]]*\])")  # a comma that is not between brackets


class Parts(NamedTuple):
    """The registered name in the name of a sampler, and the texts of the settings that differ, by field."""

    registered: str
    settings: Mapping[str, str]


def split_sampler_names(texts: Sequence[str]) -> tuple[str, ...]:
    """The names in several comma-separated lists, in order and without repetitions."""
    names = [name.strip() for text in texts for name in SEPARATOR.split(text)]
    return tuple(dict.fromkeys(name for name in names if name))


def parts_of(name: str) -> Parts:
    """The parts of "dds[steps=64]".

    Raises BadInput where there is a bracket and not such a name, and for a setting that is there twice.
    """
    if "[" not in name:
        return Parts(name, {})
    if not SAMPLER_NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name of a sampler; write its settings as in 'dds[steps=64,width=32]'")
    registered, _, rest = name.rstrip("]").partition("[")
    settings: dict[str, str] = {}
    for setting in rest.split(","):
        field, _, value = setting.partition("=")
        if field in settings:
            raise BadInput(f"{name!r} has the setting {field!r} twice; leave one out")
        settings[field] = value
    return Parts(registered, settings)


def vary(names: Sequence[str], variations: Sequence[str]) -> tuple[str, ...]:
    """The names with every combination of settings, where a variation is a text such as "steps=16,32".

    `vary(["dds"], ["steps=16,32"])` is ("dds[steps=16]", "dds[steps=32]"). Raises BadInput for another text.
    """
    choices = []
    for variation in variations:
        field, _, values = variation.partition("=")
        settings = [f"{field.strip()}={value.strip()}" for value in values.split(",")]
        if not all(re.fullmatch(SETTING, setting) for setting in settings):
            raise BadInput(f"--vary takes a setting and its values, such as steps=16,32, not {variation!r}")
        choices.append(settings)
    varied = []
    for name, chosen in product(names, product(*choices)):
        registered, settings = parts_of(name)
        before = [f"{field}={value}" for field, value in settings.items()]
        varied.append(f"{registered}[{','.join([*before, *chosen])}]" if before or chosen else registered)
    return tuple(dict.fromkeys(varied))


def with_settings(name: str, sampler: "Sampler", settings: Mapping[str, str]) -> "Sampler":
    """The sampler with the settings, which are numbers, booleans or texts as Python writes them.

    `name` is what messages call it. Raises BadInput for an unknown setting, for a value of another type, and
    for one that the sampler refuses.
    """
    if not settings:
        return sampler
    present = {field.name: getattr(sampler, field.name) for field in dataclasses.fields(sampler)}
    values = {}
    for field, text in settings.items():
        if field not in present:
            raise BadInput(f"{name} has no setting {field!r}; it has {', '.join(present)}")
        values[field] = _value_like(present[field], f"{name}: {field}", text)
    try:
        return dataclasses.replace(sampler, **values)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} cannot have these settings: {error}") from error


def _value_like(present: Any, label: str, text: str) -> Any:
    """The value that a text means, of the type of the present one; an integer may stand for a float."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    if type(present) is float and type(value) is int:
        value = float(value)
    if type(value) is not type(present) or type(present) not in (bool, int, float, str):
        raise BadInput(f"{label} is {present!r}; {text!r} cannot take its place")
    return value
