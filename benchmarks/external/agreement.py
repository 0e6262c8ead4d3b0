"""Whether a port of a target to another program is the same density, up to a constant factor."""

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external.description import (
    LOG_DENSITY,
    NUMBER_OF_PROBES,
    Probes,
    gradient_names,
)
from bridgemark.benchmarks.external.draws_file import require_ordinary
from bridgemark.benchmarks.text import one_line

TOLERANCE = 1e-6  # a port in double precision agrees to about 1e-12, one in single precision to 1e-4
MAX_BYTES = 50_000_000
GRADIENT = "gradient"  # in JSON


class PortValues(NamedTuple):
    """What a port computed at the probes; `gradient` is None where it gave none."""

    log_density: Float[np.ndarray, " n"]
    gradient: Float[np.ndarray, "n dim"] | None


class Disagreement(NamedTuple):
    """The largest relative difference over the probes, and the number of the probe that has it, from 0."""

    size: float
    probe: int

    @property
    def is_small(self) -> bool:
        """Whether it can be rounding. NaN cannot."""
        return self.size <= TOLERANCE


class Agreement(NamedTuple):
    """How a port compares with a target: its log-density minus `offset`, and its gradient if it gave one.

    An offset c means that log Z of the port is that of the target plus c.
    """

    offset: float
    log_density: Disagreement
    gradient: Disagreement | None

    @property
    def is_same(self) -> bool:
        """Whether the port is the same density, up to a constant factor."""
        return self.log_density.is_small and (self.gradient is None or self.gradient.is_small)


def compare(probes: Probes, port: PortValues) -> Agreement:
    """Compare a port with a target.

    The offset is the median difference of the log-densities: some wrong probes do not move it. A difference
    is relative to the log-density or, where that is less, to how far it is from its median over the probes:
    neither a large constant nor a few points far out hide anything. That of a gradient is relative to its
    largest entry. Both are relative to 1 where these are smaller.
    """
    offset, errors = _log_density_errors(probes, port)
    if port.gradient is None:
        return Agreement(offset, _largest(errors), None)
    scale = np.maximum(1.0, np.max(np.abs(probes.gradient), axis=1))
    gradient_errors = np.max(np.abs(port.gradient - probes.gradient), axis=1) / scale
    return Agreement(offset, _largest(errors), _largest(gradient_errors))


def _log_density_errors(probes: Probes, port: PortValues) -> tuple[float, Float[np.ndarray, " n"]]:
    """The offset, and the relative differences of the log-densities without it."""
    with np.errstate(invalid="ignore"):  # where a log-density is not finite
        differences = port.log_density - probes.log_density
        finite = np.isfinite(differences)
        offset = float(np.median(differences[finite])) if finite.any() else np.nan
        centred = probes.log_density - np.median(probes.log_density[np.isfinite(probes.log_density)])
        scale = np.minimum(np.abs(centred), np.abs(probes.log_density))
        relative = np.abs(differences - offset) / np.maximum(1.0, scale)
    outside = (probes.log_density == -np.inf) & (port.log_density == -np.inf)  # of the support
    return offset, np.where(outside, 0.0, relative)


def sentences(agreement: Agreement) -> list[str]:
    """What the comparison says, in words."""
    size, probe = agreement.log_density
    lines = []
    if agreement.log_density.is_small:
        lines.append(f"the log-densities agree at all probes, up to a constant, to {size:.1e}")
    else:
        lines.append(f"the log-densities differ by {size:.1e} (relative) at probe {probe}, counted from 0")
    if agreement.gradient is None:
        lines.append("the file has no gradients")
    elif agreement.gradient.is_small:
        lines.append(f"the gradients agree to {agreement.gradient.size:.1e}")
    else:
        size, probe = agreement.gradient
        lines.append(f"the gradients differ by {size:.1e} (relative) at probe {probe}, counted from 0")
    if abs(agreement.offset) <= TOLERANCE:
        lines.append("the constant is the same, and so is log Z")
    else:
        lines.append(f"the port's log-density is larger by {agreement.offset:.10g}, and so is its log Z")
    return lines


def read(path: Path, dim: int) -> PortValues:
    """What a port computed, from JSON with `log_density` and `gradient`, or from CSV with such columns.

    The gradient may be missing. Raises BadInput for a file that does not have a value for every probe.
    """
    require_ordinary(path, MAX_BYTES)
    try:
        log_density, gradient = _read_json(path) if path.suffix == ".json" else _read_csv(path, dim)
        values = np.asarray(log_density, np.float64)
        gradients = None if gradient is None else np.asarray(gradient, np.float64)
    except (OSError, ValueError, TypeError, OverflowError, RecursionError, KeyError, csv.Error) as error:
        wanted = f"a column or entry {LOG_DENSITY} of numbers"
        raise BadInput(f"{path} must have {wanted} ({one_line(error, 150)})") from error
    shapes = [values.shape] if gradients is None else [values.shape, gradients.shape]
    if shapes != [(NUMBER_OF_PROBES,), (NUMBER_OF_PROBES, dim)][: len(shapes)]:
        raise BadInput(
            f"{path} must have a value at each of the {NUMBER_OF_PROBES} probes, and a gradient of {dim} "
            f"numbers or none; its arrays have the shapes {' and '.join(map(str, shapes))}"
        )
    return PortValues(values, gradients)


def _read_json(path: Path) -> tuple[Any, Any]:
    data = json.loads(path.read_text(encoding="utf-8"))
    return data[LOG_DENSITY], data.get(GRADIENT)


def _read_csv(path: Path, dim: int) -> tuple[Any, Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    log_density = [float(line[LOG_DENSITY]) for line in lines]
    names = gradient_names(dim)
    if not lines or names[0] not in lines[0]:
        return log_density, None
    return log_density, [[float(line[name]) for name in names] for line in lines]


def _largest(errors: Float[np.ndarray, " n"]) -> Disagreement:
    probe = int(np.argmax(errors))  # that of NaN, if there is one
    return Disagreement(float(errors[probe]), probe)
