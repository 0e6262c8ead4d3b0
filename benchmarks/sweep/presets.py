"""Presets, the named grids of `bridgemark run`, and how options of the command line are read."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from bridgemark.benchmarks.errors import BadInput

BudgetUnit: TypeAlias = Literal["gradients", "seconds"]
LARGE = 100  # dimension above which `draws_large` is used


class Budget(NamedTuple):
    """How much a row may spend on fitting and sampling together."""

    amount: float
    unit: BudgetUnit


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A grid of samplers, targets, seeds and budgets, and the number of draws per row.

    None for `samplers` or `targets` means all that are registered. `timeout` is in seconds per cell. Without
    `budgets`, samplers run with the settings they are registered with.
    """

    samplers: tuple[str, ...] | None
    targets: tuple[str, ...] | None
    seeds: int
    draws: int
    draws_large: int
    timeout: float
    budgets: tuple[Budget, ...] = ()

    def draws_for(self, dim: int) -> int:
        """The number of draws per seed for a target of dimension `dim`."""
        return self.draws_large if dim > LARGE else self.draws


FIVE = ("hmc", "nuts", "smc", "dds", "bridge")
SEVEN = ("gmm9", "gmm40-2", "funnel-10", "ionosphere-35", "sonar-61", "lgcp-256", "lgcp-1600")
# Every kind of sampler at its default settings. Amortised samplers need a posterior and are not among them.
KINDS = (
    *("adjoint", "asbs", "bridge", "cmcd", "dbs", "dds", "dis", "pdds", "pis", "scld"),
    *("ais", "mala-smc", "nested-slice", "parallel-tempering", "persistent-smc", "smc", "waste-free-smc"),
    *("adjusted-mclmc", "chees", "elliptical-slice", "hmc", "mala", "mclmc", "nuts", "random-walk"),
    *("fullrank-vi", "meanfield-vi", "pathfinder", "oracle"),
)
THREE = ("gmm40-2", "funnel-10", "ionosphere-35")

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
        budgets=(Budget(1e4, "gradients"), Budget(1e5, "gradients"), Budget(1e6, "gradients")),
    ),
    "board": Preset(samplers=KINDS, targets=THREE, seeds=3, draws=10_000, draws_large=1_000, timeout=1_800.0),
    "paper": Preset(samplers=None, targets=None, seeds=5, draws=10_000, draws_large=2_000, timeout=7_200.0),
}


def split_names(texts: list[str]) -> tuple[str, ...]:
    """The names in several comma-separated lists, in order and without repetitions."""
    names = [name.strip() for text in texts for name in text.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))


def parse_budgets(option: str, texts: list[str], unit: BudgetUnit) -> tuple[Budget, ...]:
    """The budgets in several comma-separated lists of amounts.

    `option` is the option's name in messages. Raises BadInput for anything but positive, finite numbers.
    """
    budgets = []
    for text in split_names(texts):
        try:
            amount = float(text)
        except ValueError:
            raise BadInput(f"--{option} takes numbers such as 1e5, not {text!r}") from None
        if not 0 < amount < math.inf:
            raise BadInput(f"--{option} must be positive and finite, not {text}")
        budgets.append(Budget(amount, unit))
    return tuple(budgets)
