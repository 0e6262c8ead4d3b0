"""The files of an advice: the answer in words and as JSON, a script, the report, and draws for ArviZ."""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bridgemark.benchmarks.advise import answer, document
from bridgemark.benchmarks.advise.advice import Advice
from bridgemark.benchmarks.advise.families import FAMILIES
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.export import inference_data
from bridgemark.benchmarks.pages.advice import page
from bridgemark.benchmarks.text import remark

ANSWER, SCRIPT, DOCUMENT = "answer.txt", "run_alone.py", "advice.json"


def write_all(advice: Advice, folder: Path, keep_weights: bool) -> list[str]:
    """Write all files, and return a sentence for each kind that a missing package prevents."""
    for name in (SCRIPT, page.FILE_NAME, *map(_draws_file, FAMILIES)):
        (folder / name).unlink(missing_ok=True)  # of an earlier call, perhaps about another model
    (folder / ANSWER).write_text("\n".join(answer.in_words(advice.verdict, advice.race)) + "\n")
    (folder / DOCUMENT).write_text(document.as_json(document.as_document(advice)))
    if advice.script is not None:
        (folder / SCRIPT).write_text(advice.script)
    kinds: dict[str, Callable[[], object]] = {
        "report": partial(page.write, advice, folder),
        "draws for ArviZ": partial(_write_draws, advice, folder, keep_weights),
    }
    return [sentence for what, write in kinds.items() if (sentence := _why_not(what, write))]


def _draws_file(family: str) -> str:
    return f"{family}.nc"


def _why_not(what: str, write: Callable[[], object]) -> str | None:
    """Write something; returns why that is impossible, or None."""
    try:
        write()
    except BadInput as error:
        return f"no {what}: {error}"
    return None


def _write_draws(advice: Advice, folder: Path, keep_weights: bool) -> None:
    """Write the draws of every family, as FAMILY.nc."""
    inference_data.require_packages()  # also where no family has draws
    for name, draws in advice.race.named.items():
        attributes = {
            "sampler": name,
            "model": remark(advice.race.origin),
            "is_trusted": str(advice.verdict.trusted and name == advice.verdict.draws_of),
            "creation_library": "bridgemark",
            "creation_library_version": version("bridgemark"),
        }
        inference_data.write(draws, folder / _draws_file(name), keep_weights, attributes)
