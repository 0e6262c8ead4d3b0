"""Where the project's files are, and how tests run its command in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "tests" / "support" / "plugins"
TOYS = str(PLUGINS / "toys.py")
BROKEN = str(PLUGINS / "broken.py")
BAD_TARGETS = str(PLUGINS / "bad_targets.py")
BAD_SAMPLERS = str(PLUGINS / "bad_samplers.py")
QUICK = str(PLUGINS / "quick.py")
FAULTY_SAMPLERS = str(PLUGINS / "faulty_samplers.py")
FAULTY_TARGETS = str(PLUGINS / "faulty_targets.py")


def python(*arguments: object, cwd: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run this interpreter with `arguments` in the folder `cwd`; `path` becomes its PYTHONPATH."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = path
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment, check=False)


def bridgemark(*arguments: object, cwd: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command `bridgemark` with `arguments` in the folder `cwd`."""
    return python("-m", "bridgemark", *arguments, cwd=cwd, path=path)
