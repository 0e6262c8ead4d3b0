"""The process that checks one target: `python -m bridgemark.benchmarks.certificates.target_examiner`.

It runs code of strangers, so it may crash or hang. Its reports are those of `certificates.examiner`.
"""

from bridgemark.benchmarks.rows import settings
from bridgemark.benchmarks.sweep.child import open_reports, read_task, run_and_end


def main() -> None:
    """Bind this process to its core, and run the checks that the task names in double precision."""
    task, report = read_task(), open_reports()
    # On the CPU: a GPU has no memory for a second process, and what it computes depends on its kind.
    settings.configure((task["core"],), "float32", "cpu")

    # Only now, because JAX reads its settings when it is imported.
    import jax

    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.certificates.certify import report_findings
    from bridgemark.benchmarks.certificates.certify_target import CHECKS

    name = task["name"]
    target = registry.build(name, registry.load_target(name, task["plugins"]))
    with jax.enable_x64(True):
        report_findings(task["checks"], CHECKS, target, report)


if __name__ == "__main__":
    run_and_end(main)
