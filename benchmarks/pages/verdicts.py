"""What the stored certificates say of samplers."""

from collections.abc import Iterable
from typing import NamedTuple

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.certificates.certify import Certificate
from bridgemark.benchmarks.rows.results import Results

CERTIFIED, NOT_CERTIFIED = "certified", "not certified"


class Verdict(NamedTuple):
    """What is known of a sampler: its certificate, and whether that is of another version of its code."""

    certificate: Certificate | None
    is_stale: bool

    @property
    def status(self) -> str:
        """Whether the sampler is certified, in a word or two. A stale certificate certifies nothing."""
        holds = self.certificate is not None and self.certificate.passed and not self.is_stale
        return CERTIFIED if holds else NOT_CERTIFIED

    @property
    def text(self) -> str:
        """All findings in a few words; '' without a certificate."""
        if self.certificate is None:
            return ""
        return self.certificate.verdict + " (of another version of its source)" * self.is_stale


def verdicts(names: Iterable[str], results: Results) -> dict[str, Verdict]:
    """The verdict of each sampler. The source of a plug-in's sampler is not known here, so none is stale."""
    certificates = {name: certify.read_first(results.certificate_paths(name)) for name in names}
    registered = registry.samplers() if any(certificates.values()) else {}
    judged = {}
    for name, certificate in certificates.items():
        is_stale = (
            certificate is not None
            and name in registered
            and certificate.identity != certify.identity_of(registered[name])
        )
        judged[name] = Verdict(certificate, is_stale)
    return judged
