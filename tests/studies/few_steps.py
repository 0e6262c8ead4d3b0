"""The bridge against denoising at equal small numbers of steps: a plug-in, and the table of its results.

The diffusion sampler is run with several horizons, of which the best on each target counts; the bridge
keeps its default. Without an argument the script prints the samplers' names, with a folder of results
their table:

    study=tests/studies/few_steps.py
    bridgemark run --plugin $study --sampler $(python $study) --target ionosphere-35,gmm9 --results DIR
    python $study DIR
"""

import sys
from pathlib import Path

from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.rows.store import Store
from bridgemark.samplers.bridge import Bridge
from bridgemark.samplers.dds import DDS

STEPS = (8, 16, 32)
HORIZONS = (1.0, 2.0, 4.0, 8.0)

SAMPLERS = {f"few-bridge-{steps}": Bridge(steps=steps) for steps in STEPS} | {
    f"few-dds-{steps}-{horizon:.0f}": DDS(steps=steps, horizon=horizon)
    for steps in STEPS
    for horizon in HORIZONS
}


def tabulate(folder: str) -> str:
    """Median ELBO gap over seeds by target and steps, for the bridge and for denoising at every horizon."""
    rows = row_table(Store(Path(folder) / "store").read_all()).query("status == 'ok'")
    named = rows["sampler"].str.extract(r"few-(?P<kind>bridge|dds)-(?P<steps>\d+)-?(?P<horizon>\d*)")
    studied = rows.join(named).dropna(subset=["kind"])
    studied["steps"] = studied["steps"].astype(int)
    gaps = studied.groupby(["target", "steps", "kind", "horizon"])["elbo_gap"].median()
    return gaps.unstack(["kind", "horizon"]).sort_index(axis=1).to_string(float_format="{:.3f}".format)


if __name__ == "__main__":
    print(tabulate(sys.argv[1]) if sys.argv[1:] else ",".join(SAMPLERS))
