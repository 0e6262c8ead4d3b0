"""Tables of the stored rows: one line a row, and one line for all the seeds of a sampler on a target."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.record import STATUSES, Record

# Rows that differ in one of these are never averaged together.
GROUP = (
    *("target", "target_version", "fingerprint", "sampler", "config", "source"),
    *("draws", "device", "cores", "precision"),
)
TEXT = ("identity", "seed", "status", "reason", "commit", "started", "schema", "dim")
RANGE = ("", ".min", ".max")


def frame(records: Iterable[Record]) -> pd.DataFrame:
    """One line a record: metrics by name, the other dicts flattened as `floors.NAME`, `fit_evals.NAME`, ...

    Values keep their Python types, so that None (no meaning) and NaN (failed) stay apart.
    """
    rows = [_flat(record) for record in records]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    whole = [[row.get(name) for name in columns] for row in rows]
    table = pd.DataFrame(whole, columns=columns or list(_flat_names()), dtype=object)
    return table.sort_values(["target", "sampler", "seed"], kind="stable", ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One line a sampler and target: median, min and max over the ok seeds, and how many seeds ended how.

    `label` is the sampler's name and, where a target has several groups of that name, what tells them apart.
    """
    numbers = [name for name in table.columns if _is_numeric(name)]
    groups = [_summarise(rows, numbers) for _, rows in _one_device(table).groupby(list(GROUP), dropna=False)]
    lines = pd.DataFrame(groups, dtype=object)
    if len(lines):
        lines.insert(0, "label", _labels(lines))
    return lines


def write(records: Sequence[Record], results_dir: Path) -> list[Path]:
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


def current(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest source and configuration in each setting: an edit supersedes what was."""
    setting = [name for name in GROUP if name not in ("config", "source")]
    known = _one_device(table)
    groups = known.sort_values("started", kind="stable", na_position="first").groupby(setting, dropna=False)
    newest = groups[["config", "source"]].transform("last").sort_index()
    return known.loc[(known["config"] == newest["config"]) & (known["source"] == newest["source"])]


def number(value: float | None, digits: int = 2) -> str:
    """A number for people, of a few significant digits: '' when it has no meaning, 'nan' when it failed."""
    if value is None or not np.isfinite(value):
        return "" if value is None else str(float(value))
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return np.format_float_positional(value, precision=digits, fractional=False, trim="-")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def _flat(record: Record) -> dict[str, Any]:
    data = record.to_json()
    nested = {
        name: data.pop(name) or {} for name in ("fit_evals", "sample_evals", "floors", "errors", "versions")
    }
    metrics = data.pop("metrics")
    flat = {**data, **metrics}
    for name, values in nested.items():
        flat |= {f"{name}.{key}": value for key, value in values.items()}
    return flat | _derived(record)


def _derived(record: Record) -> dict[str, Any]:
    log_z, error = record.metrics.get("log_z"), record.metrics.get("log_z_error")
    costs = [cost for cost in (record.fit_evals, record.sample_evals) if cost]
    return {
        "log_z_abs_error": None if error is None else abs(error),
        "log_z_truth": None if log_z is None or error is None else round(log_z - error, 9),
        "gradients": sum(cost.gradients for cost in costs) if costs else None,
    }


def _one_device(table: pd.DataFrame) -> pd.DataFrame:
    """A row that was killed does not know its device: it stays with those beside it."""
    others = [name for name in GROUP if name not in ("device", "config", "source")]
    known = table.groupby(others, dropna=False)["device"].transform("first")
    return table.assign(device=table["device"].where(table["device"].notna(), known))


def _flat_names() -> Iterable[str]:
    return (*GROUP, *TEXT)


def _is_numeric(name: str) -> bool:
    return name not in (*GROUP, *TEXT) and not name.startswith("versions.")


def _summarise(rows: pd.DataFrame, numbers: Sequence[str]) -> dict[str, Any]:
    ok = rows[rows["status"] == "ok"]
    reasons = rows.loc[rows["status"] != "ok", "reason"].dropna().unique()
    line: dict[str, Any] = {name: rows[name].iloc[0] for name in (*GROUP, "dim")}
    line |= {"seeds": len(rows)} | {status: list(rows["status"]).count(status) for status in STATUSES}
    line |= {"reason": "; ".join(reasons) or None, "started": max(rows["started"].dropna(), default="")}
    for name in numbers:
        line |= dict(zip((name + end for end in RANGE), _range(list(ok[name])), strict=True))
    return line


def _range(values: list[float | None]) -> list[float | None]:
    """Median, min and max; a seed that failed (NaN) fails the group, or survivors alone would be ranked."""
    known = [value for value in values if value is not None]
    return [float(of(known)) if known else None for of in (np.median, np.min, np.max)]


def _labels(lines: pd.DataFrame) -> list[str]:
    labels: dict[Any, str] = dict(zip(lines.index, lines["sampler"], strict=True))
    for _, twins in lines.groupby(["target", "target_version", "fingerprint", "sampler"]):
        differing = [name for name in GROUP if len(set(map(str, twins[name]))) > 1]
        for index in twins.index if differing else ():
            told = ", ".join(f"{name} {str(twins.at[index, name])[:12]}" for name in differing)
            labels[index] = f"{labels[index]} ({told})"
    return [labels[index] for index in lines.index]


def _text(table: pd.DataFrame) -> pd.DataFrame:
    """Floats with six significant digits, NaN spelt out, None left empty."""
    return table.map(lambda value: f"{value:.6g}" if isinstance(value, float) else value)
