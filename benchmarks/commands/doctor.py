"""The command `doctor`, which examines stored and published rows."""

from typing import Annotated

import typer

from bridgemark.benchmarks.commands.options import RESULTS, Published, Results
from bridgemark.benchmarks.errors import BadInput


def doctor(
    results: Results = RESULTS,
    published: Published = None,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Move damaged files of the store to DIR/damaged.")
    ] = False,
) -> None:
    """Name every row that cannot be read, with the reason and a cure.

    Nothing is deleted. The exit status is 1 if there was any such row, whether it was moved or not.
    """
    from bridgemark.benchmarks.rows import doctor as examination
    from bridgemark.benchmarks.rows import published as published_rows
    from bridgemark.benchmarks.rows.results import PUBLISHED, rows_folder, store_of
    from bridgemark.benchmarks.text import count

    if not results.is_dir() and results != RESULTS:
        raise BadInput(f"{results} is not a folder of results; give another --results")
    store, damaged_folder = store_of(results), results / "damaged"
    unreadable = moved = 0
    for problem in examination.examine(store):
        unreadable += 1
        print(problem.message)
        if set_aside:
            try:
                moved += examination.set_aside(problem, store, damaged_folder)
            except OSError as error:
                raise BadInput(
                    f"cannot move files to {damaged_folder} ({error.strerror or error})"
                ) from error
    for message in published_rows.problems(rows_folder(published or PUBLISHED)):
        unreadable += 1
        print(message)
    outcome = f"; {count(moved, 'file')} moved to {damaged_folder}" if moved else ""
    print(f"{count(unreadable, 'row')} cannot be read{outcome}")
    raise typer.Exit(int(unreadable > 0))
