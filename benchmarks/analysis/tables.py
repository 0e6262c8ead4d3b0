"""Tables of the stored rows: one line a row, and one line for all the seeds of a sampler on a target."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import components
from bridgemark.benchmarks.analysis.statistics import medians
from bridgemark.benchmarks.rows.cost import spent
from bridgemark.benchmarks.rows.row import STATUSES, Row

Line: TypeAlias = dict[str, Any]  # one row of `summary`
MAIN = "bias2_x_max"
SECONDS = ("compile_seconds", "fit_seconds", "sample_seconds")
# Rows that differ in one of these are never averaged together.
GROUP = (
    *("target", "target_version", "fingerprint", "sampler", "config", "source"),
    *("draws", "budget", "budget_unit", "device", "cores", "precision"),
)
TEXT = ("identity", "seed", "status", "reason", "commit", "started", "schema", "dim", "met_by", "note", "uses_exact_draws")
NESTED = ("fit_evals", "sample_evals", "floors", "errors", "versions")


def frame(records: Iterable[Row]) -> pd.DataFrame:
    """One line a record: metrics by name, the other dicts flattened as `floors.NAME`, `fit_evals.NAME`, ...

    Values keep their Python types, so that None (no meaning) and NaN (failed) stay apart.
    """
    rows = [_flat(record) for record in records]
    named: dict[str, Any] = {}
    for row in rows:
        named.update(row)
    whole = [list(map(row.get, named)) for row in rows]
    table = pd.DataFrame(whole, columns=list(named or _flat_names()), dtype=object)
    return table.sort_values(["target", "sampler", "seed"], kind="stable", ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One line a sampler and target: median, min and max over the ok seeds, and how many seeds ended how.

    NAME.low and NAME.high are `statistics.median`'s ends: of 95 % from 6 ok seeds on, below them the range.
    total_sd, training_sd and evaluation_sd.NAME are what `components` tells apart.
    `label` is the sampler's name and, where a target has several groups of that name, what tells them apart.
    """
    rows = _one_device(table)
    if not len(rows):
        return pd.DataFrame()
    group = rows.groupby(list(GROUP), dropna=False).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1]
    lines = rows[[*GROUP, "dim"]].iloc[first].reset_index(drop=True)
    ends = _endings(rows, group)
    numbers = [name for name in rows.columns if _is_numeric(name)]
    ok = (rows["status"] == "ok").to_numpy()
    ranges = [_ranges(rows[name].to_numpy(), ok, group) for name in numbers]
    values = {
        name + end: of for name, five in zip(numbers, ranges, strict=True) for end, of in five.items()
    } | components.columns(rows, ok, group)
    lines = pd.concat([lines, ends, pd.DataFrame(values, dtype=object)], axis=1)
    lines.insert(0, "label", _labels(lines))
    return lines


def write(records: Sequence[Row], results_dir: Path) -> list[Path]:
    """Write tables/<sampler>.csv of every row, and summary.csv and summary.md, below results_dir."""
    folder = Path(results_dir) / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    table = frame(records)
    files = {f"{name}.csv": _text(rows) for name, rows in table.groupby("sampler")}
    lines = _text(summary(table))
    for name, text in files.items():
        text.dropna(axis=1, how="all").to_csv(folder / name, index=False)
    lines.to_csv(folder / "summary.csv", index=False)
    medians = [
        name for name in lines.columns if "." not in name and name not in ("sampler", "config", "source")
    ]
    (folder / "summary.md").write_text(lines[medians].fillna("").to_markdown(index=False) + "\n")
    return [folder / name for name in (*files, "summary.csv", "summary.md")]


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that were run as configured, without a budget."""
    return table.loc[table["budget"].isna()]


def budgeted(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that were run to spend a budget."""
    return table.loc[table["budget"].notna()]


