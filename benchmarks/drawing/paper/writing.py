"""Writes the figures of a paper, each as PDF, SVG and PNG, with its caption beside it."""

import importlib
import pkgutil
from hashlib import sha256
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from bridgemark.benchmarks.drawing import paper as package
from bridgemark.benchmarks.drawing import stamps
from bridgemark.benchmarks.drawing.paper.figure import Drawn, PaperFigure, Sources, look

# Nothing in a file says when it was made, so that a second drawing is the same.
METADATA = {
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None},
    "png": {"Software": None},
}


def folder_of(results_dir: Path) -> Path:
    """Where a folder of results has the figures of a paper."""
    return results_dir / "paper"


def figures() -> dict[str, PaperFigure]:
    """Every figure by name: the dicts FIGURES of the files of this folder."""
    by_name: dict[str, PaperFigure] = {}
    for file in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{file.name}")
        by_name |= getattr(module, "FIGURES", {})
    return by_name


def write(sources: Sources, results_dir: Path) -> list[Path]:
    """Draw every figure below `results_dir` and return the paths of the files, captions among them.

    A figure whose study was never run, or for which there are no rows, is left out; files of earlier
    drawings are removed. The same sources and versions of packages give the same bytes.
    """
    folder = folder_of(results_dir)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures().items():
        for suffix in (*METADATA, "md"):
            (folder / f"{name}.{suffix}").unlink(missing_ok=True)
        if figure.study is None or sources.study_path(figure.study):
            with look():
                drawn = figure.draw(sources)
                if drawn is not None:
                    paths += _save(drawn, folder / name)
                    stamps.write(folder / f"{name}.png", stamp_of(figure, sources))
    return paths


def stamp_of(figure: PaperFigure, sources: Sources) -> str:
    """The stamp of a figure: a hash of the study and of the rows that it shows."""
    path = sources.study_path(figure.study) if figure.study else None
    study = path.read_bytes() if path else b""
    rows = stamps.stamp_of(sources.rows).encode() if figure.of_rows else b""
    return sha256(study + b"\n" + rows).hexdigest()[: stamps.DIGITS]


def _save(drawn: Drawn, stem: Path) -> list[Path]:
    """Write the three files and the caption, and close the figure."""
    paths = []
    for suffix, metadata in METADATA.items():
        path = stem.with_suffix(f".{suffix}")
        drawn.figure.savefig(path, metadata=metadata)
        paths.append(path)
    plt.close(drawn.figure)
    caption = stem.with_suffix(".md")
    caption.write_text(drawn.caption)
    return [*paths, caption]
