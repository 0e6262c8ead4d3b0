"""A target described for programs outside this project, so that a port can prove to be the same density.

The folder has target.json with the definition and what is known, probes.csv with the log-density and its
gradient at fixed points, base_scale.csv where the base has a full covariance, and the data that the target
reads.
"""

import json
import math
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.opened_files import record_reads
from bridgemark.benchmarks.providers import call_user_code
from bridgemark.benchmarks.registry import choose_targets
from bridgemark.benchmarks.rows.data_hash import PROVENANCE, is_data
from bridgemark.benchmarks.rows.fingerprint import fingerprint, probes
from bridgemark.targets.base import Base, Target

FIXED_POINTS = 16  # of amplitudes from 1/2 on
BASE_DRAWS = 16  # where a sampler starts
NUMBER_OF_PROBES = FIXED_POINTS + BASE_DRAWS
SEED = 32_000
DESCRIPTION, PROBES, BASE_SCALE = "target.json", "probes.csv", "base_scale.csv"
LOG_DENSITY = "log_density"


class Probes(NamedTuple):
    """Fixed points, and the log-density with its gradient there, in float64."""

    x: Float[np.ndarray, "n dim"]
    log_density: Float[np.ndarray, " n"]
    gradient: Float[np.ndarray, "n dim"]


class DescribedTarget(NamedTuple):
    """A registered target, and the files of data that it read while it was built."""

    target: Target
    data: tuple[Path, ...]


def build(name: str, plugins: Sequence[str] = ()) -> DescribedTarget:
    """Build the registered target of this name. Raises BadInput for an unknown or broken one."""
    builders = choose_targets([name], registry.targets(plugins))
    target, read = record_reads(partial(registry.build, name, builders[name]))
    return DescribedTarget(target, tuple(sorted(path for path in read if is_data(path) and path.is_file())))


def evaluate_probes(target: Target) -> Probes:
    """Evaluate the log-density and its gradient at fixed points and at draws of the base with a fixed key."""

    def evaluate() -> Probes:
        with jax.enable_x64(True):
            base_draws = target.density.base.sample(jax.random.key(SEED), BASE_DRAWS)
            fixed = jnp.asarray(probes(target.density.dim)[:FIXED_POINTS])
            points = jnp.concatenate([fixed, base_draws.astype(fixed.dtype)])
            values, gradients = jax.jit(jax.vmap(jax.value_and_grad(target.density.log_prob)))(points)
            return Probes(*(np.asarray(array, np.float64) for array in (points, values, gradients)))

    try:
        return call_user_code(f"target {target.name!r}", evaluate)
    finally:
        jax.clear_caches()  # of what was compiled in double precision; see `evaluate_target`


def write(described: DescribedTarget, folder: Path) -> list[Path]:
    """Write the description, the probes and the data, and return the paths; the same target, the same files.

    Raises BadInput where the files cannot be written.
    """
    target, data = described
    text = json.dumps(_description(described), indent=1, ensure_ascii=False, allow_nan=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DESCRIPTION).write_text(text + "\n")
        (folder / PROBES).write_text(_probes_as_csv(evaluate_probes(target)))
        files = [folder / DESCRIPTION, folder / PROBES]
        if _has_matrix(target.density.base):
            files.append(folder / BASE_SCALE)
            files[-1].write_text(_as_csv(np.asarray(target.density.base.scale, np.float64)))
        for path in data:
            provenance = path.with_suffix(PROVENANCE)
            files += [
                Path(shutil.copy(file, folder / file.name)) for file in (path, provenance) if file.is_file()
            ]
    except OSError as error:
        raise BadInput(
            f"cannot write into {folder} ({error.strerror or error}); give another --output"
        ) from error
    return files


def _description(described: DescribedTarget) -> dict[str, Any]:
    """What target.json says; None where something is not known."""
    target, about = described.target, described.target.about
    truth, y = target.log_z, target.density.y
    return {
        "name": target.name,
        "version": target.version,
        "dim": target.density.dim,
        "fingerprint": call_user_code(f"target {target.name!r}", partial(fingerprint, target)),
        "source": about.source,
        "definition": about.definition,
        "also_called": [alias.name for alias in about.aliases if alias.same_density],
        "data": [path.name for path in described.data],
        "observation": None if y is None else _numbers(y),
        "base": _base(target.density.base),
        "log_z": truth
        and {
            "value": float(truth.value),
            "standard_error": float(truth.standard_error),
            "recipe": truth.recipe,
        },
        "statistics": {
            statistic.name: {
                "mean": _numbers(statistic.mean),
                "sd": _numbers(statistic.sd),
                "standard_error": _numbers(statistic.standard_error),
            }
            for statistic in target.statistics
        },
        "mode_masses": target.modes and _numbers(target.modes.masses),
        "probes": f"{PROBES}: {LOG_DENSITY}, the point x0, x1, ..., and the gradient there",
    }


def _base(base: Base) -> dict[str, Any]:
    """The distribution to start from: a Gaussian, or what the definition says."""
    if base.loc is None or base.scale is None:
        return {"kind": "see definition"}
    gaussian: dict[str, Any] = {"kind": "Gaussian", "mean": _numbers(base.loc)}
    if _has_matrix(base):
        return gaussian | {"lower_cholesky_factor_of_the_covariance": BASE_SCALE}
    return gaussian | {"standard_deviations": _numbers(base.scale)}


def _has_matrix(base: Base) -> bool:
    return base.scale is not None and np.ndim(base.scale) == 2


def _numbers(values: Any) -> list[float | str]:
    """A vector as a list; JSON has no number for what is not finite, so that is a text."""
    array = np.asarray(values, np.float64)
    return [value if math.isfinite(value) else str(value) for value in array.tolist()]


def _probes_as_csv(at: Probes) -> str:
    dim = at.x.shape[1]
    names = [LOG_DENSITY, *(f"x{index}" for index in range(dim)), *gradient_names(dim)]
    return ",".join(names) + "\n" + _as_csv(np.column_stack([at.log_density, at.x, at.gradient]))


def gradient_names(dim: int) -> list[str]:
    """The columns of the gradient in probes.csv, and in the files that are checked against it."""
    return [f"gradient{index}" for index in range(dim)]


def _as_csv(table: np.ndarray) -> str:
    """Numbers as the shortest texts that give them back."""
    return "".join(",".join(map(repr, line)) + "\n" for line in table.tolist())
