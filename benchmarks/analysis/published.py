"""Published numbers of densities that are ours too, held against the same truths as ours.

`published.csv` has a line a number: facts, with the paper, the place in it and how they were had.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis.tables import Line

FILE = Path(__file__).with_name("published.csv")
LINE = ["target", "method", "source"]


def read() -> pd.DataFrame:
    """Every published number, a line each; `metric` is log_z or elbo, `sd` over runs, `place` where it is."""
    return pd.read_csv(FILE).fillna({"settings": ""})


def best(truths: Mapping[str, float]) -> pd.DataFrame:
    """A line a target of `truths` (log Z by name), method and paper; least log_z_rmse first, then least gap.

    `log_z_error` is that of the mean over runs, `sd` over them, `log_z_rmse` what both make of one run;
    `elbo_gap`; each at the method's best setting, `settings` and `settings_elbo`. NaN: not published.
    """
    table = read()
    table = table.loc[table["target"].isin(truths)]
    errors = table["value"] - table["target"].map(truths)
    rmse = np.hypot(errors, table["sd"].fillna(0.0))
    table = table.assign(log_z_error=errors, off=rmse.where(table["metric"] == "log_z", -errors))
    least = table.sort_values("off", kind="stable").groupby([*LINE, "metric"], sort=False).head(1)
    log_z, elbo = (least.loc[least["metric"] == name] for name in ("log_z", "elbo"))
    log_z = log_z[[*LINE, "log_z_error", "sd", "off", "settings"]].rename(columns={"off": "log_z_rmse"})
    elbo = elbo[[*LINE, "off", "settings"]].rename(columns={"off": "elbo_gap"})
    lines = pd.merge(log_z, elbo, on=LINE, how="outer", suffixes=("", "_elbo"))
    return lines.sort_values(["log_z_rmse", "elbo_gap"])


def rmse(line: Mapping[str, float]) -> float:
    """Of a summary line of ours the same: what the median error and the spread over seeds make of one run."""
    return float(np.hypot(line["log_z_error"], line.get("total_sd.log_z_error") or 0.0))


def truths(lines: Sequence[Line]) -> dict[str, float]:
    """log Z by target, from lines that estimated it."""
    return {line["target"]: line["log_z_truth"] for line in lines if line.get("log_z_truth") is not None}


def judged(lines: Sequence[Line], target: str) -> list[Line]:
    """Those of a target with an estimate of log Z, as a line of `best` each, the best first."""
    known = [line for line in lines if line["target"] == target and line.get("log_z_error") is not None]
    named = [line | {"sd": line.get("total_sd.log_z_error"), "log_z_rmse": rmse(line)} for line in known]
    return sorted(named, key=lambda line: line["log_z_rmse"])
