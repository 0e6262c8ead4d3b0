"""How long the checks of samplers will take, by what earlier certificates say."""

from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from bridgemark.benchmarks.certificates.certify import Certificate, Subject, read_all
from bridgemark.benchmarks.certificates.checks import HALVES
from bridgemark.benchmarks.rows.results import Results


class Expected(NamedTuple):
    """A sampler or a target that is to be checked, and the seconds that this is expected to take, or None."""

    subject: Subject
    seconds: float | None


def forecast(samplers: Iterable[Subject], results: Results) -> list[Expected]:
    """What each sampler is expected to take: as long as by its last certificate, valid or not.

    Where it has none, it is expected to take the median of those of other samplers; where there is none of
    them either, nothing is known.
    """
    earlier = {name: _seconds(certificate) for name, certificate in read_all(results).items()}
    usual = median(earlier.values()) if earlier else None
    return [Expected(sampler, earlier.get(sampler.name, usual)) for sampler in samplers]


def _seconds(certificate: Certificate) -> float:
    """What the longer half of the battery took; the halves are made at the same time."""
    return max(
        sum(finding.seconds for finding in certificate.findings if finding.check in half) for half in HALVES
    )
