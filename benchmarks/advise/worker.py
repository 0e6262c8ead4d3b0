"""The process that looks at a model or runs one family: `python -m bridgemark.benchmarks.advise.worker`.

A model is code of strangers: it may crash this process or let it hang. Its reports are those of
`sweep.reporting_process`: one phase, and either an `error`, after which nothing follows, or `done`. What was
computed is in the file that the task names.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import settings
from bridgemark.benchmarks.sweep.child import open_reports, read_task, run_and_end

if TYPE_CHECKING:
    from bridgemark.benchmarks.adapters.model import Model

THREADS_OF_XLA = 4  # of which one computes, and the others copy
PRECISION = "float64"  # because log densities of many data are large numbers, whose differences count


def main() -> None:
    """Bind this process to its core, find the model and do what the task asks."""
    task, report = read_task(), open_reports()
    settings.configure((task["core"],), PRECISION, "cpu")
    # A callback of a model on the host waits for ever where the thread that it blocks must copy its points.
    os.environ["NPROC"] = str(THREADS_OF_XLA)

    # Only now, because JAX reads its settings when it is imported.
    import jax

    from bridgemark.benchmarks.adapters.find_model import find_model
    from bridgemark.benchmarks.advise.coordinates import coordinate_names
    from bridgemark.samplers.base import Unsupported

    jax.config.update("jax_cpu_enable_async_dispatch", False)
    report(phase=task["phase"], subject=None)
    try:
        model = find_model(task["model"])
        run_task(task, model)
    except (BadInput, Unsupported) as error:
        report(error=str(error))
    else:
        names = coordinate_names(model)
        report(done=True, origin=model.origin, evidence=model.evidence, coordinates=names)


def run_task(task: dict[str, Any], model: "Model") -> None:
    """Look at the density, or run the family that the task names, and write what comes of it."""
    from bridgemark.benchmarks.advise import family_draws, named_draws, pilot_file
    from bridgemark.benchmarks.advise.families import run_family
    from bridgemark.benchmarks.advise.pilot import look_at
    from bridgemark.benchmarks.advise.plan import sized, working_density

    out, density = Path(task["out"]), model.density
    if task["family"] is None:
        pilot_file.save(out, look_at(density, task["seconds"]))
        return
    pilot = pilot_file.load_if_whole(Path(task["pilot"]))
    chains = Path(task["chains"])
    draws = family_draws.load(chains).draws.x.reshape(-1, density.dim) if chains.is_file() else None
    family = sized(task["family"], pilot, task["seconds"])
    returned = run_family(family, working_density(pilot, density), task["seconds"], draws)
    family_draws.save(out, returned)
    named_draws.save(Path(task["named"]), named_draws.name_draws(model, returned.draws))


if __name__ == "__main__":
    run_and_end(main)
