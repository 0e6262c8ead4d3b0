"""Runners in processes of their own: how they are started, and what they compute."""

import sys

WITHOUT_TIME = ("fit_evals", "sample_evals", "floors", "errors", "repeats", "shown_draws", "status", "reason")


def sweep_command(results, *options):
    return [sys.executable, "-m", "bridgemark", "run", "--results", str(results), *map(str, options)]


def numbers_of(store):
    """What does not depend on the clock, by identity."""
    return {
        stored.identity: [
            *(getattr(stored, name) for name in WITHOUT_TIME),
            stored.metrics | {"ess_per_second": None},
        ]
        for stored in store.read_all()
    }
