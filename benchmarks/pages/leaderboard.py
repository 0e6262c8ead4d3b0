"""The generated page results/README.md, and the overview in the README of the project."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis import columns, curves
from bridgemark.benchmarks.analysis.row_table import drop_superseded, without_budget
from bridgemark.benchmarks.analysis.summary_table import SummaryRow, summary_table
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.certificates.checks import EXECUTED
from bridgemark.benchmarks.pages import equal_budgets, published, target_table
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.rows.row import STATUSES
from bridgemark.benchmarks.text import escape_markdown, markdown_table, number

BEGIN, END = "<!-- leaderboard:begin -->", "<!-- leaderboard:end -->"
CAPTIONS = {
    "samples": "Draws over the contours of the target; weighted draws are resampled for display.",
    "log_z_error": "Signed error of log Z, one dot per seed; grey: three standard errors of the truth.",
    "bias_cost": "Worst squared bias of x against the gradients spent; dashed: the score of exact draws.",
    "time": "Seconds spent on compiling (once for all seeds), fitting and sampling.",
    "ranks": "Ranks on each target: solid lines cover all ranks with 95 % confidence, dotted ones do not.",
    "mean_ranks": "Mean ranks; a bar joins samplers that Nemenyi's critical difference cannot separate.",
    "profiles": "Share of targets solved against cost; a target that is not solved never counts as cheap.",
}
ORDER = """\
Samplers are ordered by worst squared bias of x, those that failed last. This is not an order at equal cost:
read it beside the gradients and the seconds. Differences inside the intervals in [ ], or below a noise floor,
are noise. Effective sample size does not count for the order."""
CERTIFIED = """\
`bridgemark certify sampler NAME` checks, on targets with closed forms, that weights and moments are unbiased
in both precisions, that bounds of log Z hold, that draws are as independent and effective sizes as large as
claimed, and that counts and random keys are right. Executed work is the number of evaluations that a small
run executes, per evaluation that the tables count. It is above one where memory is saved by evaluating again,
and where chains wait for the longest."""


class DensityKey(NamedTuple):
    """What identifies a density on the page, in the order of its sections."""

    dim: int
    target: str
    version: int
    fingerprint: str


def write(
    table: pd.DataFrame, results: Results, folder: Path, rows: Sequence[SummaryRow] | None = None
) -> Path:
    """Write README.md in `folder` from the row table of everything stored, and tables/curves.csv.

    The same rows give the same page. Figures appear where `folder` has them, and certificates where `results`
    have them. `rows` are the `summary_rows` of the table, for a caller that has them already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = summary_rows(table) if rows is None else rows
    curve_rows = curves.curve_rows(table)
    points = curves.points(curve_rows)
    if len(curve_rows):
        equal_budgets.write_points(points, folder)
    parts = [
        "# Leaderboard",
        _provenance(table),
        ORDER,
        _certificates(table, results),
        *(target_table.section(list(group)) for _, group in groupby(rows, key=_density)),
        *_figures(folder, CAPTIONS),
        equal_budgets.section(curve_rows, points),
        *_figures(folder, equal_budgets.CAPTIONS),
        published.section(rows),
        *_figures(folder, published.CAPTIONS),
        target_table.MEANING,
    ]
    path = folder / "README.md"
    path.write_text("\n\n".join(filter(None, parts)))
    return path


def overview(table: pd.DataFrame, rows: Sequence[SummaryRow] | None = None) -> str:
    """Two compact Markdown tables of targets by samplers, from a row table: log Z error and squared bias.

    `rows` are as for `write`.
    """
    rows = summary_rows(table) if rows is None else rows
    return (
        f"Median \\|log Z error\\|:\n\n{_matrix(rows, columns.LOG_Z_ABS_ERROR)}\n\n"
        "Median worst squared bias of x (0.01 is what 100 independent exact draws reach on average):\n\n"
        f"{_matrix(rows, columns.MAIN_METRIC)}"
    )


def update_readme(path: Path, table: pd.DataFrame, rows: Sequence[SummaryRow] | None = None) -> bool:
    """Put the overview between the markers of a README. Without markers, return False and write nothing.

    `rows` are as for `write`.
    """
    before, begin, rest = Path(path).read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        return False
    Path(path).write_text(f"{before}{begin}\n\n{overview(table, rows)}\n\n{end}{after}")
    return True


