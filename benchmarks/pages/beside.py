"""The leaderboard's section "Beside published numbers"."""

from collections.abc import Sequence

import pandas as pd

from benchmarks.analysis.published import best, rmse
from benchmarks.analysis.tables import number
from benchmarks.pages.columns import Line, escaped

FIGURES = {"published": "Filled: the rows above; hollow: the best that each paper reports of each method."}
ABOUT = """\
Of the same densities, held against the same truths; budgets differ. Of a method's several settings each
number shows its best. ± is the standard deviation over runs, and the order is that of the root mean square
error of a single run, which both make. Every number with its place in its source, and those at other
settings, are in `benchmarks/analysis/published.csv`."""
HERE = "**here**"
HEADINGS = ["method", "source", "log Z error", "at", "ELBO gap", "at "]


def write(lines: Sequence[Line]) -> str:
    """The section, of summary lines; '' where nothing is published of their targets."""
    found = best(truths(lines))
    parts = [
        f"### {target} beside published numbers\n\n{_table(own, judged(lines, str(target)))}"
        for target, own in found.groupby("target")
    ]
    return "\n\n".join(["## Beside published numbers", ABOUT, *parts]) if parts else ""


def truths(lines: Sequence[Line]) -> dict[str, float]:
    """log Z by target, from lines that estimated it."""
    return {line["target"]: line["log_z_truth"] for line in lines if line.get("log_z_truth") is not None}


def judged(lines: Sequence[Line], target: str) -> list[Line]:
    """Those of a target with an estimate of log Z, as a line of `best` each, the best first."""
    known = [line for line in lines if line["target"] == target and line.get("log_z_error") is not None]
    named = [line | {"sd": line.get("total_sd.log_z_error"), "log_z_rmse": rmse(line)} for line in known]
    return sorted(named, key=lambda line: line["log_z_rmse"])


def _table(published: pd.DataFrame, ours: Sequence[Line]) -> str:
    blank = {"source": HERE, "settings": None, "settings_elbo": None}
    known = published.astype(object).where(published.notna(), None).to_dict("records")
    cells = [_cells(line) for line in [*(line | blank | {"method": line["label"]} for line in ours), *known]]
    return pd.DataFrame(cells, columns=HEADINGS).to_markdown(index=False, disable_numparse=True)


def _cells(line: Line) -> list[str]:
    error, spread = number(line["log_z_error"]), number(line["sd"])
    sign = "+" * ((line["log_z_error"] or 0.0) > 0)
    told = f"{sign}{error} ± {spread}" if spread else f"{sign}{error}"
    at, at_elbo = (escaped(line[name] or "") for name in ("settings", "settings_elbo"))
    return [escaped(line["method"]), line["source"], told, at, number(line.get("elbo_gap")), at_elbo]
