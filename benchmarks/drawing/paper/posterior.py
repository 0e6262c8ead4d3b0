"""The figure of amortised posteriors: draws on exact densities, and calibration by simulation."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bridgemark.benchmarks.drawing.paper.figure import (
    BLUE,
    COLUMN,
    DENSITY,
    RED,
    Drawn,
    PaperFigure,
    Sources,
    made_with,
)

SAMPLERS = {"denoising": BLUE, "bridge": RED}
RANKED_DRAWS = 63
LOWEST = 0.02  # the outermost contour, over the largest density
LIMIT = 1.358  # of the Kolmogorov-Smirnov statistic times the root of the number of ranks, at 5 %
MADE = (
    "Above: draws for one observation, without weights, of samplers that were trained once for all "
    "observations, on the exact density of the first two coordinates. Below: distribution function of the "
    "ranks of simulated x among posterior draws less the uniform one, a line for each coordinate; a "
    "calibrated line leaves the grey band in 5 % of cases (Kolmogorov-Smirnov). "
)


def draw(sources: Sources) -> Drawn:
    """A column for each posterior: two rows of draws and one of calibration."""
    study = sources.study("posterior")
    numbers = study.numbers
    targets = list(dict.fromkeys(name.split(", ")[0] for name in numbers))
    figure, axes = plt.subplots(3, len(targets), figsize=(COLUMN, 3.5), layout="constrained")
    for target, panels in zip(targets, axes.T, strict=True):
        for axis, sampler in zip(panels, SAMPLERS, strict=False):
            _draws(axis, numbers, target, sampler)
        _calibration(panels[-1], numbers, target)
        panels[0].set_title(target.removesuffix("-a"), fontsize=6.5)
    for axis, sampler in zip(axes[:, 0], SAMPLERS, strict=False):
        axis.set_ylabel(sampler)
    for axis in axes[-1, 1:]:
        axis.tick_params(labelleft=False)
    axes[-1, 0].set_ylabel("ranks − uniform")
    axes[-1, 1].set_xlabel("rank of x among draws, as a share")
    handles = [Line2D([], [], color=colour, label=sampler) for sampler, colour in SAMPLERS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return Drawn(figure, _finding(numbers, targets), MADE + made_with(study, "bridgemark study posterior"))


def excess(ranks: np.ndarray) -> np.ndarray:
    """Distribution function less the uniform one, (RANKED_DRAWS + 1, dim), of ranks (simulations, dim)."""
    levels = np.arange(RANKED_DRAWS + 1)
    shares = (ranks[None] <= levels[:, None, None]).mean(axis=1)
    return shares - (levels[:, None] + 1) / (RANKED_DRAWS + 1)


def _draws(axis: Axes, numbers: Mapping[str, np.ndarray], target: str, sampler: str) -> None:
    x, y = numbers[f"{target}, x"], numbers[f"{target}, y"]
    density = numbers[f"{target}, density"]
    axis.contourf(x, y, density.T, np.linspace(LOWEST, 1.0, 8), cmap=DENSITY, vmin=0, vmax=1.5)
    axis.plot(*numbers[f"{target}, {sampler}, draws"].T, "o", color=RED, markersize=1.0, markeredgewidth=0)
    axis.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xticks=[], yticks=[])
    axis.spines[:].set(visible=True, linewidth=0.4, color="0.6")


def _calibration(axis: Axes, numbers: Mapping[str, np.ndarray], target: str) -> None:
    for sampler, colour in SAMPLERS.items():
        ranks = numbers[f"{target}, {sampler}, ranks"]
        levels = np.arange(RANKED_DRAWS + 1) / RANKED_DRAWS
        axis.plot(levels, excess(ranks), color=colour, linewidth=0.7)
        band = LIMIT / np.sqrt(len(ranks))  # the same for both
        axis.axhspan(-band, band, color="0.88", linewidth=0, zorder=0)
    axis.set(xlim=(0, 1), ylim=(-0.15, 0.15), yticks=[-0.1, 0, 0.1])
    axis.set_xticks([0, 0.5, 1], ["0", "½", "1"])


def _finding(numbers: Mapping[str, np.ndarray], targets: list[str]) -> str:
    """How many coordinates of all posteriors pass, and how many draws lie where there should be none."""
    passed, away = [], []
    for sampler in SAMPLERS:
        ranks = [numbers[f"{target}, {sampler}, ranks"] for target in targets]
        is_inside = [abs(excess(part)).max(axis=0) < LIMIT / np.sqrt(len(part)) for part in ranks]
        inside = np.concatenate(is_inside)
        passed.append(f"{sampler} {inside.sum()} of {len(inside)}")
        shares = [f"{_share_away(numbers, target, sampler):.0%}" for target in targets]
        away.append(f"{sampler} {', '.join(shares)}")
    return (
        f"Coordinates whose ranks stay in the band of calibration: {'; '.join(passed)}. That does not see "
        f"all: draws where the exact density is below {LOWEST:.0%} of its largest value: {'; '.join(away)}."
    )


def _share_away(numbers: Mapping[str, np.ndarray], target: str, sampler: str) -> float:
    """The share of draws outside the outermost contour of the exact density."""
    cells = [
        np.clip(
            np.searchsorted(numbers[f"{target}, {axis}"], values), 0, len(numbers[f"{target}, {axis}"]) - 1
        )
        for axis, values in zip("xy", numbers[f"{target}, {sampler}, draws"].T, strict=True)
    ]
    return float(np.mean(numbers[f"{target}, density"][tuple(cells)] < LOWEST))


FIGURES = {"posterior": PaperFigure(draw, study="posterior")}
