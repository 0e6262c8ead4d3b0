"""How much longer to run follows from effective sizes: a quarter of those needed takes four times as long."""

import numpy as np
import pytest

from bridgemark.benchmarks.advise.family_evidence import FamilyEvidence
from bridgemark.benchmarks.advise.family_scores import FamilyScores
from bridgemark.benchmarks.advise.longer import longer_run, times_longer


def evidence(**scores):
    return FamilyEvidence(None, FamilyScores(finite=True, **scores), ())


def test_a_quarter_of_the_draws_takes_four_times_as_long_and_a_margin():
    short = evidence(r_hat=1.0, ess_bulk=100.0, ess_tail=300.0, mean_error=0.1)
    assert times_longer(short) == pytest.approx(1.5 * 4)
    assert longer_run({"nuts": short}, 5.0) == "run it longer: --minutes 30"
    vague = evidence(r_hat=1.0, ess_bulk=4_000.0, ess_tail=4_000.0, mean_error=0.3)
    assert times_longer(vague) == pytest.approx(1.5 * 4)


def test_chains_that_disagree_take_four_times_as_long_at_least():
    enough = {"ess_bulk": 4_000.0, "ess_tail": 4_000.0, "mean_error": 0.01}
    assert times_longer(evidence(r_hat=1.0, **enough)) == 2
    assert times_longer(evidence(r_hat=1.2, **enough)) == 4


def test_a_run_of_days_is_no_advice():
    stuck = evidence(r_hat=2.0, ess_bulk=2.0, ess_tail=0.0, mean_error=np.inf)
    assert "hardly helps" in longer_run({"nuts": stuck}, 5.0)
    assert longer_run({}, 5.0) == "run it longer: --minutes 10"
