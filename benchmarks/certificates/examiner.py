"""The process that checks one sampler: `python -m bridgemark.benchmarks.certificates.examiner`.

It runs code of strangers, so it may crash or hang. Its reports are those of `sweep.reporting_process`: a
phase for each check, and then its `finding`. So what was computed before a crash is not lost.
"""

from bridgemark.benchmarks.rows import settings
from bridgemark.benchmarks.sweep.child import open_reports, read_task, run_and_end


def main() -> None:
    """Bind this process to its core, and run the checks that the task names."""
    task, report = read_task(), open_reports()
    # On the CPU: a GPU has no memory for a second process, and what it computes depends on its kind.
    settings.configure((task["core"],), "float32", "cpu")

    # Only now, because JAX reads its settings when it is imported.
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.certificates.certify import exam_seed, identity_of, report_findings
    from bridgemark.benchmarks.certificates.checks import CHECKS, SamplerUnderTest

    sampler = registry.load_sampler(task["name"], task["plugins"])
    if identity_of(sampler) != task["identity"]:
        raise SystemExit("its code has changed meanwhile; give the command again")
    subject = SamplerUnderTest(
        sampler, exam_seed(task["identity"])
    )  # the checks share what they can of its runs
    report_findings(task["checks"], CHECKS, subject, report)


if __name__ == "__main__":
    run_and_end(main)
