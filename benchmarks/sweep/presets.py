"""Named grids: which samplers, targets, seeds and draws a plain `run` means."""

import math
from dataclasses import dataclass

from bridgemark.benchmarks.errors import BadInput

LARGE = 100  # dimension above which `draws_large` is used


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A grid as data. None = everything registered; `timeout` is in seconds a cell.

    `budgets`: amounts with their unit; without any, samplers run as they are registered.
    """

    samplers: tuple[str, ...] | None
    targets: tuple[str, ...] | None
    seeds: int
    draws: int
    draws_large: int
    timeout: float
    budgets: tuple[tuple[float, str], ...] = ()

    def draws_for(self, dim: int) -> int:
        """Draws a seed for a target of dimension `dim`."""
        return self.draws_large if dim > LARGE else self.draws


FIVE = ("hmc", "nuts", "smc", "dds", "bridge")
SEVEN = ("gmm9", "gmm40-2", "funnel-10", "ionosphere-35", "sonar-61", "lgcp-256", "lgcp-1600")

PRESETS = {
    "smoke": Preset(
        samplers=FIVE,
        targets=("gmm9", "ionosphere-35"),
        seeds=1,
        draws=2_000,
        draws_large=500,
        timeout=120.0,
    ),
    "default": Preset(
        samplers=FIVE, targets=SEVEN, seeds=3, draws=10_000, draws_large=1_000, timeout=1_200.0
    ),
    "budgets": Preset(
        samplers=FIVE,
        targets=SEVEN,
        seeds=3,
        draws=10_000,
        draws_large=1_000,
        timeout=1_800.0,
        budgets=((1e4, "gradients"), (1e5, "gradients"), (1e6, "gradients")),
    ),
    "board": Preset(samplers=None, targets=None, seeds=3, draws=10_000, draws_large=1_000, timeout=1_800.0),
    "paper": Preset(samplers=None, targets=None, seeds=5, draws=10_000, draws_large=2_000, timeout=7_200.0),
}


def split(names: list[str]) -> tuple[str, ...]:
    """Names once each, in order, from comma-separated lists."""
    return tuple(
        dict.fromkeys(name.strip() for several in names for name in several.split(",") if name.strip())
    )


def amounts(option: str, texts: list[str], unit: str) -> tuple[tuple[float, str], ...]:
    """Budgets in `unit` from comma-separated lists. Raises BadInput for what is no positive number."""
    found = []
    for text in split(texts):
        try:
            amount = float(text)
        except ValueError:
            raise BadInput(f"--{option} takes numbers such as 1e5, not {text!r}") from None
        if not 0 < amount < math.inf:
            raise BadInput(f"--{option} must be positive and finite, not {text}")
        found.append((amount, unit))
    return tuple(found)
