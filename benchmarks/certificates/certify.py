"""Certificates of samplers: results of a fixed battery of checks, stored with a hash of what decides them."""

import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates.checks import BATTERY_VERSION, CHECKS, HALVES, SamplerUnderTest
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.benchmarks.rows.environment import available_cores
from bridgemark.benchmarks.rows.identity import row_identity, source_hash
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.rows.settings import configure
from bridgemark.benchmarks.text import one_line
from bridgemark.samplers.base import Sampler, Unsupported

PASSED, FAILED, NOT_JUDGED = "passed", "failed", "not judged"
MAX_REASON = 300  # characters


@dataclass(frozen=True)
class Finding:
    """The result of one check: its status, the reason unless it passed, and the seconds that it took.

    The status is "passed", "failed" or "not judged". A check does not judge where it can say neither yes nor
    no.
    """

    check: str
    status: str
    reason: str | None
    seconds: float


@dataclass(frozen=True)
class Certificate:
    """The findings about a sampler, or about a target.

    `identity` hashes the sampler's source, its configuration and the version of the battery; of a target it
    is the fingerprint. `config` is the printed sampler, or the target's definition.
    """

    sampler: str
    identity: str
    config: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed and at least one passed."""
        statuses = [finding.status for finding in self.findings]
        return FAILED not in statuses and PASSED in statuses

    def reason(self, check: str) -> str:
        """The reason that a check gave; empty where it gave none, or was not made."""
        return next((finding.reason or "" for finding in self.findings if finding.check == check), "")

    @property
    def verdict(self) -> str:
        """All findings in a few words."""
        failed = [finding.check for finding in self.findings if finding.status == FAILED]
        if failed:
            return f"failed: {', '.join(failed)}"
        passed = sum(finding.status == PASSED for finding in self.findings)
        others = len(self.findings) - passed
        verb = "does" if others == 1 else "do"
        return f"{passed} passed, {others} {verb} not apply" if others else f"{passed} passed"


def certify(
    name: str, sampler: Sampler, results: Results, run: Callable[[], Iterable[Finding]] | None = None
) -> Certificate:
    """Return the certificate in `results`, or make one where something that decides it has changed.

    `run` makes the findings; by default all checks are run in this process. A new certificate is stored in
    the last folder of `results`.
    """
    identity, paths = identity_of(sampler), list(results.certificate_paths(name))
    for stored in map(read, paths):
        if stored is not None and stored.identity == identity:
            return stored
    findings = run() if run else run_checks(sampler, tuple(CHECKS))
    certificate = Certificate(name, identity, repr(sampler), tuple(findings))
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    paths[0].write_text(json.dumps(asdict(certificate), indent=1) + "\n")
    return certificate


def run_checks(sampler: Sampler, checks: Sequence[str]) -> list[Finding]:
    """Run the checks of these names one after the other; they share what they can of the sampler's runs."""
    subject = SamplerUnderTest(sampler)
    return [run_check(name, partial(CHECKS[name], subject)) for name in checks]


def run_checks_by_name(name: str, plugins: tuple[str, ...], checks: Sequence[str]) -> list[Finding]:
    """Run checks of a registered sampler, in a process that is given no more than its name."""
    return run_checks(registry.samplers(plugins)[name], checks)


def run_halves_in_parallel(name: str, plugins: tuple[str, ...]) -> list[Finding]:
    """Run all checks of a registered sampler: each half of the battery in a process with one core."""
    cores = available_cores()
    with ExitStack() as stack:
        futures = []
        for half, checks in enumerate(HALVES):
            core = (cores[half % len(cores)],)
            # On the CPU: a GPU has no memory for a second process, and what it computes depends on its kind.
            settings = (core, "float32", "cpu")
            pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=configure, initargs=settings)
            stack.enter_context(pool)
            futures.append(pool.submit(run_checks_by_name, name, plugins, tuple(checks)))
        return [finding for future in futures for finding in future.result()]


def read(path: Path) -> Certificate | None:
    """Read a stored certificate; None where there is no file, or one that is not a certificate."""
    try:
        data = json.loads(path.read_text())
        findings = tuple(Finding(**finding) for finding in data["findings"])
        return Certificate(**data | {"findings": findings})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_first(paths: Iterable[Path]) -> Certificate | None:
    """The first of these files that is a certificate, or None."""
    return next((certificate for certificate in map(read, paths) if certificate is not None), None)


def identity_of(sampler: Sampler) -> str:
    """Hash of the sampler's source, its configuration and the version of the battery."""
    return row_identity(source=source_hash(sampler), config=repr(sampler), battery=BATTERY_VERSION)


def run_check(name: str, check: Callable[[], str | None]) -> Finding:
    """Run a check, which returns what is wrong or None; an exception is a failure."""
    start = time.perf_counter()
    try:
        reason = check()
        status = FAILED if reason else PASSED
    except (Unsupported, NotJudged) as error:
        status, reason = NOT_JUDGED, str(error)
    except Exception as error:
        traceback.print_exception(error, file=sys.stderr)
        status, reason = FAILED, one_line(error, MAX_REASON)
    return Finding(name, status, reason, round(time.perf_counter() - start, 1))
