"""A certificate as a badge: a small SVG image with its verdict, to be shown wherever the sampler lives.

It is drawn without fonts and without anything from the network, and the same certificate gives the same file.
"""

from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks.certificates.certify import FAILED, PASSED, Certificate
from bridgemark.benchmarks.rows.files import unwritable, write_atomically
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.text import escape_xml, remark

LABEL = "bridgemark"
MAX_MESSAGE = 80  # characters
GREEN, RED, GREY = "#2e7d32", "#c62828", "#555555"  # white text on each has a contrast above 5 to 1
CHARACTER, PADDING = 6.5, 6  # pixels; the text is stretched to its box, whatever font shows it
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<rect width="{label_width}" height="20" fill="{grey}"/>
<rect x="{label_width}" width="{message_width}" height="20" fill="{colour}"/>
<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{padding}" y="14" textLength="{label_length}">{label}</text>
<text x="{message_start}" y="14" textLength="{message_length}">{message}</text>
</g>
</svg>
"""


class Verdict(NamedTuple):
    """What a badge says of a certificate, and the colour of that."""

    message: str
    colour: str


def path_of(sampler: str, results: Results) -> Path:
    """The file of a sampler's badge: beside its certificate in the last folder of `results`."""
    return next(results.certificate_paths(sampler)).with_suffix(".svg")


def write(certificate: Certificate, results: Results) -> Path:
    """Write the badge of a certificate, whole or not at all, and return its file. Raises BadInput."""
    path = path_of(certificate.sampler, results)
    try:
        write_atomically(path, lambda file: file.write(draw(certificate).encode()))
    except OSError as error:
        raise unwritable(path, error, "--results") from error
    return path


def draw(certificate: Certificate) -> str:
    """The SVG of a badge. Its title, which screen readers read, names the sampler and the whole verdict."""
    verdict = _verdict(certificate)
    message = remark(verdict.message, MAX_MESSAGE)
    label_length, message_length = (round(CHARACTER * len(text)) for text in (LABEL, message))
    label_width, message_width = (length + 2 * PADDING for length in (label_length, message_length))
    return SVG.format(
        title=escape_xml(remark(f"{LABEL}, {certificate.sampler}: {certificate.verdict}")),
        label=LABEL,
        message=escape_xml(message),
        colour=verdict.colour,
        grey=GREY,
        width=label_width + message_width,
        label_width=label_width,
        message_width=message_width,
        label_length=label_length,
        message_length=message_length,
        padding=PADDING,
        message_start=label_width + PADDING,
    )


def _verdict(certificate: Certificate) -> Verdict:
    statuses = [finding.status for finding in certificate.findings]
    if FAILED in statuses:
        return Verdict(certificate.verdict, RED)
    if certificate.passed:
        return Verdict(f"certified, {statuses.count(PASSED)} passed", GREEN)
    reason = certificate.verdict if PASSED in statuses else "no check applies"
    return Verdict(f"not certified, {reason}", GREY)
