"""How soon the funnel's ELBO is reached: `python tests/timings/time_to_quality.py` draws it, in minutes.

The plain reference is trained by reverse KL in raw coordinates, 5,000 updates, its rate 5e-3 decayed by
0.95 every 50; ours is `dds` as it is registered, with its pilot run. Compilation counts, the estimation of
the ELBO does not. Seconds are those of the process on one core, without the time that other processes
took. The curves are stored beside the figure; a stored one is not measured again.
"""

import time
from pathlib import Path

import jax
import jax.numpy as jnp
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from plain import Network, Plain, trainer
from race import on_cores

from bridgemark.benchmarks.drawing.style import GREY, panels, save, set_theme, title_and_legend
from bridgemark.samplers.dds import DDS
from bridgemark.targets.funnel import funnel

FIGURES = Path(__file__).parents[2] / "results" / "figures"
PATHS, BATCHES = 256, 16  # paths per batch, and batches, that the ELBO is estimated from
TARGET = funnel("funnel-10", 10)
OURS = DDS()


def curve(init, update, log_weights, updates, every):
    """(updates made, seconds, ELBO) after every so many updates."""
    begun, points, estimate = time.process_time(), [], jax.jit(log_weights)
    key_init, key_train, key_estimate = jax.random.split(jax.random.key(0), 3)
    state = jax.block_until_ready(jax.jit(init)(key_init))
    steps = jax.jit(lambda state, keys: jax.lax.scan(lambda state, key: update(key, state), state, keys)[0])
    for keys in jax.random.split(key_train, updates).reshape(-1, every):
        state = jax.block_until_ready(steps(state, keys))
        paused = time.process_time()
        elbos = [jnp.mean(estimate(key, state)) for key in jax.random.split(key_estimate, BATCHES)]
        points.append(((len(points) + 1) * every, paused - begun, float(jnp.mean(jnp.stack(elbos)))))
        begun += time.process_time() - paused
    return points


def plain_curve():
    plain = Plain(TARGET.density.log_prob, TARGET.density.dim, batch=PATHS)
    start, update = trainer(plain.reverse_kl)
    return curve(
        lambda key: start(Network(key, TARGET.density.dim, 64)),
        lambda key, state: (update(key, state)[0], None),
        lambda key, state: plain.reverse_kl(state[0], key)[1],
        updates=5_000,
        every=50,
    )


def our_curve():
    return curve(
        lambda key: OURS.init(key, TARGET.density)[0],
        lambda key, state: (OURS.update(key, TARGET.density, state)[0], None),
        lambda key, state: OURS.sample(key, TARGET.density, state, PATHS)[1].log_weights,
        updates=OURS.updates_for(TARGET.density.dim),
        every=20,
    )


def measured(name, function):
    """The curve by this name, measured on one core if it is not stored."""
    path = FIGURES / f"time_to_quality_{name}.csv"
    if not path.exists():
        with on_cores(1) as process:
            points = process.submit(function).result()
        pd.DataFrame(points, columns=["updates", "seconds", "elbo"]).to_csv(path, index=False)
    return pd.read_csv(path)


def times_sooner(plain, ours):
    """Ratio of plain seconds to ours until the ELBO stays above the plain one's last; 0 if it never does."""
    reached = ours.seconds[(ours.elbo >= plain.elbo.iloc[-1])[::-1].cummin()[::-1]]
    return plain.seconds.iloc[-1] / reached.iloc[0] if len(reached) else 0.0


def draw(plain, ours):
    set_theme()
    figure, (axis,) = panels(1, 1, 7.0, 4.0)
    curves = [("plain reference", plain, GREY), ("dds, pilot included", ours, "#1b2a41")]
    for _, points, colour in curves:
        axis.plot(points.seconds, points.elbo, color=colour)
    axis.axhline(plain.elbo.iloc[-1], color=GREY, linestyle=":", linewidth=1)
    axis.set(xscale="log", xlabel="seconds on one core, compiling included", ylabel="ELBO (log Z = 0)")
    axis.set_ylim(-1.5, 0.0)
    axis.set_xticks([10, 30, 100, 300], ["10", "30", "100", "300"])
    axis.xaxis.set_minor_formatter(NullFormatter())
    handles = [Line2D([], [], color=colour, label=label) for label, _, colour in curves]
    title_and_legend(figure, "How soon the funnel's ELBO is reached", handles)
    return save(figure, FIGURES / "time_to_quality.png")


if __name__ == "__main__":
    curves = measured("plain", plain_curve), measured("ours", our_curve)
    print(draw(*curves), f"{times_sooner(*curves):.1f} times sooner")
