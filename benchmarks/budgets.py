"""What evaluations cost: the rate at which they are exchanged against gradients."""

from benchmarks.record import Cost

# A gradient comes with its value. Reverse mode takes about three times what the value alone takes, and a
# simulation of y about what a value does.
RATES = {"gradients": 1.0, "values": 1 / 3, "simulations": 1 / 3}


def spent(fit: Cost, sample: Cost) -> float:
    """What both phases cost, in gradients."""
    return sum(rate * (getattr(fit, name) + getattr(sample, name)) for name, rate in RATES.items())
