"""The stored numbers of a study: a small text file that is written once and drawn from ever after."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import files

DIGITS = 4  # significant digits that are stored


@dataclass(frozen=True)
class StoredStudy:
    """What a study computed.

    Attributes:
        settings: what it was run with, as the caption of its figure states it.
        device: the kind of device that it ran on.
        seconds: how long it took.
        numbers: the arrays, by name.
    """

    settings: Mapping[str, Any]
    device: str
    seconds: float
    numbers: Mapping[str, np.ndarray]


def path_of(folder: Path, name: str) -> Path:
    """Where a folder of results has the numbers of a study."""
    return folder / "studies" / f"{name}.json"


def find(folders: Sequence[Path], name: str) -> Path | None:
    """The file of a study in the last of the folders that has it; None where it was never run."""
    paths = [path_of(folder, name) for folder in reversed(folders)]
    return next((path for path in paths if path.exists()), None)


def write(study: StoredStudy, path: Path) -> None:
    """Write the numbers with DIGITS significant digits, one array a line, so that changes are seen in Git."""
    arrays = [
        f"{json.dumps(name)}: {json.dumps(_rounded(array), separators=(',', ':'))}"
        for name, array in study.numbers.items()
    ]
    parts = [
        f'"settings": {json.dumps(study.settings)}',
        f'"device": {json.dumps(study.device)}',
        f'"seconds": {study.seconds:.0f}',
        '"numbers": {\n' + ",\n".join(arrays) + "\n}",
    ]
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    files.write_atomically(path, lambda file: file.write(text.encode()))


def read(path: Path) -> StoredStudy:
    """The study in a file. Raises BadInput where the file is no stored study."""
    try:
        stored = json.loads(path.read_text())
        numbers = {name: np.array(array, float) for name, array in stored["numbers"].items()}
        return StoredStudy(stored["settings"], stored["device"], stored["seconds"], numbers)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(f"{path} holds no study; `bridgemark study {path.stem}` writes it again") from error


def _rounded(array: np.ndarray) -> Any:
    """Nested lists of the values of an array, rounded."""
    values = np.asarray(array, float)
    rounded = [float(f"{value:.{DIGITS}g}") for value in values.ravel()]
    return np.reshape(rounded, values.shape).tolist()
