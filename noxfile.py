"""The tasks of this repository: `nox --list` names them, `nox -s NAME` runs one."""

import shutil
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True

# Most of what tests cost is compiling, and what they compile is small.
COMPILE_SOONER = {
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false"
}
DOCS, SITE = "benchmarks/docs", "results/local/docs"
SAME, CHANGED = 0, 1  # how `bridgemark compare` ends


@nox.session
def tests(session: nox.Session) -> None:
    """Every test that takes seconds, two at a time; arguments after -- go to pytest."""
    install(session, "test")
    session.run(
        "python", "-m", "pytest", "-n", "2", "--dist", "worksteal", *session.posargs, env=COMPILE_SOONER
    )


@nox.session
def slow(session: nox.Session) -> None:
    """The tests that take minutes."""
    install(session, "test")
    session.run("python", "-m", "pytest", "-m", "slow", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and format, and pyright."""
    install(session, "lint")
    session.run("python", "-m", "ruff", "check")
    session.run("python", "-m", "ruff", "format", "--check")
    link_packages(Path(".lint/bridgemark"))
    session.run("python", "-m", "pyright")


@nox.session
def benchmark(session: nox.Session) -> None:
    """Run what is missing of the default grid, draw and write it, and compare it with what is published.

    Arguments after -- go to `run`. Nothing that git tracks changes.
    """
    install(session, "page")
    session.run("python", "-m", "bridgemark", "run", *(session.posargs or ("--preset", "default")))
    draw_and_write(session)
    session.run("python", "-m", "bridgemark", "compare", success_codes=[SAME, CHANGED])


@nox.session
def certify(session: nox.Session) -> None:
    """Certify again what has a certificate, or is named after --; only what has changed is tried.

    New certificates go to results/local.
    """
    install(session)
    names = session.posargs or sorted(path.stem for path in Path("results/certificates").glob("*.json"))
    session.run("python", "-m", "bridgemark", "certify", "sampler", *names)


@nox.session
def figures(session: nox.Session) -> None:
    """Figures, tables and leaderboard of published and stored rows, in results/local; nothing is run.

    With -- --rerun the numbers of the studies that figures show are computed again first.
    """
    install(session, "page")
    if "--rerun" in session.posargs:
        session.run("python", "-m", "bridgemark", "study")
    draw_and_write(session)


@nox.session
def publish(session: nox.Session) -> None:
    """Add the rows in results/local to the published ones, and make their pages and figures again."""
    install(session, "page")
    session.run("python", "-m", "bridgemark", "publish")


@nox.session
def page(session: nox.Session) -> None:
    """Tests of the HTML pages in Chromium, which must be installed; without it they are skipped."""
    install(session, "page,test")
    session.install("playwright>=1.50", "axe-core-python>=0.1")
    pages = ("tests/benchmarks/pages/html", "tests/benchmarks/pages/advice")
    session.run("python", "-m", "pytest", "-p", "no:xdist", *pages, *session.posargs)


@nox.session
def adapters(session: nox.Session) -> None:
    """Tests of the adapters, with PyMC and BridgeStan; Stan itself is tested where its sources are."""
    install(session, "test,pymc,stan")
    options = ("-p", "no:xdist", "-m", "", "tests/benchmarks/adapters")
    session.run("python", "-m", "pytest", *options, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, in results/local/docs: a warning is an error, and examples and links are tested.

    Arguments after -- go to pytest.
    """
    install(session, "docs,test")
    for builder, folder in (("html", SITE), ("doctest", session.create_tmp())):
        options = ("--fresh-env", "--fail-on-warning", "--keep-going", "--quiet", "--builder", builder)
        doctrees = Path(session.create_tmp()) / "doctrees"
        session.run("python", "-m", "sphinx", *options, "--doctree-dir", str(doctrees), DOCS, folder)
    session.run("python", "-m", "pytest", "-p", "no:xdist", "tests/benchmarks/docs", *session.posargs)


@nox.session
def timings(session: nox.Session) -> None:
    """How long the cores take, one at a time (pytest-benchmark)."""
    install(session, "test")
    session.run("python", "-m", "pytest", "-p", "no:xdist", "tests/timings", *session.posargs)


def link_packages(package: Path) -> None:
    """Make a folder in which pyright finds `bridgemark`, because it cannot follow an editable install."""
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    public = Path("benchmarks/public")
    for path in (*public.iterdir(), *map(Path, ("targets", "samplers", "benchmarks"))):
        (package / path.name).symlink_to(path.resolve())


def install(session: nox.Session, extra: str = "") -> None:
    """Editable, and only where pyproject.toml has changed since: a second run needs no network."""
    description = Path("pyproject.toml").read_text()
    stamp = Path(session.virtualenv.location) / "installed.toml"
    if not stamp.exists() or stamp.read_text() != description:
        session.install("--editable", f".[{extra}]" if extra else ".")
        stamp.write_text(description)


def draw_and_write(session: nox.Session) -> None:
    """Figures first: the leaderboard shows those that exist."""
    session.run("python", "-m", "bridgemark", "figures")
    session.run("python", "-m", "bridgemark", "table")
