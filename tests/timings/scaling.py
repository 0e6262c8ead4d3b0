"""How a training step scales: `python tests/timings/scaling.py` measures and draws it, in minutes."""

from pathlib import Path

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from race import on_cores, race

from bridgemark.benchmarks.drawing.style import panels, save, set_theme, title_and_legend

FIGURES = Path(__file__).parents[2] / "results" / "figures"
TURNS = 5
COLUMNS = ("dim", "steps", "batch")
CENTRE = {"dim": 10, "steps": 128, "batch": 256}
TRIED = {"dim": (2, 10, 50, 200), "steps": (16, 64, 128, 256), "batch": (32, 64, 128, 256)}
COLOURS = {"plain": "0.45", "dds": "#1b2a41"}
DASHES = {"reverse KL": "-", "log-variance": "--", "sticking reverse KL": ":"}


def measure():
    """Seconds per step of every contestant at every size; each size runs in a new process, on one core."""
    records = []
    for column, values in TRIED.items():
        for value in values:
            size = tuple((CENTRE | {column: value})[name] for name in COLUMNS)
            with on_cores(1) as process:
                seconds = process.submit(race, TURNS, size).result()
            for run, best in seconds.items():
                records.append({"varied": column, "value": value, "run": run, "seconds": best})
    return pd.DataFrame(records)


def draw(table):
    set_theme()
    figure, axes = panels(len(COLUMNS), len(COLUMNS), 3.4, 3.0)
    table = table[table.run != "floor"]
    for axis, column in zip(axes, COLUMNS, strict=True):
        for run, sizes in table[table.varied == column].groupby("run"):
            sampler, loss = run.split(", ")
            axis.plot(sizes.value, sizes.seconds, DASHES[loss], color=COLOURS[sampler], marker="o")
        axis.set(xscale="log", yscale="log", xlabel=column)
        axis.set_xticks(TRIED[column], TRIED[column])
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.grid(color="0.93", linewidth=0.8)
    axes[0].set_ylabel("seconds per training step")
    handles = []
    for run in sorted(set(table.run)):
        sampler, loss = run.split(", ")
        handles.append(Line2D([], [], color=COLOURS[sampler], linestyle=DASHES[loss], label=run))
    title_and_legend(figure, "A training step on one core, in the coordinates that the pilot found", handles)
    return save(figure, FIGURES / "scaling.png")


if __name__ == "__main__":
    path = FIGURES / "scaling.csv"
    if not path.exists():
        measure().to_csv(path, index=False)
    print(draw(pd.read_csv(path)))
