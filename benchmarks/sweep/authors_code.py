"""Which code is the author's of a sampler or a target, and not of this benchmark or an installed package."""

from pathlib import Path

from bridgemark.benchmarks import opened_files

BENCHMARKS = Path(opened_files.__file__).parent
# The samplers and targets of this project, in a clone and in an installed package.
OWN_FOLDERS = (BENCHMARKS.parent / "samplers", BENCHMARKS.parent / "targets")
CONTRACTS = tuple(folder / "base.py" for folder in OWN_FOLDERS)  # what an author calls, and did not write


def is_authors_code(path: Path) -> bool:
    """Whether a file has code that the author of a sampler or a target may want to read in a reason."""
    if path in CONTRACTS:
        return False
    if any(path.is_relative_to(folder) for folder in OWN_FOLDERS):
        return True
    return path.is_absolute() and not path.is_relative_to(BENCHMARKS) and not opened_files.is_installed(path)
