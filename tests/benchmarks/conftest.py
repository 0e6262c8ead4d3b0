"""What several tests of the command line share."""

import sys

import pytest

from bridgemark.benchmarks import cli


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls the command line in this process: (exit status, standard output, standard error)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bridgemark", *map(str, arguments)])
        try:
            cli.main()
            status = 0
        except SystemExit as ended:
            status = ended.code or 0
        return status, *capsys.readouterr()

    return run
