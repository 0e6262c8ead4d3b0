"""Refuses wrong targets: their claims are impossible, or contradict what their functions return."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.providers import call_user_code
from bridgemark.benchmarks.rows.target_values import ARGUMENTS, DRAWS, TargetValues, evaluate_target
from bridgemark.targets.base import Base, Sample, Statistic, Target

TOLERANCE = 1e-6  # of probabilities that sum to one, and of terms that sum to a log density


def require_valid(target: Target) -> TargetValues:
    """The values of a target. Raises BadInput, with the reason, for one that is broken or wrong."""
    origin = f"target {target.name!r}"

    def first_complaint() -> str | None:
        return next(_impossible_claims(target), None) or next(_wrong_shapes_of_draws(target), None)

    _refuse(origin, call_user_code(origin, first_complaint))
    values = call_user_code(origin, partial(evaluate_target, target))
    _refuse(origin, next(_wrong_shapes_of_values(target, values), None))
    _refuse(origin, next(_impossible_values(target, values), None))
    return values


def _refuse(origin: str, complaint: str | None) -> None:
    if complaint is not None:
        raise BadInput(f"{origin} is wrong: {complaint}")


def _impossible_claims(target: Target) -> Iterator[str]:
    """What is impossible in the numbers that a target gives."""
    dim = target.density.dim
    if dim < 1:
        yield f"its dimension is {dim}"
    if target.log_z is not None:
        if not np.isfinite(target.log_z.value):
            yield f"log Z is {target.log_z.value}"
        if not 0 <= target.log_z.standard_error < np.inf:
            yield f"the standard error of log Z is {target.log_z.standard_error}"
    yield from _claims_of_base(target.density.base, dim)
    for statistic in target.statistics:
        yield from _claims_of_statistic(statistic)
    names = [statistic.name for statistic in target.statistics]
    if len(set(names)) < len(names):
        yield f"two of its statistics {', '.join(names)} have the same name"
    if target.modes is not None:
        masses = np.asarray(target.modes.masses, float)
        if masses.ndim != 1 or not (np.all(masses >= 0) and abs(np.sum(masses) - 1) < TOLERANCE):
            yield f"the masses of its modes are {_text(masses)}; they must not be negative and sum to one"


def _claims_of_base(base: Base, dim: int) -> Iterator[str]:
    if base.loc is None or base.scale is None:
        return
    loc, scale = np.asarray(base.loc, float), np.asarray(base.scale, float)
    if loc.shape != (dim,) or scale.shape not in ((dim,), (dim, dim)):
        yield f"the base of dimension {dim} has a loc of shape {loc.shape} and a scale of shape {scale.shape}"
        return
    diagonal = scale if scale.ndim == 1 else np.diag(scale)
    if not (np.isfinite(loc).all() and np.isfinite(scale).all() and np.all(diagonal > 0)):
        yield "loc and scale of the base must be finite, and the scale positive"


def _claims_of_statistic(statistic: Statistic) -> Iterator[str]:
    """A standard deviation may be zero: scores leave constant coordinates out."""
    shape = np.shape(statistic.mean)
    for name in ("mean", "sd", "standard_error"):
        values = np.asarray(getattr(statistic, name), float)
        if values.ndim != 1 or values.shape != shape:
            yield f"{name} of statistic {statistic.name} has shape {values.shape}, its mean {shape}"
        elif not np.isfinite(values).all() or (name != "mean" and np.any(values < 0)):
            allowed = "finite" if name == "mean" else "finite and not negative"
            yield f"{name} of statistic {statistic.name} is {_text(values)}; it must be {allowed}"


def _wrong_shapes_of_draws(target: Target) -> Iterator[str]:
    """Whether draws have the dimension of the target, without drawing any."""
    dim, joint = target.density.dim, target.density.joint
    samples: dict[str, Sample | None] = {"base": target.density.base.sample, "exact": target.sample}
    if joint is not None:
        samples["prior"] = joint.prior.sample
        y = np.asarray(target.density.y, float)
        if joint.dim != dim or y.shape != (joint.dim_y,) or not np.isfinite(y).all():
            yield (
                f"it is a posterior of a joint density of {joint.dim} + {joint.dim_y} dimensions, "
                f"but has dimension {dim} and an observation {_text(y)} of shape {y.shape}"
            )
    for name, sample in samples.items():
        if sample is not None:
            shape = _shape_of(sample)
            if shape != (DRAWS, dim):
                yield f"{DRAWS} {name} draws have shape {shape}, but must have ({DRAWS}, {dim})"


def _shape_of(sample: Sample) -> tuple[int, ...]:
    with jax.enable_x64(True):
        return jax.eval_shape(lambda key: sample(key, DRAWS), jax.random.key(0)).shape


def _wrong_shapes_of_values(target: Target, values: TargetValues) -> Iterator[str]:
    """Whether log-densities are single numbers, and vectors have the lengths of what is known of them."""
    lengths = {f"statistic {statistic.name}": np.shape(statistic.mean) for statistic in target.statistics}
    lengths |= {"responsibilities": np.shape(target.modes.masses)} if target.modes else {}
    joint = target.density.joint
    lengths |= {"simulated": (joint.dim_y,)} if joint else {}
    for name, array in values.values.items():
        if name in ARGUMENTS:
            continue
        shape, expected = array.shape[1:], lengths.get(name, ())
        if shape != expected:
            wanted = f"an array of shape {expected}" if expected else "a single number"
            yield f"{name} returns an array of shape {shape} and not {wanted}"


def _impossible_values(target: Target, values: TargetValues) -> Iterator[str]:
    """What is impossible in the values of its functions at draws of the base and at exact draws."""
    log_prob = values.at_draws("log_prob")
    impossible = int(np.sum(np.isnan(log_prob) | (log_prob == np.inf)))
    if impossible:
        yield f"log_prob is NaN or +inf at {impossible} of {log_prob.size} draws of the base and exact draws"
    if not np.isfinite(values.at_base_draws("base_log_prob")).all():
        yield "the log-density of the base is not finite at draws of the base"
    if target.density.log_likelihood is not None:
        total = values.at_draws("base_log_prob") + values.at_draws("log_likelihood")
        if not np.allclose(total, log_prob, TOLERANCE, TOLERANCE, equal_nan=True):
            yield "log_prob is not the sum of the log-density of the base and log_likelihood"
    yield from _impossible_values_of_truths(target, values, support=log_prob > -np.inf)


def _impossible_values_of_truths(target: Target, values: TargetValues, support: np.ndarray) -> Iterator[str]:
    """The same of responsibilities and statistics; `support` marks the draws of positive density."""
    if target.modes is not None:
        responsibilities = values.at_draws("responsibilities")[support]
        sums = np.sum(responsibilities, axis=1)
        if not (np.all(responsibilities >= -TOLERANCE) and np.all(np.abs(sums - 1) < TOLERANCE)):
            yield "the responsibilities of its modes must not be negative and sum to one"
    for statistic in target.statistics:
        name = f"statistic {statistic.name}"
        if not np.isfinite(values.at_draws(name)[support]).all():
            yield f"{name} is not finite at draws where the density is positive"
        if target.sample is not None:
            ranges = np.ptp(values.at_exact_draws(name), axis=0)
            if np.any(ranges[np.asarray(statistic.sd) == 0] > TOLERANCE):
                yield f"{name} has a standard deviation of 0, but varies over exact draws"


def _text(values: Any) -> str:
    """An array in a few characters."""
    return np.array2string(np.asarray(values), threshold=8, edgeitems=3, precision=4, separator=", ").replace(
        "\n", ""
    )
