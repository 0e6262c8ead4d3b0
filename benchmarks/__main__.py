"""`python -m benchmarks` is `bridgemark`."""

from benchmarks.cli import main

if __name__ == "__main__":
    main()
