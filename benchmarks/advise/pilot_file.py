"""How the process of the pilot hands over what it has seen: a JSON file."""

import json
from pathlib import Path

import numpy as np

from bridgemark.benchmarks.advise.modes import Mode
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.text import remark


def save(path: Path, pilot: Pilot) -> None:
    """Write what a pilot has seen."""
    modes = [
        {"x": mode.x.tolist(), "log_prob": mode.log_prob, "precision": mode.precision.tolist()}
        for mode in pilot.modes
    ]
    path.write_text(json.dumps({**pilot._asdict(), "modes": modes}))


def load_if_whole(path: Path) -> Pilot | None:
    """Read what `save` wrote; None for anything else."""
    try:
        return load(path)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def load(path: Path) -> Pilot:
    """Read what `save` wrote. Raises OSError, ValueError, KeyError or TypeError for anything else."""
    stored = json.loads(path.read_text())
    modes = [
        Mode(np.array(mode["x"], float), float(mode["log_prob"]), np.array(mode["precision"], float))
        for mode in stored.pop("modes")
    ]
    complaints = {
        name: None if stored[name] is None else remark(str(stored[name])) for name in ("gradient", "integral")
    }
    return Pilot(**{**stored, **complaints, "modes": modes})
