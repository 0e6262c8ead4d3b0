"""What `bridgemark certify` prints."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks.certificates.certify import Certificate
from bridgemark.benchmarks.certificates.forecast import Expected
from bridgemark.benchmarks.console.plain_text import add_plain_row, plain, print_plain
from bridgemark.benchmarks.text import count, duration


def print_refused(refused: Sequence[str], console: Console) -> None:
    """Print why plug-ins, samplers or targets are not checked, a line each."""
    for reason in refused:
        print_plain(console, reason)


def print_plan(
    refused: Sequence[str], valid: Sequence[Certificate], waiting: Sequence[Expected], console: Console
) -> None:
    """Print what is refused, which certificates still hold, and how much is to be checked.

    Of the certificates that hold, those that failed are printed whole.
    """
    print_refused(refused, console)
    for certificate in valid:
        if not certificate.passed:
            print_certificate(certificate, console)
    if valid:
        names = ", ".join(certificate.sampler for certificate in valid)
        print_plain(console, f"{count(len(valid), 'certificate')} still valid: {names}")
    if waiting:
        seconds = [expected.seconds for expected in waiting]
        time = "time unknown" if None in seconds else f"about {duration(sum(filter(None, seconds)))}"
        print_plain(console, f"{count(len(waiting), 'sampler')} to check, {time}")


def print_certificate(certificate: Certificate, console: Console, identity: str = "identity") -> None:
    """Print a certificate: its checks with result and reason, its verdict, and its identity.

    `identity` says what the identity is called.
    """
    table = Table("check", "result", "seconds", title=plain(certificate.sampler), title_justify="left")
    for finding in certificate.findings:
        add_plain_row(table, finding.check, finding.in_words, f"{finding.seconds:.1f}")
    console.print(table)
    verdict = f"{certificate.sampler}: {certificate.verdict}"
    print_plain(console, f"{verdict}; {identity} {certificate.identity}")


def print_unstored(certificate: Certificate, console: Console) -> None:
    """Say that a certificate is not stored, because a limit ended a check."""
    limits = "a limit ended a check; give more with --timeout or --memory"
    print_plain(console, f"{certificate.sampler}: not stored, because {limits}")
