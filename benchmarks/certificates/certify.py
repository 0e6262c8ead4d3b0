"""Certificates of samplers: results of a fixed battery of checks, stored with a hash of what decides them."""

import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bridgemark.benchmarks.certificates.checks import BATTERY_VERSION, DECISIVE, MEASURES
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.benchmarks.rows import files
from bridgemark.benchmarks.rows.environment import versions_of
from bridgemark.benchmarks.rows.identity import row_identity, source_hash
from bridgemark.benchmarks.rows.results import Results, certificates_folder
from bridgemark.benchmarks.sweep.failures import authors_line
from bridgemark.benchmarks.text import one_line
from bridgemark.samplers.base import Sampler, Unsupported

PASSED, FAILED, NOT_JUDGED = "passed", "failed", "not judged"
STATUSES = (PASSED, FAILED, NOT_JUDGED)
WORDS = {PASSED: "passed", FAILED: "failed", NOT_JUDGED: "does not apply"}
NOT_REACHED = "not reached"  # the reason of checks that come after one that ended the examination
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

    @property
    def is_applicable(self) -> bool:
        """Whether the check applies to the sampler; one that only measures and judges nobody always does."""
        return self.status != NOT_JUDGED or self.check in MEASURES

    @property
    def in_words(self) -> str:
        """The result for people: "passed", "failed: why", "does not apply: why", or what was measured."""
        says_all = self.check in MEASURES or self.reason == NOT_REACHED
        if self.reason and self.status == NOT_JUDGED and says_all:
            return self.reason
        return f"{WORDS[self.status]}: {self.reason}" if self.reason else WORDS[self.status]


@dataclass(frozen=True)
class Certificate:
    """The findings about a sampler, or about a target.

    `identity` hashes the sampler's source, its configuration and the version of the battery; of a target it
    is the fingerprint. `config` is the printed sampler, or the target's definition. `battery` is the version
    of the battery, `bridgemark` that of the package that made the checks, and `made` the day in UTC. These
    three are None in certificates from before they were stored.
    """

    sampler: str
    identity: str
    config: str
    findings: tuple[Finding, ...]
    battery: int | None = None
    bridgemark: str | None = None
    made: str | None = None

    @property
    def passed(self) -> bool:
        """Whether no check failed, at least one passed, and the decisive one has judged."""
        statuses = [finding.status for finding in self.findings]
        return FAILED not in statuses and PASSED in statuses and not self._is_undecided

    @property
    def _is_undecided(self) -> bool:
        """Whether the decisive check could not judge."""
        return any(finding.check == DECISIVE and finding.status == NOT_JUDGED for finding in self.findings)

    def reason(self, check: str) -> str:
        """The reason that a check gave; empty where it gave none, or was not made."""
        return next((finding.reason or "" for finding in self.findings if finding.check == check), "")

    @property
    def verdict(self) -> str:
        """All findings in a few words: which checks failed, or how many passed and how many do not apply."""
        failed = [finding.check for finding in self.findings if finding.status == FAILED]
        if failed:
            return f"failed: {', '.join(failed)}"
        if self._is_undecided:
            return f"not judged: {DECISIVE}"
        passed = sum(finding.status == PASSED for finding in self.findings)
        others = sum(not finding.is_applicable for finding in self.findings)
        verb = "does" if others == 1 else "do"
        return f"{passed} passed, {others} {verb} not apply" if others else f"{passed} passed"


@dataclass(frozen=True)
class Subject:
    """A sampler or a target that is to be certified; `identity` and `config` are those of its certificate."""

    name: str
    identity: str
    config: str


def certify_now(subject: Subject, findings: tuple[Finding, ...]) -> Certificate:
    """The certificate of findings that this installation has made today."""
    return Certificate(
        sampler=subject.name,
        identity=subject.identity,
        config=subject.config,
        findings=findings,
        battery=BATTERY_VERSION,
        bridgemark=versions_of(["bridgemark"])["bridgemark"],
        made=datetime.now(UTC).date().isoformat(),
    )


def find_valid(subjects: Iterable[Subject], results: Results) -> dict[str, Certificate]:
    """The certificates in `results` of those subjects that have not changed since, by name."""
    valid = {}
    for subject in subjects:
        for certificate in map(read, results.certificate_paths(subject.name)):
            if certificate is not None and certificate.identity == subject.identity:
                valid.setdefault(subject.name, certificate)
    return valid


def require_writable(results: Results) -> None:
    """Raise BadInput unless certificates can be stored."""
    files.require_writable(certificates_folder(results.folders[-1]), "--results")


def store(certificate: Certificate, results: Results) -> None:
    """Store a certificate in the last folder of `results`, whole or not at all. Raises BadInput."""
    path = next(results.certificate_paths(certificate.sampler))
    text = json.dumps(asdict(certificate), indent=1) + "\n"
    try:
        files.write_atomically(path, lambda file: file.write(text.encode()))
    except OSError as error:
        raise files.unwritable(path, error, "--results") from error


def read_all(results: Results) -> dict[str, Certificate]:
    """The certificates in `results`, valid or not, by the name of their sampler."""
    names = sorted(
        {path.stem for folder in results.folders for path in certificates_folder(folder).glob("*.json")}
    )
    stored = {name: read_first(results.certificate_paths(name)) for name in names}
    return {name: certificate for name, certificate in stored.items() if certificate is not None}


def read(path: Path) -> Certificate | None:
    """Read a stored certificate; None where there is no file, or one that is not a certificate.

    Fields that only later versions of the package know are left out.
    """
    try:
        data = json.loads(path.read_text())
        findings = tuple(Finding(**finding) for finding in data["findings"])
        readable = {field.name: data[field.name] for field in fields(Certificate) if field.name in data}
        readable["findings"] = findings
        return Certificate(**readable)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_first(paths: Iterable[Path]) -> Certificate | None:
    """The first of these files that is a certificate, or None."""
    return next((certificate for certificate in map(read, paths) if certificate is not None), None)


def identity_of(sampler: Sampler) -> str:
    """Hash of the sampler's source, its configuration and the version of the battery."""
    return row_identity(source=source_hash(sampler), config=repr(sampler), battery=BATTERY_VERSION)


def exam_seed(identity: str) -> int:
    """The seed of the exam of a sampler: nobody can choose the source for it, and it can be repeated."""
    return int(identity[:7], 16)


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
        line = authors_line(error)
        status, reason = FAILED, one_line(error, MAX_REASON - len(line)) + line
    return Finding(name, status, reason, round(time.perf_counter() - start, 1))


def report_findings(
    names: Sequence[str],
    checks: Mapping[str, Callable[[Any], str | None]],
    subject: Any,
    report: Callable[..., None],
) -> None:
    """Make the checks of these names on a sampler or a target, and report each finding as it is made."""
    for name in names:
        report(phase=name, subject=name)
        report(finding=asdict(run_check(name, partial(checks[name], subject))))
    report(done=True)
