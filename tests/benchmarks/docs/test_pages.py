"""What fills the documentation: every sampler, target, metric, check and command has its place on a page."""

import re

import pytest

from bridgemark.benchmarks import cli, registry
from bridgemark.benchmarks.certificates import certify_target, checks
from bridgemark.benchmarks.docs import catalogue, included, pages, scoring
from bridgemark.benchmarks.ledger import published_claim
from bridgemark.benchmarks.text import escape_markdown

from support.documentation import FOLDER, PAGES

MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)


@pytest.fixture(scope="module")
def filled():
    """Every page with everything that it asks for."""
    return {name: pages.fill(text) for name, text in PAGES.items()}


def headings(text, level):
    return re.findall(rf"^{'#' * level} (.+)$", text, re.MULTILINE)


def test_pages_ask_for_every_part_and_get_it(filled):
    asked = [part for text in PAGES.values() for part in pages.GENERATED.findall(text)]
    assert sorted(asked) == sorted(pages.PARTS)
    for name, text in filled.items():
        assert not re.search(r"<!-- (generated|include)", text), name


def test_every_sampler_is_in_one_section(filled):
    text = "\n".join(text for name, text in filled.items() if name.startswith("samplers-"))
    by_kind = {}
    for name, sampler in registry.samplers().items():
        by_kind.setdefault(type(sampler), []).append(name)
    assert sorted(headings(text, 2)) == sorted(names[0] for names in by_kind.values())
    for names in by_kind.values():
        assert all(f"`{name}` has" in text for name in names[1:])
        assert re.search(rf"^\| \[{names[0]}\]\(samplers-", filled["samplers"], re.MULTILINE)


def test_every_equation_belongs_to_a_sampler_and_has_a_source():
    assert set(catalogue.equations()) <= {algorithm.name for algorithm in catalogue.algorithms()}
    for name, text in catalogue.equations().items():
        assert MATHS.search(text), name
        assert "\nSource: " in text, name


def test_every_target_has_a_section_with_its_definition(filled):
    builders = registry.targets()
    assert sorted(headings(filled["targets"], 3)) == sorted(builders)
    assert filled["targets"].count("- **log density**: ") == len(builders)


def test_every_metric_is_defined_and_in_the_table(filled):
    defined, _, table = filled["metrics"].partition("## All metrics by name")
    for name in scoring.metric_names():
        assert f"`{name}`" in defined, f"benchmarks/docs/metrics.md does not define {name}"
        assert f"| `{name}`" in table
    assert "| a metric" not in table


@pytest.mark.parametrize("battery", [checks.CHECKS, certify_target.CHECKS])
def test_every_check_says_what_it_does(filled, battery):
    for name, check in battery.items():
        assert len(scoring.purpose(check)) > 20, f"the check {name!r} has no docstring"
        assert f"- **{name}**: " in filled["certificates"]


def test_the_purpose_of_a_check_is_that_of_what_it_calls():
    def compare(values):
        """Compare values."""
        return values

    namespace = {"compare": compare, "count": 3}
    check = eval("lambda subject: compare(subject.count)", namespace)
    assert scoring.purpose(check) == "Compare values."
    assert scoring.purpose(compare) == "Compare values."
    assert scoring.purpose(eval("lambda subject: subject", namespace)) == ""


def test_every_command_has_a_section_with_its_options(filled):
    names = {info.name or info.callback.__name__ for info in cli.app.registered_commands}
    commands = {name.replace("_", "-") for name in names} | {"certify sampler", "certify target"}
    assert set(headings(filled["commands"], 2)) == commands
    assert "`--dry-run`" in filled["commands"]


def test_every_page_is_in_the_contents():
    listed = re.findall(r"^([a-z-]+)$", PAGES["index"] + PAGES["samplers"], re.MULTILINE)
    assert sorted(listed) == sorted(set(PAGES) - {"index", "equations"})


def test_a_section_ends_at_the_next_heading_and_its_headings_rise(monkeypatch, tmp_path):
    (tmp_path / "a.md").write_text(
        "# A\nabove\n## Two words!\nfirst\n```sh\n# a comment\n```\n### Inside\nsecond\n## Next\nlast\n"
    )
    monkeypatch.setattr(included, "ROOT", tmp_path)
    text = "first\n```sh\n# a comment\n```\n## Inside\nsecond"
    assert included.section("a.md#two-words") == text
    assert included.section("a.md").startswith("above\n## Two words!\n")
    with pytest.raises(KeyError, match=r"a\.md has no section 'three'"):
        included.section("a.md#three")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](results/TRUTHS.md)", "[a](true-values.md)"),
        ("[a](CONTRIBUTING.md#glossary)", "[a](glossary.md)"),
        ("[a](CONTRIBUTING.md#style)", "[a](contributing.md#style)"),
        ("[a](benchmarks/docs/start.md#b)", "[a](start.md#b)"),
        ("![a](results/figures/samples.png)", "![a](../../results/figures/samples.png)"),
        ("[a](https://example.org/a.md)", "[a](https://example.org/a.md)"),
        ("[a](#b)", "[a](#b)"),
        ("[rows](results/rows/)", "rows"),
        ("`[a](results/TRUTHS.md)`", "`[a](results/TRUTHS.md)`"),
        ("```\n[a](results/TRUTHS.md)\n```", "```\n[a](results/TRUTHS.md)\n```"),
    ],
)
def test_links_lead_to_the_same_place_from_the_pages(link, expected):
    assert included.relink(link, included.ROOT) == expected


def test_pages_do_not_name_a_file_that_does_not_exist():
    for name, text in PAGES.items():
        for path in re.findall(r"`((?:samplers|targets|benchmarks|tests)/[\w/]+\.\w+)`", text):
            assert (FOLDER.parents[1] / path).exists(), f"{name}: {path}"


def test_every_claim_is_in_the_ledger_with_a_command_as_code(filled):
    for claim in published_claim.read():
        assert escape_markdown(claim.evidence) in filled["ledger"], claim.name
    assert "`bridgemark reference sonar-61`" in filled["ledger"]
