"""The leaderboard's section for one density: its truth, a table of the samplers, and why some failed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.columns import MEANINGS
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K
from bridgemark.benchmarks.text import escape_markdown, markdown_table, number

IMPOSSIBLE = 3.0  # standard errors below zero by which a gap that cannot be negative is marked

MEANING = f"""\
## What the columns mean

Numbers are medians over the seeds that ended ok. From six ok seeds on, [ ] holds an interval that covers the
median with 95 % confidence; for fewer seeds it holds their range, without a stated confidence. A number after
a slash is the noise floor: the score of as many exact, unweighted draws.

- **seeds**: number of seeds that ended ok / number of all seeds.
- **\\|log Z error\\|**: absolute error of the estimate of log Z, and in ( ) the signed error. † means that
  the estimate is not to be trusted: the Pareto k of the weights is above 0.7, so their mean may miss what
  matters.
- **sd of log Z**: standard deviation of the estimate of log Z between trainings (seeds) / between sets of
  draws of one training. The sum of their squares is the variance of a single run.
- **ELBO gap**: {MEANINGS[columns.ELBO_GAP]}. It has no meaning after resampling.
- **EUBO gap**: mean log weight of paths that run backwards from exact draws − log Z, which is
  KL(target ∥ sampler). It is large where modes are missed, which the ELBO gap does not show. ‡ after either
  gap means that it is negative by more than three standard errors, which is impossible for correct weights.
- **bias² of f**: (Ê f − E f)² / Var f of the worst coordinate. A hundred independent exact draws score 0.01
  in each coordinate on average. For the funnel, coordinates are those in which it is a Gaussian.
- **mode TV**: {MEANINGS[columns.MODE_TV]}.
- **sliced W2**: {MEANINGS[columns.SLICED_W2]}.
- **Sinkhorn**: debiased Sinkhorn divergence between 2,000 draws and 2,000 exact draws, with `--costly` only.
- **C2ST**: {MEANINGS[columns.C2ST]}. With
  `--costly` only.
- **ESS**: for Markov chains, bulk effective sample size of the worst coordinate; for importance weights,
  Kish's effective sample size in per cent of the number of draws.
- **ESS of squares**: the same as ESS for x², for Markov chains.
- **R-hat**: {MEANINGS[columns.R_HAT_MAX]}.
- **gradients**: evaluations of the gradient of the log-density, to fit + to sample.
- **of which pilot**: the {MEANINGS[columns.PILOT_GRADIENTS]}.
- **seconds**: to compile (once for all seeds) / to fit / to sample, on the cores named above.
- An empty entry means that the metric has no meaning for the method or that the truth is not known; `nan`
  means that the metric failed.

