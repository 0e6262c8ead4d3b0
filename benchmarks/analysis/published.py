"""Published numbers of densities that are targets here, too, compared with the same truths as our rows.

`published.csv` has a line per number, with the paper, where in the paper it is and how it was obtained.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.summary_table import SummaryRow

FILE = Path(__file__).with_name("published.csv")
METHOD_KEY = [columns.TARGET, columns.METHOD, columns.PAPER]


def read() -> pd.DataFrame:
    """Every published number, a line each.

    `metric` is log_z or elbo, `value` its mean over runs and `sd` the standard deviation; `source` is the
    paper, `place` where it has the number, and `standing` how the number was obtained.
    """
    return pd.read_csv(FILE).fillna({columns.SETTINGS: ""})


def best_published(truths: Mapping[str, float]) -> pd.DataFrame:
    """The best published numbers of each target of `truths` (log Z by name), method and paper, a line each.

    `log_z_error` is the error of the mean over runs, `sd` the standard deviation over runs and `log_z_rmse`
    the root mean square error of a single run, which follows from both; they belong to the method's
    `settings` with the least `log_z_rmse`. `elbo_gap` is the least one, at `settings_elbo`. What was not
    published is NaN. The least `log_z_rmse` comes first, then the least `elbo_gap`.
    """
    table = read()
    table = table.loc[table[columns.TARGET].isin(truths)]
    # Without any target, pandas with pyarrow would take the truths for texts.
    errors = table[columns.VALUE] - table[columns.TARGET].map(truths).astype(float)
    rmse = np.hypot(errors, table[columns.SD].fillna(0.0))
    gap = -errors  # of an ELBO
    is_log_z = table[columns.METRIC] == columns.LOG_Z
    table = table.assign(**{columns.LOG_Z_ERROR: errors, "score": rmse.where(is_log_z, gap)})
    by_score = table.sort_values("score", kind="stable")
    best = by_score.groupby([*METHOD_KEY, columns.METRIC], sort=False).head(1)
    log_z = best.loc[best[columns.METRIC] == columns.LOG_Z].rename(columns={"score": columns.LOG_Z_RMSE})
    log_z = log_z[[*METHOD_KEY, columns.LOG_Z_ERROR, columns.SD, columns.LOG_Z_RMSE, columns.SETTINGS]]
    elbo = best.loc[best[columns.METRIC] == columns.ELBO].rename(
        columns={"score": columns.ELBO_GAP, columns.SETTINGS: columns.SETTINGS_ELBO}
    )
    elbo = elbo[[*METHOD_KEY, columns.ELBO_GAP, columns.SETTINGS_ELBO]]
    lines = pd.merge(log_z, elbo, on=METHOD_KEY, how="outer")
    return lines.sort_values([columns.LOG_Z_RMSE, columns.ELBO_GAP])


def single_run_rmse(row: Mapping[str, float]) -> float:
    """Root mean square error of log Z of a single run, from the median error and the deviation over seeds."""
    return float(np.hypot(row[columns.LOG_Z_ERROR], row.get(columns.total_sd(columns.LOG_Z_ERROR)) or 0.0))


def log_z_truths(rows: Sequence[SummaryRow]) -> dict[str, float]:
    """The true log Z by target, from summary rows of samplers that estimate it."""
    truths = {}
    for row in rows:
        if row.get(columns.LOG_Z_TRUTH) is not None:
            truths[row[columns.TARGET]] = row[columns.LOG_Z_TRUTH]
    return truths


def with_log_z(rows: Sequence[SummaryRow], target: str) -> list[SummaryRow]:
    """The summary rows of a target that estimate log Z, with `sd` and `log_z_rmse`, the best first."""
    lines = []
    for row in rows:
        if row[columns.TARGET] == target and row.get(columns.LOG_Z_ERROR) is not None:
            sd = row.get(columns.total_sd(columns.LOG_Z_ERROR))
            lines.append(row | {columns.SD: sd, columns.LOG_Z_RMSE: single_run_rmse(row)})
    return sorted(lines, key=lambda row: row[columns.LOG_Z_RMSE])
