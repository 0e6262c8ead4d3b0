"""The sections of TRUTHS.md on checks: what is stored, what is not there yet, and what has become stale."""

import json
import re

import numpy as np
import pytest

from bridgemark.benchmarks.pages import second_methods
from bridgemark.benchmarks.rows.identity import truth_hash
from bridgemark.targets import stored
from bridgemark.targets.base import About, Density, Target, Truth, gaussian_base

REFERENCES = [json.loads(path.read_text()) for path in sorted(stored.FOLDER.glob("*.json"))]
PUBLISHED = sorted((second_methods.PUBLISHED / "checks").glob("*.json"))
CHECKED = [reference for reference in REFERENCES if "check" in reference]
LINE = {"largest": 1.25, "largest_error": 0.02}


def check(agree, **changes):
    log_z = {"value": -1.25, "standard_error": 0.05, "apart": 0.4}
    statistics = {"x": {"mean": LINE, "sd": LINE | {"largest": 2.0}}, "x2": {"mean": LINE, "sd": LINE}}
    made = {
        "agree": agree,
        "method": "64 SMC [runs]",
        "limit": 4.41,
        "log_z": log_z,
        "statistics": statistics,
    }
    return made | changes


def lines(section):
    """The cells of every line of a section's table without its headings."""
    _, *table = [line.strip("|") for line in section.splitlines() if line[:2] == "| "]
    return [[cell.strip() for cell in line.split(" | ")] for line in table]


def test_a_line_has_the_largest_differences_and_the_verdict():
    checks = {
        "right": check(True),
        "wrong": check(False),
        "vague": check(None),
        "closed": check(True, statistics={}),
        "refused": {"refused": "8 runs disagree"},
    }
    section = second_methods.second_section(checks)
    assert (
        "Of 5 targets 4 have a second method: it agrees with 2, differs from 1 and is too imprecise for 1."
        in section
    )
    right, wrong, vague, closed, refused = lines(section)
    numbers = ["-1.250 ± 0.05", "0.4", "1.2", "2.0", "4.4", "0.02"]
    assert right == ["right", r"64 SMC \[runs\]", *numbers, "agrees"]
    assert (wrong[-1], vague[-1]) == ("**differs**", "too imprecise")
    assert closed[4:6] == ["0.0", "0.0"]
    assert refused[:3] == ["refused", "8 runs disagree", ""]


def reference(bridge, **changes):
    return {"target": "toy", "log_z": {"methods": {"bridge": bridge}}} | changes


def test_a_line_of_bridge_sampling_has_the_other_chains():
    first, again = {"value": 1.0, "standard_error": 0.03}, {"value": 1.1, "standard_error": 0.04}
    again |= {"pareto_k": 0.31, "reshuffled": {"value": 1.2, "standard_error": 0.05}}
    references = {
        "a": reference(first, check={"bridge": again}),
        "b": reference(first),
        "c": reference({"refused": "too few draws"}),
        "d": reference(first, check={"bridge": {"refused": "1 of 4 stand still"}}),
    }
    made, missing, still = lines(second_methods.bridge_section(references))
    assert made == ["toy", "1.000 ± 0.03", "1.100 ± 0.04", "2.0", "0.31", "1.200 ± 0.05"]
    assert (missing[2], still[2]) == ("not yet checked", "1 of 4 stand still")


def toy(log_z):
    base = gaussian_base(np.zeros(2), np.ones(2))
    density = Density(dim=2, log_prob=base.log_prob, base=base)
    truth = None if log_z is None else Truth(log_z, 0.0, "closed form")
    return Target(name="toy", version=1, density=density, about=About("tests", "N(0, I)"), log_z=truth)


def test_a_check_of_other_truths_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setattr(second_methods, "PUBLISHED", tmp_path)
    target = toy(0.0)
    assert second_methods.stored_checks([target], {}) == {"toy": second_methods.NOT_CHECKED}
    (tmp_path / "checks").mkdir()
    content = {"truths": truth_hash(target), "check": check(True)}
    (tmp_path / "checks" / "toy.json").write_text(json.dumps(content))
    assert second_methods.stored_checks([target], {}) == {"toy": check(True)}
    assert second_methods.stored_checks([toy(0.5)], {}) == {"toy": second_methods.NOT_CHECKED}
    assert second_methods.stored_checks([toy(None)], {}) == {}


@pytest.mark.parametrize("reference", CHECKED, ids=lambda reference: reference["target"])
def test_a_stored_verdict_follows_from_the_stored_differences(reference):
    assert_consistent(reference["check"], reference["statistics"])


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_stored_verdict_on_a_stated_truth_follows_from_its_differences(path):
    check = json.loads(path.read_text())["check"]
    assert_consistent(check, check.get("statistics", {}))


def assert_consistent(check, statistics):
    if "agree" not in check:
        assert check["refused"]
        return
    assert check["statistics"].keys() == statistics.keys()
    parts = [part for statistic in check["statistics"].values() for part in statistic.values()]
    within = (
        all(part["largest"] <= check["limit"] for part in parts) and check["log_z"]["apart"] <= check["limit"]
    )
    precise = all(part["largest_error"] <= second_methods.MAX_ERROR for part in parts)
    assert check["agree"] is ((True if precise else None) if within else False)
    assert re.fullmatch(r"\d+ SMC runs of \d+ particles from .*", check["method"])
