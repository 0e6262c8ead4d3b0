"""The columns of a target's table on the leaderboard: a heading, and how to fill it from a summary line."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridgemark.benchmarks.analysis.tables import MAIN, SECONDS, Line
from bridgemark.benchmarks.scores.pareto import TRUSTED
from bridgemark.benchmarks.text import number

GRADIENTS = ("fit_evals.gradients", "sample_evals.gradients")
IMPOSSIBLE = 3.0  # standard errors
SPREADS = ("training_sd.log_z_error", "evaluation_sd.log_z_error")

MEANING = """\
## What the columns mean

- **seeds**: rows that are ok, of all. Numbers are medians over the ok seeds. What follows in [ ] is, from 6
  ok seeds on, the interval of order statistics that holds the median at 95 %; of fewer seeds it is their
  range, which claims nothing.
- **\\|log Z error\\|**: median of the absolute errors of log Z; in brackets the median signed error.
  † is not to be trusted: the weights' Pareto k is above 0.7, so their mean may miss what matters.
- **sd of log Z**: of its error between trainings (seeds), and between sets of draws of one training. Their
  squares add up to the variance of what a single run tells.
- **ELBO gap**: log Z − mean log weight, which is KL(sampler ∥ target). It has no meaning after resampling.
- **EUBO gap**: mean log weight of paths run backwards from exact draws − log Z, that is KL(target ∥ sampler):
  large where modes are missed, which the ELBO gap does not see. ‡ after either: negative by more than three
  standard errors, which proper weights cannot be.
- **bias² of f**: (Ê f − E f)² / Var f of the worst coordinate; 0.01 is what 100 independent exact draws
  reach on average. After the slash the floor: what as many exact unweighted draws score.
- **mode TV**: total variation between drawn and true mode weights; after the slash the floor.
- **sliced W2**: 2-Wasserstein distance to exact draws over 128 fixed directions; after the slash the floor.
- **Sinkhorn**: debiased Sinkhorn divergence to exact draws, 2,000 points on either side; **C2ST**: accuracy
  with which a classifier tells draws from exact ones, 0.5 where it cannot. Of rows run with `--costly`.
- **ESS**: bulk effective sample size of the worst coordinate of Markov chains, or for importance weights
  Kish's share of the draws in per cent.
- **ESS of squares**: bulk effective sample size of x² of the worst coordinate of Markov chains.
- **R-hat**: rank-normalised split R-hat of the worst coordinate.
- **gradients**: evaluations of the gradient of the log-density, to fit + to sample.
- **of which pilot**: those of the fit that went into finding coordinates.
- **seconds**: to compile (once for all seeds) / fit / sample, on the cores named above.
- An empty cell has no meaning for the method, or its truth is not known; `nan` was offered and failed.
"""


@dataclass(frozen=True)
class Column:
    """A heading and how to fill it; '' where there is nothing to say."""

    heading: str
    fill: Callable[[Line], str]


def columns(lines: Sequence[Line]) -> list[Column]:
    """Those that at least one of the lines fills."""
    names = dict.fromkeys(name for line in lines for name in line)
    others = [name for name in names if name.startswith("bias2_") and name.endswith("_max") and name != MAIN]
    possible = [
        Column("sampler", lambda line: line["label"]),
        Column("seeds", lambda line: f"{line['ok']}/{line['seeds']}"),
        Column("\\|log Z error\\| (signed)", _log_z),
        Column("sd of log Z trainings / draws", lambda line: _join(line, " / ", SPREADS)),
        _bound("ELBO gap", "elbo_gap", "errors.elbo"),
        _bound("EUBO gap", "eubo_gap", "errors.eubo"),
        *(_with_floor(f"bias² of {name[6:-4]}", name) for name in (MAIN, *others)),
        _with_floor("mode TV", "mode_tv"),
        _with_floor("sliced W2", "sliced_w2"),
        _with_floor("Sinkhorn", "sinkhorn"),
        _with_floor("C2ST", "c2st"),
        Column("ESS", _ess),
        Column("ESS of squares", lambda line: _spread(line, "ess_x2_min")),
        Column("R-hat", lambda line: _spread(line, "r_hat_max", 4)),
        Column("gradients fit + sample", lambda line: _join(line, " + ", GRADIENTS)),
        Column("of which pilot", lambda line: number(line.get("pilot_gradients"), 2)),
        Column("seconds compile / fit / sample", lambda line: _join(line, " / ", SECONDS)),
    ]
    return [column for column in possible if any(map(column.fill, lines))]


def _spread(line: Line, name: str, digits: int = 2) -> str:
    """`median [low, high]`, or the median alone where the seeds agree."""
    middle, low, high = (number(line.get(name + end), digits) for end in ("", ".low", ".high"))
    return middle if low == high else f"{middle} [{low}, {high}]"


def _with_floor(heading: str, name: str) -> Column:
    def fill(line: Line) -> str:
        value, floor = _spread(line, name), number(line.get(f"floors.{name}"), 2)
        return f"{value} / {floor}" if value and floor else value

    return Column(heading, fill)


def _bound(heading: str, name: str, error: str) -> Column:
    """With a double dagger where a gap that cannot be negative is so by more than IMPOSSIBLE errors."""

    def fill(line: Line) -> str:
        noise = math.hypot(line.get(error) or 0.0, line.get("errors.log_z_truth") or 0.0)
        return _spread(line, name) + " ‡" * ((line.get(name) or 0.0) < -IMPOSSIBLE * noise)

    return Column(heading, fill)


def _log_z(line: Line) -> str:
    """With a dagger where the weights are too heavy-tailed for their mean to be trusted."""
    signed, heavy = line.get("log_z_error"), (line.get("pareto_k") or 0.0) > TRUSTED
    if signed is None:
        return ""
    return f"{_spread(line, 'log_z_abs_error')} ({'+' * (signed > 0)}{number(signed)})" + " †" * heavy


def _ess(line: Line) -> str:
    fraction = line.get("importance_ess_fraction")
    return _spread(line, "ess_bulk_min") if fraction is None else f"{100 * fraction:.2g} %"


def _join(line: Line, sign: str, names: Sequence[str]) -> str:
    values = [number(line.get(name), 2) for name in names]
    return sign.join(values) if all(values) else ""