The files in `tables/` have more metrics, with the noise floor of each as `floors.NAME`: the unbiased weighted
MMD² (`mmd2`), the largest 2-Wasserstein distance over directions (`max_sliced_w2`) and over coordinates, in
standard deviations (`marginal_w2_max`), the KL divergence of two-dimensional histograms (`binned_kl`) and the
Pareto k of the weights (`pareto_k`).
"""


@dataclass(frozen=True)
class Column:
    """A column of the table: its heading, and a function from a summary row to the text of an entry."""

    heading: str
    entry: Callable[[SummaryRow], str]


def section(rows: Sequence[SummaryRow]) -> str:
    """The Markdown section of one density, from its summary rows in the order of the table."""
    used = used_columns(rows)
    entries = [[column.entry(row) for column in used] for row in rows]
    table = markdown_table([column.heading for column in used], entries)
    first = rows[0]
    fingerprint = first[columns.FINGERPRINT][:12]
    about = f"d = {first[columns.DIM]}, version {first[columns.TARGET_VERSION]}, fingerprint {fingerprint}"
    parts = [
        f"## {escape_markdown(first[columns.TARGET])}",
        f"{about}{_truth(rows)}.",
        table,
        _reasons(rows),
    ]
    return "\n\n".join(filter(None, parts))


def used_columns(rows: Sequence[SummaryRow]) -> list[Column]:
    """The columns in which at least one of the summary rows has an entry."""
    possible = [
        Column("sampler", lambda row: escape_markdown(row[columns.LABEL])),
        Column("seeds", lambda row: f"{row['ok']}/{row[columns.SEEDS]}"),
        Column("\\|log Z error\\| (signed)", _log_z_error),
        Column("sd of log Z trainings / draws", _log_z_sd),
        _gap("ELBO gap", columns.ELBO_GAP, columns.error_of(columns.ELBO)),
        _gap("EUBO gap", columns.EUBO_GAP, columns.error_of(columns.EUBO)),
        *(_with_floor(_bias_heading(metric), metric) for metric in _biases(rows)),
        _with_floor("mode TV", columns.MODE_TV),
        _with_floor("sliced W2", columns.SLICED_W2),
        _with_floor("Sinkhorn", columns.SINKHORN),
        _with_floor("C2ST", columns.C2ST),
        Column("ESS", _ess),
        Column("ESS of squares", lambda row: _interval(row, columns.ESS_X2_MIN)),
        Column("R-hat", lambda row: _interval(row, columns.R_HAT_MAX, digits=4)),
        Column("gradients fit + sample", _gradients),
        Column("of which pilot", lambda row: number(row.get(columns.PILOT_GRADIENTS))),
        Column("seconds compile / fit / sample", lambda row: _joined(row, columns.PHASE_SECONDS, " / ")),
    ]
    return [column for column in possible if any(column.entry(row) for row in rows)]


def _truth(rows: Sequence[SummaryRow]) -> str:
    """The true log Z with its standard error, from a summary row that estimated it."""
    for row in rows:
        if row.get(columns.LOG_Z_ERROR) is not None:
            truth, error = row.get(columns.LOG_Z_TRUTH), row.get(columns.LOG_Z_TRUTH_ERROR)
            return f", log Z = {number(truth, 6)} ± {number(error)}"
    return ""


def _reasons(rows: Sequence[SummaryRow]) -> str:
    """A list of the samplers with rows that are not ok, with the reasons."""
    failed = [row for row in rows if row[columns.REASON]]
    return "\n".join(f"- {escape_markdown(f'{row[columns.LABEL]}: {row[columns.REASON]}')}" for row in failed)


def _biases(rows: Sequence[SummaryRow]) -> list[str]:
    """The squared biases of the worst coordinate that the rows have, that of x first."""
    names = dict.fromkeys(name for row in rows for name in row)
    biases = [name for name in names if name.startswith("bias2_") and name.endswith("_max")]
    return [columns.BIAS2_X_MAX, *(name for name in biases if name != columns.BIAS2_X_MAX)]


def _bias_heading(metric: str) -> str:
    """The heading "bias² of x2" of the metric "bias2_x2_max"."""
    function = metric.removeprefix("bias2_").removesuffix("_max")
    return f"bias² of {escape_markdown(function)}"


def _interval(row: SummaryRow, name: str, digits: int = 2) -> str:
    """`median [low, high]`, or the median alone where all seeds agree."""
    median = number(row.get(name), digits)
    low, high = number(row.get(columns.low(name)), digits), number(row.get(columns.high(name)), digits)
    return median if low == high else f"{median} [{low}, {high}]"


def _with_floor(heading: str, metric: str) -> Column:
    """A column of a metric, with the noise floor after a slash where there is one."""

    def entry(row: SummaryRow) -> str:
        value, floor = _interval(row, metric), number(row.get(columns.floor_of(metric)))
        return f"{value} / {floor}" if value and floor else value

    return Column(heading, entry)


def _gap(heading: str, metric: str, error: str) -> Column:
    """A column of a gap that cannot be negative; ‡ where it is so by more than IMPOSSIBLE errors.

    `error` is the column of the standard error of the bound. That of the truth is added to it.
    """

    def entry(row: SummaryRow) -> str:
        noise = math.hypot(row.get(error) or 0.0, row.get(columns.LOG_Z_TRUTH_ERROR) or 0.0)
        impossible = (row.get(metric) or 0.0) < -IMPOSSIBLE * noise
        return _interval(row, metric) + " ‡" * impossible

    return Column(heading, entry)


def _log_z_error(row: SummaryRow) -> str:
    """Absolute and signed error; † where the weights are too heavy-tailed for their mean to be trusted."""
    signed = row.get(columns.LOG_Z_ERROR)
    if signed is None:
        return ""
    plus = "+" if signed > 0 else ""
    heavy_tailed = (row.get(columns.PARETO_K) or 0.0) > MAX_TRUSTED_K
    return f"{_interval(row, columns.LOG_Z_ABS_ERROR)} ({plus}{number(signed)})" + " †" * heavy_tailed


def _log_z_sd(row: SummaryRow) -> str:
    names = (columns.training_sd(columns.LOG_Z_ERROR), columns.evaluation_sd(columns.LOG_Z_ERROR))
    return _joined(row, names, " / ")


def _ess(row: SummaryRow) -> str:
    """Kish's share of the draws where there are importance weights, else the bulk effective sample size."""
    fraction = row.get(columns.IMPORTANCE_ESS_FRACTION)
    return _interval(row, columns.ESS_BULK_MIN) if fraction is None else f"{100 * fraction:.2g} %"


def _gradients(row: SummaryRow) -> str:
    return _joined(row, (columns.FIT_GRADIENTS, columns.SAMPLE_GRADIENTS), " + ")


def _joined(row: SummaryRow, names: Sequence[str], separator: str) -> str:
    """Several numbers of a summary row; '' unless the row has all of them."""
    values = [number(row.get(name)) for name in names]
    return separator.join(values) if all(values) else ""
