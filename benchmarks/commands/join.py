"""The commands `join`, `rerun` and `check-rows`: rows are sent in, and run again to check them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.commands.options import RESULTS, Plugins, Published, Results, layered
from bridgemark.benchmarks.errors import BadInput, require_positive

if TYPE_CHECKING:
    from bridgemark.benchmarks.joining.agreement import Agreement
    from bridgemark.benchmarks.rows.row import Row

Timeout = Annotated[
    float | None,
    typer.Option(help="Seconds per row. Default: ten times what the row took, and half an hour at least."),
]


def join(
    sampler: Annotated[str, typer.Option(help="Name of a sampler that a file in samplers/ registers.")],
    plugin: Plugins = [],  # noqa: B006
    results: Results = RESULTS,
    published: Published = None,
) -> None:
    """Put your rows and the certificate of a sampler among the published ones, and print a checklist.

    In a clone: with the code of the sampler, these are the three files of a pull request. Rows of plug-ins
    and of another version of the code are left out.
    """
    from bridgemark.benchmarks.rows import settings

    settings.configure_planning()
    from bridgemark.benchmarks.console.joining import print_contribution
    from bridgemark.benchmarks.joining.contribution import join as join_sampler
    from bridgemark.benchmarks.opened_files import is_installed
    from bridgemark.benchmarks.rows.results import PUBLISHED

    if published is None and is_installed(PUBLISHED):
        raise BadInput(
            "this bridgemark is no clone, so nothing can be sent in from it; clone the repository, and there "
            "`pip install --editable .`"
        )
    print_contribution(join_sampler(sampler, results, published or PUBLISHED, tuple(plugin)))


def rerun(
    identity: Annotated[str, typer.Argument(help="First digits of the row's identity.")],
    plugin: Plugins = [],  # noqa: B006
    results: Results = RESULTS,
    published: Published = None,
    timeout: Timeout = None,
) -> None:
    """Run a published row, or one of yours, again and say whether the result is the same.

    Nothing is stored. On a machine, packages and code like those of the row the results are equal bit for
    bit; elsewhere they may differ by noise, which is known from other seeds. The exit status is 1 if they
    differ by more.
    """
    require_positive(timeout=timeout)
    from bridgemark.benchmarks.rows import settings

    settings.configure_planning()
    from rich.console import Console

    from bridgemark.benchmarks.console.joining import print_rerun
    from bridgemark.benchmarks.joining.agreement import compare_runs
    from bridgemark.benchmarks.joining.rerun import run_again

    both = layered(results, published)
    row = both.find(identity)
    again = run_again(row, tuple(plugin), Console(stderr=True), timeout)
    agreement = compare_runs(row, again, both.read())
    print_rerun(agreement)
    raise typer.Exit(int(not agreement.agrees))


def check_rows(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rows that were sent in, SAMPLER.jsonl.")],
    share: Annotated[float, typer.Option(help="Share of the rows to run again; at least one is.")] = 0.1,
    seed: Annotated[
        int | None, typer.Option(help="Number that chooses the rows. Default: one that nobody can foresee.")
    ] = None,
    plugin: Plugins = [],  # noqa: B006
    mark: Annotated[
        bool, typer.Option("--mark", help="Note in FILE which rows were run again and agreed.")
    ] = False,
    timeout: Timeout = None,
) -> None:
    """Run a random share of the rows of a file again and compare, as `rerun` does.

    For whoever reviews a pull request. The exit status is 1 if a row differs by more than noise, or if the
    present code does not make it.
    """
    require_positive(timeout=timeout)
    if not 0 < share <= 1:
        raise BadInput(f"--share must be above 0 and at most 1, not {share}")
    from bridgemark.benchmarks.rows import settings

    settings.configure_planning()
    import secrets

    from bridgemark.benchmarks.rows import published

    rows = published.read_file(file)
    if not rows:
        raise BadInput(f"there is no row in {file}")
    seed = secrets.randbits(32) if seed is None else seed
    agreements, left_out = _check(rows, share, seed, tuple(plugin), timeout)
    if mark:
        _mark(file, rows, agreements)
    raise typer.Exit(int(left_out > 0 or not all(agreement.agrees for agreement in agreements)))


def _check(
    rows: "list[Row]", share: float, seed: int, plugins: tuple[str, ...], timeout: float | None
) -> "tuple[list[Agreement], int]":
    """Check a share of rows and print the outcome; the second result counts rows of another version."""
    from rich.console import Console

    from bridgemark.benchmarks.console.joining import print_check, print_left_out
    from bridgemark.benchmarks.console.plain_text import print_plain
    from bridgemark.benchmarks.joining import checking
    from bridgemark.benchmarks.joining.present_code import sort_rows
    from bridgemark.benchmarks.text import count

    console = Console()
    present, left_out = sort_rows(rows, plugins)
    print_left_out({reason: len(group) for reason, group in left_out.items()}, console)
    chosen = checking.choose_rows(present, share, seed)
    print_plain(console, f"{len(chosen)} of {count(len(present), 'row')} to run again (--seed {seed})")
    agreements = []
    for agreement in checking.check(chosen, rows, plugins, Console(stderr=True), timeout):
        print_check(agreement, console)
        agreements.append(agreement)
    agreed = sum(agreement.agrees for agreement in agreements)
    print_plain(console, f"{agreed} of {count(len(chosen), 'row')} equal or within noise")
    return agreements, len(rows) - len(present)


def _mark(file: Path, rows: "list[Row]", agreements: "list[Agreement]") -> None:
    from bridgemark.benchmarks.joining import checking
    from bridgemark.benchmarks.text import count, printable

    marked = checking.mark(file, rows, agreements)
    print(f"{count(marked, 'row')} marked as rerun in {printable(str(file))}")
