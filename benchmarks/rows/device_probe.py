"""Prints the kind of device that JAX chooses, in a process of its own that holds the device only briefly.

Started as `python -m bridgemark.benchmarks.rows.device_probe PLATFORM`; PLATFORM may be empty.
"""

import sys

from bridgemark.benchmarks.rows import environment, settings


def main() -> None:
    """Configure this process as a cell would and print its device."""
    settings.configure(environment.available_cores()[:1], "float32", sys.argv[1] or None)
    print(environment.device())


if __name__ == "__main__":
    main()
