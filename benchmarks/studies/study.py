"""What a study is, and all studies by name."""

import importlib
import pkgutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bridgemark.benchmarks import studies as package
from bridgemark.benchmarks.rows.environment import device
from bridgemark.benchmarks.studies.stored import StoredStudy


@dataclass(frozen=True)
class Study:
    """A computation whose numbers a figure or a page shows.

    Attributes:
        settings: what it is run with, as the caption of its figure states it.
        compute: returns the arrays by name; its random keys are fixed, so that a second run gives the same.
    """

    settings: Mapping[str, str | float]
    compute: Callable[[], Mapping[str, np.ndarray]]


def studies() -> dict[str, Study]:
    """Every study by name: the dicts STUDIES of the files of this folder."""
    by_name: dict[str, Study] = {}
    for file in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{file.name}")
        by_name |= getattr(module, "STUDIES", {})
    return by_name


def run(study: Study) -> StoredStudy:
    """Compute a study."""
    start = time.perf_counter()
    numbers = study.compute()
    return StoredStudy(study.settings, device(), time.perf_counter() - start, numbers)
