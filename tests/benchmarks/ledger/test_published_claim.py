"""Claims: what a file may say of them, how numbers are compared, and where ours are read from."""

from dataclasses import replace

import pytest

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.statistics import Interval, median
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.ledger import published_claim, verdicts
from bridgemark.benchmarks.ledger.entries import entries
from bridgemark.benchmarks.ledger.our_numbers import Score, Sources, StudyNumber, TrueLogZ, TrueMean
from bridgemark.benchmarks.studies import stored

from support.synthetic_rows import with_metric

TEXT = """[[claim]]
name = "a"
target = "gmm9"
statement = "ELBO"
value = "-0.50"
source = "a paper"
ours = { kind = "score", sampler = "smc", metric = "elbo" }
verdict = "better here"
evidence = "It is so."
"""


def read(tmp_path, text):
    path = tmp_path / "claims.toml"
    path.write_text(text)
    return published_claim.read(path)


def sources(folders=(), values=()):
    """Sources with a row per value, which is an ELBO of `smc` on gmm9."""
    rows = [with_metric(value, seed, "elbo") for seed, value in enumerate(values)]
    summary = summary_table(row_table(rows)).to_dict("records") if rows else []
    return Sources(folders, rows, summary)


def test_a_number_without_uncertainty_has_half_a_unit_of_its_last_digit(tmp_path):
    (claim,) = read(tmp_path, TEXT)
    assert claim.interval == Interval(-0.5, -0.505, -0.495, None)
    assert replace(claim, uncertainty="0.1").interval == Interval(-0.5, -0.6, -0.4, None)
    assert replace(claim, value="1118").interval == Interval(1118.0, 1117.5, 1118.5, None)
    assert replace(claim, value=None).interval is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (TEXT.replace('source = "a paper"', ""), "claim 'a' lacks source"),
        (TEXT.replace("a paper", "  "), "claim 'a' lacks source"),
        (TEXT.replace("better here", "wrong"), "has the verdict 'wrong'; give one of reproduced"),
        (TEXT.replace('"-0.50"', '"half"'), "claim 'a' has a field that is unknown or wrong"),
        (TEXT.replace('"-0.50"', "-0.5"), "numbers are texts"),
        (TEXT.replace('"score"', '"rank"'), "`ours` has a kind: log Z, mean, score, study"),
        (TEXT.replace("sampler =", "samplers ="), "claim 'a' has a field that is unknown or wrong"),
        (TEXT.replace("statement", "opinion = 3\nstatement"), "claim 'a' has a field that is unknown"),
        (TEXT + TEXT, "2 claims have the name 'a'"),
        ("", "holds no claims"),
        ("[[", "holds no claims"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, wrong, message):
    with pytest.raises(BadInput, match=message):
        read(tmp_path, wrong)


@pytest.mark.parametrize(
    ("published", "ours", "fitting"),
    [
        ((1.0, 2.0), (1.5, 3.0), {"reproduced"}),
        ((1.0, 2.0), (3.0, 4.0), {"better here", "impossible: clipped draws", "another density"}),
        (
            (3.0, 4.0),
            (1.0, 2.0),
            {
                *("not reproduced", "impossible: above log Z"),
                *("impossible: clipped draws", "another density"),
            },
        ),
    ],
)
def test_which_verdicts_fit_two_intervals_of_which_the_larger_is_better(published, ours, fitting):
    intervals = [Interval(sum(ends) / 2, *ends, None) for ends in (published, ours)]
    numbers = verdicts.Compared(*intervals, is_better=float.__gt__)
    assert {name for name, fits in verdicts.VERDICTS.items() if fits(numbers)} == fitting


def test_a_truth_is_never_better():
    numbers = verdicts.Compared(Interval(0, 0, 0, None), Interval(1, 1, 1, None), None)
    assert verdicts.VERDICTS[verdicts.NOT_REPRODUCED](numbers)
    assert not verdicts.VERDICTS[verdicts.BETTER_HERE](numbers)


def test_a_score_is_the_median_over_seeds_and_a_changed_row_changes_it(tmp_path):
    values = [-0.3, -0.2, -0.1]
    expected = median(values)
    measured = Score("smc", columns.ELBO).measure("gmm9", sources(values=values))
    assert measured.interval == Interval(expected.middle, expected.low, expected.high, None)
    assert measured.made_by.startswith("bridgemark run --sampler smc --target gmm9 --seeds 3 ")
    claims = read(tmp_path, TEXT)
    assert [entries(sources(values=better), claims)[0].holds for better in (values, [-0.9])] == [True, False]
    assert entries(sources(), claims)[0].holds is None


def test_truths_have_three_standard_errors():
    log_z = TrueLogZ().measure("sonar-61", sources())
    assert log_z.interval.high - log_z.interval.middle == pytest.approx(3 * 0.0057)
    assert log_z.made_by == "bridgemark reference sonar-61"
    mean = TrueMean("x", 1).measure("banana-2", sources())
    assert mean.interval.middle == pytest.approx(0.0, abs=1e-9)
    assert TrueMean("unheard of", 0).measure("banana-2", sources()) is None


def test_a_number_of_a_study_has_the_digits_that_are_stored(tmp_path):
    study = stored.StoredStudy({}, "cpu", 1.0, {"mean": 0.115512})
    stored.write(study, stored.path_of(tmp_path, "claims"))
    measured = StudyNumber("claims", "mean").measure("gmm9", sources([tmp_path]))
    interval = measured.interval
    assert (interval.middle, interval.low, interval.high) == pytest.approx((0.1155, 0.11545, 0.11555))
    assert StudyNumber("claims", "sd").measure("gmm9", sources([tmp_path])) is None
    assert StudyNumber("none", "sd").measure("gmm9", sources([tmp_path])) is None
