"""The command `study`: computes numbers that figures and pages show and stored rows do not hold."""

from typing import Annotated

import typer

from bridgemark.benchmarks.commands.options import RESULTS, Results


def study(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Names of studies. Default: all.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Compute studies, whose numbers figures, target cards and claims show, and store them in DIR/studies.

    Each takes minutes on one core. `figures` and `table` show them.
    """
    from bridgemark.benchmarks.errors import choose
    from bridgemark.benchmarks.rows.files import require_writable
    from bridgemark.benchmarks.studies import stored
    from bridgemark.benchmarks.studies.study import run, studies
    from bridgemark.benchmarks.text import duration

    by_name = studies()
    chosen_studies = choose("study", names or list(by_name), by_name)
    require_writable(results, "--results")  # before minutes of computing
    for name, chosen in chosen_studies.items():
        computed = run(chosen)
        path = stored.path_of(results, name)
        stored.write(computed, path)
        print(f"{name}: {duration(computed.seconds)}, in {path}")