def current(table: pd.DataFrame, across: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of the newest source and configuration in each setting: an edit supersedes what was.

    Of what differs in one of `across` the newest supersedes all.
    """
    setting = [name for name in GROUP if name not in ("config", "source", *across)]
    known = _one_device(table)
    groups = known.sort_values("started", kind="stable", na_position="first").groupby(setting, dropna=False)
    newest = groups[["config", "source"]].transform("last").reindex(known.index)
    return known.loc[(known["config"] == newest["config"]) & (known["source"] == newest["source"])]


def _flat(record: Row) -> dict[str, Any]:
    flat = dict(vars(record))
    repeats = flat.pop("repeats")
    nested = {name: flat.pop(name) or {} for name in NESTED}
    flat |= flat.pop("metrics")
    for name, values in nested.items():
        flat |= {f"{name}.{key}": value for key, value in getattr(values, "__dict__", values).items()}
    return flat | _derived(record) | (components.of_repeats(repeats) if repeats else {})


def _derived(record: Row) -> dict[str, Any]:
    log_z, error = record.metrics.get("log_z"), record.metrics.get("log_z_error")
    fit, sample = record.fit_evals, record.sample_evals
    seconds = [one for one in (record.fit_seconds, record.sample_seconds) if one is not None]
    costs = [cost for cost in (fit, sample) if cost]
    return {
        "log_z_abs_error": None if error is None else abs(error),
        "log_z_truth": None if log_z is None or error is None else round(log_z - error, 9),
        "gradients": sum(cost.gradients for cost in costs) if costs else None,
        "spent": spent(fit, sample) if fit and sample else None,
        "spent_seconds": sum(seconds) if len(seconds) == 2 else None,
    }


def _one_device(table: pd.DataFrame) -> pd.DataFrame:
    """A row that was killed does not know its device: it stays with those beside it."""
    others = [name for name in GROUP if name not in ("device", "config", "source")]
    known = table.groupby(others, dropna=False)["device"].transform("first")
    return table.assign(device=table["device"].where(table["device"].notna(), known))


def _flat_names() -> Iterable[str]:
    return (*GROUP, *TEXT)


def _is_numeric(name: str) -> bool:
    return name not in (*GROUP, *TEXT) and not name.startswith(("versions.", "evaluation"))


def _endings(rows: pd.DataFrame, group: np.ndarray) -> pd.DataFrame:
    """By group: how many seeds, how many ended how, every reason once, and when the last was started."""
    count = int(group.max()) + 1
    ends: dict[str, Any] = {"seeds": np.bincount(group)}
    for status in STATUSES:
        ends[status] = np.bincount(group[(rows["status"] == status).to_numpy()], minlength=count)
    told: list[dict[str, None]] = [{} for _ in range(count)]
    last = [""] * count
    columns = (rows[name].tolist() for name in ("status", "reason", "started"))
    for place, status, reason, started in zip(group.tolist(), *columns, strict=True):
        last[place] = max(last[place], started or "")
        if status != "ok" and reason is not None:
            told[place][reason] = None
    ends |= {"reason": ["; ".join(reasons) or None for reasons in told], "started": last}
    return pd.DataFrame(ends, dtype=object)


def _ranges(values: np.ndarray, ok: np.ndarray, group: np.ndarray) -> dict[str, np.ndarray]:
    """By group median, range and interval of the ok values, None where there are none.

    A seed that failed (NaN) fails the group, or survivors alone would be ranked.
    """
    known = ok & np.array([value is not None for value in values])
    found = medians(values[known].astype(float), group[known], int(group.max()) + 1)
    ends = {
        "": found.middle,
        ".min": found.least,
        ".max": found.most,
        ".low": found.low,
        ".high": found.high,
    }
    return {end: np.where(found.sizes > 0, of.astype(object), np.array(None)) for end, of in ends.items()}


def _labels(lines: pd.DataFrame) -> list[str]:
    labels: dict[Any, str] = dict(zip(lines.index, lines["sampler"], strict=True))
    one = ["target", "target_version", "fingerprint", "sampler"]
    for _, twins in lines.loc[lines.duplicated(one, keep=False)].groupby(one):
        differing = [name for name in GROUP if len(set(map(str, twins[name]))) > 1]
        for index in twins.index:
            told = ", ".join(f"{name} {str(twins.at[index, name])[:12]}" for name in differing)
            labels[index] = f"{labels[index]} ({told})"
    return [labels[index] for index in lines.index]


def _text(table: pd.DataFrame) -> pd.DataFrame:
    """Floats with six significant digits, NaN spelt out, None left empty."""
    return table.map(lambda value: f"{value:.6g}" if isinstance(value, float) else value)
