"""Certificates: a fixed battery of checks, its verdict kept by the hash of the sampler's source."""

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
from bridgemark.benchmarks.certificates.checks import CHECKS, PARTS, Trial
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.benchmarks.rows.environment import available_cores, configure
from bridgemark.benchmarks.rows.identity import hash_of_closure, row_identity, source_hash
from bridgemark.samplers.base import Sampler, Unsupported

# What decides a verdict, besides the sampler itself.
BATTERY = ("bridgemark.benchmarks.certificates", "bridgemark.benchmarks.scores")
PASSED, FAILED, ABSENT = "passed", "failed", "not judged"


@dataclass(frozen=True)
class Finding:
    """One check: passed, failed (why) or not judged (why), and the seconds it took."""

    check: str
    status: str
    reason: str | None
    seconds: float


@dataclass(frozen=True)
class Certificate:
    """A sampler's findings; `identity` hashes its source, its configuration and the battery."""

    sampler: str
    identity: str
    config: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Nothing failed, and something was judged."""
        statuses = [finding.status for finding in self.findings]
        return FAILED not in statuses and PASSED in statuses

    def reason(self, check: str) -> str:
        """What a check had to say."""
        return next((found.reason or "" for found in self.findings if found.check == check), "")

    @property
    def verdict(self) -> str:
        """In a few words."""
        failed = [finding.check for finding in self.findings if finding.status == FAILED]
        judged = sum(finding.status == PASSED for finding in self.findings)
        return f"failed: {', '.join(failed)}" if failed else f"certified ({judged} of {len(self.findings)})"


def certify(
    name: str, sampler: Sampler, folder: Path, judged: Callable[[], Iterable[Finding]] | None = None
) -> Certificate:
    """The certificate in `folder` if nothing has changed since, else a new one, stored there.

    `judged` makes the findings: in this process where it is not given.
    """
    identity, path = identity_of(sampler), folder / f"{name}.json"
    known = read(path)
    if known is not None and known.identity == identity:
        return known
    findings = tuple(judged() if judged else judge(sampler, tuple(CHECKS)))
    made = Certificate(name, identity, repr(sampler), findings)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(made), indent=1) + "\n")
    return made


def judge(sampler: Sampler, checks: Sequence[str]) -> list[Finding]:
    """Findings of these checks, one after the other on one bench."""
    trial = Trial(sampler)
    return [finding(check, partial(CHECKS[check], trial)) for check in checks]


def judge_named(name: str, plugins: tuple[str, ...], checks: Sequence[str]) -> list[Finding]:
    """The same of a registered sampler, in a process that has nothing but its name."""
    return judge(registry.samplers(plugins)[name], checks)


def judge_in_parts(name: str, plugins: tuple[str, ...]) -> Iterable[Finding]:
    """All findings, the parts of the battery side by side, a core each."""
    cores = available_cores()
    with ExitStack() as stack:
        told = []
        for place, checks in enumerate(PARTS):
            own = (cores[place % len(cores)],)
            pool = ProcessPoolExecutor(
                1, get_context("spawn"), initializer=configure, initargs=(own, "float32")
            )
            told.append(stack.enter_context(pool).submit(judge_named, name, plugins, tuple(checks)))
        return [finding for part in told for finding in part.result()]


def read(path: Path) -> Certificate | None:
    """The stored certificate, or None where there is none that can be read."""
    try:
        data = json.loads(path.read_text())
        return Certificate(**data | {"findings": tuple(Finding(**each) for each in data["findings"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def identity_of(sampler: Sampler) -> str:
    """Hash of the sampler's source, its configuration and the battery."""
    battery = hash_of_closure("bridgemark.benchmarks.certificates.checks", BATTERY)
    return row_identity(source=source_hash(sampler), config=repr(sampler), battery=battery)


def finding(check: str, judged: Callable[[], str | None]) -> Finding:
    """What a check says when it is called: what is wrong, or None; an exception is a failure."""
    begun = time.perf_counter()
    try:
        reason = judged()
        status = FAILED if reason else PASSED
    except (Unsupported, NotJudged) as error:
        status, reason = ABSENT, str(error)
    except Exception as error:
        traceback.print_exception(error, file=sys.stderr)
        status, reason = FAILED, " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return Finding(check, status, reason, round(time.perf_counter() - begun, 1))
