"""TRUTHS.md: every target is on it, with its estimates, and what it says of other sources holds."""

import json
import math
import re

import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.pages import other_sources, truths
from bridgemark.targets import stored
from bridgemark.targets.base import About, Density, Target, Truth, gaussian_base
from bridgemark.targets.refused import REFUSED

from support.project import ROOT

REFERENCES = [json.loads(path.read_text()) for path in sorted(stored.FOLDER.glob("*.json"))]


def cells(page):
    """The cells of every line of the tables of a page."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:1] == "|"]


def of_target(name, log_z):
    base = gaussian_base(np.zeros(2), np.ones(2))
    density = Density(dim=2, log_prob=base.log_prob, base=base)
    return Target(name=name, version=1, density=density, about=About("tests", "N(0, I)"), log_z=log_z)


def section(title):
    """The text of a section of the page."""
    return next(text for text in truths.page().split("\n## ") if text.startswith(title))


def test_every_target_of_this_project_is_on_the_page_with_its_truth_and_with_its_check():
    first = [line[0] for line in cells(section("Estimates") + section("Exact"))]
    names = [name for name in first if name and name != "target" and not name.startswith(":")]
    assert sorted(names) == sorted(registry.targets())
    assert [line[0] for line in cells(section("By a second method"))[2:]] == sorted(registry.targets())
    links = re.findall(r"\]\(\.\./(targets/references/[^)]+)\)", truths.page())
    assert {(ROOT / link).resolve() for link in links} == {path.resolve() for path in stored.FOLDER.iterdir()}


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference["target"])
def test_every_estimate_of_a_reference_is_on_the_page_with_its_difference(reference):
    lines = cells(truths.page())
    start = next(i for i, line in enumerate(lines) if line[0] == reference["target"])
    end = next(i for i in range(start + 1, len(lines)) if lines[i][0])
    best = reference["log_z"]
    estimates = sorted((method for method in best["methods"].values() if "value" in method), key=error_of)
    assert end - start == len(estimates)
    for line, method in zip(lines[start:end], estimates, strict=True):
        value, error = map(float, line[2].split(" ± "))
        assert error == pytest.approx(error_of(method), rel=0.06)
        assert abs(value - method["value"]) < error / 10
        apart = abs(method["value"] - best["value"]) / math.hypot(error_of(method), error_of(best))
        assert line[4] == ("" if method is estimates[0] else f"{apart:.1f}")


def error_of(estimate):
    return estimate["standard_error"]


def test_a_truth_is_a_closed_form_or_says_how_it_is_known():
    targets = [
        of_target("closed", Truth(0.0, 0.0, "normalised [by] construction")),
        of_target("quadrature", Truth(1.25, 1e-8, "trapezoidal rule")),
        of_target("unknown", None),
    ]
    page = truths.compose(targets, {})
    assert [line for line in cells(page) if line[1] == "2"] == [
        ["closed", "2", "0", r"closed form: normalised \[by\] construction"],
        ["quadrature", "2", "1.250000000 ± 1e-8", "trapezoidal rule"],
    ]
    assert "Unknown is log Z of unknown." in page


def test_the_section_has_the_claims_that_differ_from_a_truth():
    names = {entry.claim.name for entry in other_sources.differing_truths()}
    assert {"brownian-log-z", "brownian-step-scale", "volatility-mean", "lgcp-sde-sampler"} <= names
    assert "funnel-gmp-elbo" not in names  # of a sampler
    assert "here 1.18775; 1.0297487 in DDS" in other_sources.section()


def test_the_section_names_what_has_no_truth():
    assert all(f"- {name}: " in other_sources.section() for name in REFUSED)
