"""The section of published numbers: ours first, and no section where nothing is published."""

import pytest

from bridgemark.benchmarks.analysis import published
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.pages.published import section

from support.published_numbers import NUMBERS
from support.synthetic_rows import row


@pytest.fixture(autouse=True)
def _published_numbers(monkeypatch):
    monkeypatch.setattr(published, "read", lambda: NUMBERS)


def summary_rows(target):
    return summary_table(row_table([row("dds", target, seed) for seed in range(3)])).to_dict("records")


def test_ours_come_before_the_published_numbers():
    text = section(summary_rows("funnel-10"))
    assert text.index("**here**") < text.index("Paper")
    assert "-0.3 ± 0.4" in text


def test_nothing_is_shown_of_targets_without_published_numbers():
    assert section(summary_rows("gmm9")) == ""
