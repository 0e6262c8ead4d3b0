"""What `bridgemark certify` prints."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks.certificates.certify import Certificate
from bridgemark.benchmarks.console.plain_text import add_plain_row, plain, print_plain


def print_certificates(certificates: Sequence[Certificate], identity: str = "identity") -> None:
    """Print each certificate: its checks with status and reason, its verdict, and its identity.

    `identity` says what the identity is called.
    """
    console = Console()
    for certificate in certificates:
        table = Table("check", "status", "seconds", title=plain(certificate.sampler), title_justify="left")
        for finding in certificate.findings:
            status = f"{finding.status}: {finding.reason}" if finding.reason else finding.status
            add_plain_row(table, finding.check, status, f"{finding.seconds:.1f}")
        console.print(table)
        verdict = f"{certificate.sampler}: {certificate.verdict}"
        print_plain(console, f"{verdict}; {identity} {certificate.identity}")
