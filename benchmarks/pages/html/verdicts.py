"""What the certificates say of the samplers on the page."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.text import printable
from bridgemark.samplers.base import Sampler

CERTIFIED, NOT_CERTIFIED = "certified", "not certified"


class Verdict(NamedTuple):
    """Whether a sampler is certified, in a word, and what its certificate says."""

    status: str
    text: str


def verdicts(names: Iterable[str], registered: Mapping[str, Sampler], results: Results) -> dict[str, Verdict]:
    """The verdict of each sampler. A certificate of another version of its code certifies nothing."""
    return {name: _verdict(name, registered, results) for name in names}


def _verdict(name: str, registered: Mapping[str, Sampler], results: Results) -> Verdict:
    certificate = certify.read_first(results.certificate_paths(name))
    if certificate is None:
        return Verdict(NOT_CERTIFIED, "it has no certificate")
    text = printable(certificate.verdict)
    if name in registered and certificate.identity != certify.identity_of(registered[name]):
        return Verdict(NOT_CERTIFIED, f"{text}, but of another version of its source")
    return Verdict(CERTIFIED if certificate.passed else NOT_CERTIFIED, text)
