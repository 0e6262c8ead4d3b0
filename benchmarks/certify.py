"""Certificates: a fixed battery of checks, its verdict kept by the hash of the sampler's source."""

import json
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.checks import CHECKS, Trial
from benchmarks.identity import hash_of_closure, row_identity, source_hash
from samplers.base import Sampler, Unsupported

PASSED, FAILED, ABSENT = "passed", "failed", "not applicable"


@dataclass(frozen=True)
class Finding:
    """One check: passed, failed (why) or not applicable (why), and the seconds it took."""

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

    @property
    def verdict(self) -> str:
        """In a few words."""
        failed = [finding.check for finding in self.findings if finding.status == FAILED]
        judged = sum(finding.status == PASSED for finding in self.findings)
        return f"failed: {', '.join(failed)}" if failed else f"certified ({judged} of {len(self.findings)})"


Say = Callable[[Finding], None]


def certify(name: str, sampler: Sampler, folder: Path, say: Say = lambda finding: None) -> Certificate:
    """The certificate in `folder` if nothing has changed since, else that of a new trial, stored there."""
    identity, path = _identity(sampler), folder / f"{name}.json"
    known = read(path)
    if known is not None and known.identity == identity:
        return known
    trial = Trial(sampler)
    findings = []
    for check in CHECKS:
        findings.append(_judge(check, trial))
        say(findings[-1])
    made = Certificate(name, identity, repr(sampler), tuple(findings))
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(made), indent=1) + "\n")
    return made


def read(path: Path) -> Certificate | None:
    """The stored certificate, or None where there is none that can be read."""
    try:
        data = json.loads(path.read_text())
        return Certificate(**data | {"findings": tuple(Finding(**each) for each in data["findings"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _identity(sampler: Sampler) -> str:
    return row_identity(
        source=source_hash(sampler), config=repr(sampler), battery=hash_of_closure("benchmarks.checks")
    )


def _judge(check: str, trial: Trial) -> Finding:
    begun = time.perf_counter()
    try:
        reason = CHECKS[check](trial)
        status = FAILED if reason else PASSED
    except Unsupported as error:
        status, reason = ABSENT, str(error)
    except Exception as error:
        traceback.print_exception(error, file=sys.stderr)
        status, reason = FAILED, " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return Finding(check, status, reason, round(time.perf_counter() - begun, 1))
