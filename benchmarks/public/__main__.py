"""`python -m bridgemark` is the command `bridgemark`."""

from bridgemark.benchmarks.cli import main

if __name__ == "__main__":
    main()
