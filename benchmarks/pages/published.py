"""The leaderboard's section "Beside published numbers"."""

from collections.abc import Sequence

import pandas as pd

from bridgemark.benchmarks.analysis.published import best, judged, truths
from bridgemark.benchmarks.analysis.tables import Line
from bridgemark.benchmarks.text import escaped, number

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
