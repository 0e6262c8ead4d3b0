"""The figures on a page: those that exist, with captions, and why others were not drawn."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class FigureText(NamedTuple):
    """What a page says of a figure: below it, and in its place where it was not drawn."""

    caption: str
    when_missing: str


FIGURES = {
    "samples": FigureText(
        "Draws over the contours of the target, or over exact draws in grey; weighted draws are resampled.",
        "draws (no target here can be shown in two dimensions)",
    ),
    "log_z_error": FigureText(
        "Signed error of log Z, one mark per seed; grey: three standard errors of the truth.",
        "errors of log Z (no sampler here has one)",
    ),
    "bias_cost": FigureText(
        "Worst squared bias of x against the gradients spent; dashed: the score of exact draws. Of many "
        "samplers, those are named that no sampler beats in both, and yours.",
        "bias against cost (no sampler here has both)",
    ),
    "time": FigureText(
        "Seconds spent on compiling (once for all seeds), fitting and sampling.", "seconds (no run has them)"
    ),
    "ranks": FigureText(
        "Ranks on each target: solid lines cover all ranks with 95 % confidence, dotted ones do not.",
        "ranks (no two samplers can be told apart on any target)",
    ),
    "mean_ranks": FigureText(
        "Mean ranks; a bar joins samplers that Nemenyi's critical difference cannot separate.",
        "mean ranks (no two of them differ by more than Nemenyi's critical difference)",
    ),
    "profiles": FigureText(
        "Share of targets solved against cost; a target that is not solved never counts as cheap.",
        "cost profiles (there are fewer than five targets, or all profiles are alike)",
    ),
}
CURVES = {
    "curves_gradients": "Medians over seeds against the gradients spent, at equal budgets in gradients.",
    "curves_seconds": "Medians over seeds against the seconds spent, at equal budgets in seconds.",
}
PAPER = "paper"  # the folder of the figures of a paper
PUBLISHED = {"published": "Filled: the rows above; hollow: the best that each paper reports for each method."}


def figures_of_view(folder: Path, view: str) -> list[str]:
    """The figures of the view of this name in `folder`, each with its caption, and why others are left out.

    The list is empty where no figure of the view was drawn.
    """
    captions = {f"{view}{name}": text.caption for name, text in FIGURES.items()}
    parts = figures(folder, captions)
    missing = [text.when_missing for name, text in FIGURES.items() if not _path(folder, view + name).exists()]
    if parts and missing:
        parts.append(f"Not drawn, for they would show nothing: {'; '.join(missing)}.")
    return parts


def figures(folder: Path, captions: Mapping[str, str]) -> list[str]:
    """The figures that exist in `folder`, each with its caption."""
    existing = [name for name in captions if _path(folder, name).exists()]
    return [f"![{captions[name]}](figures/{name}.png)\n\n{captions[name]}" for name in existing]


def paper_figures(folder: Path) -> list[str]:
    """A section of the figures of a paper in `folder`, each with its caption; empty without any."""
    parts = []
    for caption in sorted((folder / PAPER).glob("*.md")):
        name = caption.stem
        links = ", ".join(f"[{suffix.upper()}]({PAPER}/{name}.{suffix})" for suffix in ("pdf", "svg"))
        parts.append(f"![{name}]({PAPER}/{name}.png)\n\n{caption.read_text().strip()}\n\n{links}.")
    return ["## Figures of a paper", *parts] if parts else []


def _path(folder: Path, name: str) -> Path:
    return folder / "figures" / f"{name}.png"
