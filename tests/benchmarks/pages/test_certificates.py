"""The leaderboard's section on certificates: verdicts, and why checks do not apply."""

from markdown_it import MarkdownIt

from bridgemark.benchmarks.certificates.certify import FAILED, NOT_JUDGED, PASSED, Certificate, Finding, store
from bridgemark.benchmarks.certificates.checks import EXECUTED, RESOLUTIONS
from bridgemark.benchmarks.pages import certificates
from bridgemark.benchmarks.rows.results import Results


def section(folder, **findings):
    """The section of some samplers, given the findings of each as (check, status, reason)."""
    results = Results((folder,))
    for name, entries in findings.items():
        made = tuple(Finding(check, status, reason, 1.0) for check, status, reason in entries)
        store(Certificate(name, "identity", "config", made), results)
    return certificates.section([*findings, "without"], results)


def test_what_does_not_apply_is_listed_by_reason_and_measured_work_is_not(tmp_path):
    unfit = ("unbiased in one dimension", NOT_JUDGED, "two at least")
    work = (EXECUTED, NOT_JUDGED, "1.79 for each that is counted")
    seen = (RESOLUTIONS[0], NOT_JUDGED, "a bias of 0.01 sd would be seen")
    page = section(
        tmp_path,
        first=[("repeatable", PASSED, None), unfit, seen, work],
        second=[("repeatable", FAILED, "other draws"), unfit, work],
    )
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:1] == "|"
    ]
    assert cells[2:] == [
        ["first", "1 passed, 1 does not apply", seen[2], "", work[2]],
        ["second", "failed: repeatable", "", "", work[2]],
        ["without", "not certified", "", "", ""],
    ]
    bullets = [line for line in page.splitlines() if line.startswith("- ")]
    assert bullets == ["- unbiased in one dimension: two at least (first, second)"]
    assert "not judged" not in page


def test_without_such_checks_there_is_no_list(tmp_path):
    assert "Checks that do not apply" not in section(tmp_path, first=[("repeatable", PASSED, None)])


def test_reasons_of_strangers_are_text(tmp_path):
    hostile = "<img src=x onerror=alert(1)> [link](http://evil.example) *b*\n# heading"
    html = MarkdownIt("commonmark").render(section(tmp_path, first=[("check", NOT_JUDGED, hostile)]))
    assert "&lt;img src=x" in html
    assert not [tag for tag in ("<img", "<a ", "<em>", "<h1>") if tag in html]
