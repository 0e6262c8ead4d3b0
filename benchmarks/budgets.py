"""What evaluations cost: the rate at which they are exchanged against gradients."""

from benchmarks.record import Cost

# A gradient comes with its value. Reverse mode takes about three times what the value alone takes, and a
# simulation of y about what a value does.
RATES = {"gradients": 1.0, "values": 1 / 3, "simulations": 1 / 3}


def spent(fit: Cost, sample: Cost) -> float:
    """What both phases cost, in gradients."""
    # Written out, as a table calls it for every row.
    return (
        RATES["gradients"] * (fit.gradients + sample.gradients)
        + RATES["values"] * (fit.values + sample.values)
        + RATES["simulations"] * (fit.simulations + sample.simulations)
    )
