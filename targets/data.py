"""The data sets in the folder `data`, each verified by its checksum before it is used."""

import hashlib
import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "data"


def load(filename: str) -> np.ndarray:
    """Load the numbers of `data/filename` as float64 (rows, columns), without the header line.

    Raises ValueError when the file, its provenance or a matching SHA-256 is missing.
    """
    path = FOLDER / filename
    provenance = path.with_suffix(".provenance.json")
    try:
        content = path.read_bytes()
        expected = json.loads(provenance.read_text())["sha256"]
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(
            f"data set {filename} needs {path} and a checksum 'sha256' in {provenance.name}: {error!r}; "
            "restore both from the repository"
        ) from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise ValueError(
            f"{path} has SHA-256 {actual}, but {provenance.name} says {expected}: "
            "the file was changed or damaged; restore it from the repository"
        )
    return np.loadtxt(content.decode().splitlines(), delimiter=",", skiprows=1)