def summary_rows(table: pd.DataFrame, summary: pd.DataFrame | None = None) -> list[SummaryRow]:
    """The current summary rows without a budget, by density, and within it the best bias first.

    They have no ranges, which no page shows. `summary` is the summary table of the whole row table, for a
    caller that has it: it need not be made again where all rows are current and without a budget.
    """
    current = without_budget(drop_superseded(table))
    if summary is None or len(current) < len(table):
        summary = summary_table(current)
    ranges = columns.least(""), columns.most("")
    names = [name for name in summary if not name.endswith(ranges)]
    lines = zip(*(summary[name].tolist() for name in names), strict=True)
    rows: list[SummaryRow] = [dict(zip(names, line, strict=True)) for line in lines]
    return sorted(rows, key=lambda row: (_density(row), _order(row)))


def _density(row: SummaryRow) -> DensityKey:
    names = (columns.DIM, columns.TARGET, columns.TARGET_VERSION, columns.FINGERPRINT)
    return DensityKey(*(row[name] for name in names))


def _order(row: SummaryRow) -> tuple:
    """The key by which samplers are ordered: failures last, before them those without a bias."""
    bias = row.get(columns.MAIN_METRIC)
    unknown = bias is None or math.isnan(bias)
    return row["ok"] == 0, unknown, 0.0 if unknown else bias, row[columns.LABEL]


def _provenance(table: pd.DataFrame) -> str:
    """How the page was made, from what the stored rows say."""
    counted = Counter(table[columns.STATUS])
    versions = [name for name in table.columns if name.startswith(columns.VERSIONS)]
    started = sorted(text[:10] for text in table[columns.STARTED] if text)
    facts = {
        "rows": ", ".join(f"{counted[status]} {status}" for status in STATUSES if counted[status]),
        "device": _distinct(table[columns.DEVICE]),
        "cores per cell": _distinct(table[columns.CORES]),
        "precision": _distinct(table[columns.PRECISION]),
        "versions": ", ".join(
            f"{escape_markdown(name.removeprefix(columns.VERSIONS))} {_distinct(table[name])}"
            for name in versions
        ),
        "commit": _distinct(table[columns.COMMIT]),
        "run": " to ".join(dict.fromkeys((started[0], started[-1]))) if started else "unknown",
    }
    listed = "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
    return (
        "Generated by `bridgemark table` from the rows that `bridgemark run` stored; do not edit.\n"
        f"Every row is in `tables/`, those that newer ones have replaced included.\n\n{listed}"
    )


def _distinct(values: Iterable[object]) -> str:
    """The distinct values of a column, joined by "or"."""
    texts = {str(value) for value in values if value is not None}
    return escape_markdown(" or ".join(sorted(texts))) or "unknown"


def _certificates(table: pd.DataFrame, results: Results) -> str:
    """Each sampler's verdict on closed forms, and whether it belongs to another version of the sampler."""
    names = sorted(set(table[columns.SAMPLER]))
    certificates = {name: certify.read_first(results.certificate_paths(name)) for name in names}
    samplers = registry.samplers() if any(certificates.values()) else {}
    lines = []
    for name, certificate in certificates.items():
        if certificate is None:
            lines.append((name, "not certified", ""))
            continue
        # The source of a plug-in's sampler is not known here.
        is_stale = name in samplers and certificate.identity != certify.identity_of(samplers[name])
        verdict = certificate.verdict + " (of another version of its source)" * is_stale
        lines.append((name, verdict, certificate.reason(EXECUTED)))
    if not lines:
        return ""
    escaped = [list(map(escape_markdown, line)) for line in lines]
    verdicts = markdown_table(("sampler", "certificate", EXECUTED), escaped)
    return f"## Certificates\n\n{CERTIFIED}\n\n{verdicts}"


def _matrix(rows: Sequence[SummaryRow], metric: str) -> str:
    """Targets down, samplers across. A failure shows as its status, a metric without a meaning as a dash."""
    densities_of = Counter(density.target for density in {_density(row) for row in rows})
    entries: dict[str, dict[str, str]] = {}  # by target and sampler
    for row in rows:
        failures = [f"{row[status]} {status}" for status in STATUSES if row[status] and status != "ok"]
        value = number(row.get(metric)) or ("" if failures else "–")
        target = row[columns.TARGET]
        if densities_of[target] > 1:
            target = f"{target} {row[columns.FINGERPRINT][:8]}"
        entries.setdefault(target, {})[row[columns.LABEL]] = ", ".join(filter(None, [value, *failures]))
    labels = sorted({label for line in entries.values() for label in line})
    lines = []
    for target, line in entries.items():
        lines.append([escape_markdown(target), *(line.get(label, "") for label in labels)])
    return markdown_table(["", *map(escape_markdown, labels)], lines)


def _figures(folder: Path, captions: Mapping[str, str]) -> list[str]:
    """The figures that exist, each with its caption."""
    figures = []
    for name, caption in captions.items():
        path = f"figures/{name}.png"
        if (folder / path).exists():
            figures.append(f"![{caption}]({path})\n\n{caption}")
    return figures
