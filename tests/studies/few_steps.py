"""The bridge against denoising at equal small numbers of steps: a plug-in, and the table of what it ran.

The diffusion sampler is given several horizons and judged by the best of them on each target; the bridge
keeps its default. Without an argument the names are printed, with a folder of results its table:

    study=tests/studies/few_steps.py
    bridgemark run --plugin $study --sampler $(python $study) --target ionosphere-35,gmm9 --results DIR
    python $study DIR
"""

import sys
from pathlib import Path

from bridgemark.benchmarks.analysis.tables import frame
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
    """Median ELBO gap over the seeds, by target and steps: the bridge's and denoising's at each horizon."""
    rows = frame(Store(Path(folder) / "store").read_all()).query("status == 'ok'")
    named = rows["sampler"].str.extract(r"few-(?P<kind>bridge|dds)-(?P<steps>\d+)-?(?P<horizon>\d*)")
    known = rows.join(named).dropna(subset=["kind"])
    known["steps"] = known["steps"].astype(int)
    gaps = known.groupby(["target", "steps", "kind", "horizon"])["elbo_gap"].median()
    return gaps.unstack(["kind", "horizon"]).sort_index(axis=1).to_string(float_format="{:.3f}".format)


if __name__ == "__main__":
    print(tabulate(sys.argv[1]) if sys.argv[1:] else ",".join(SAMPLERS))
