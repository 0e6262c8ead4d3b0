"""The published ledger: every claim is about something that exists, and every verdict fits the numbers."""

import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.ledger import published_claim
from bridgemark.benchmarks.ledger.entries import entries, sources_of
from bridgemark.benchmarks.ledger.our_numbers import IS_BETTER, Score
from bridgemark.benchmarks.ledger.verdicts import BETTER_HERE, IMPROPER, MEANINGS, VERDICTS
from bridgemark.benchmarks.rows.results import PUBLISHED, Results
from bridgemark.targets.refused import REFUSED

CLAIMS = published_claim.read()


@pytest.fixture(scope="module")
def ledger():
    """The entries of the ledger by the name of the claim, with numbers from the published results."""
    return {entry.claim.name: entry for entry in entries(sources_of(Results((PUBLISHED,))))}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_a_verdict_fits_the_numbers(ledger, claim):
    entry = ledger[claim.name]
    assert (entry.measured is None) == (claim.ours is None), "our number is not in the published results"
    if claim.ours is not None and claim.value is not None:
        assert entry.holds, f"{claim.name}: {entry.published} published, {entry.ours} here: another verdict"
        assert entry.measured.made_by


def test_targets_exist_and_an_improper_one_is_refused():
    for claim in CLAIMS:
        assert (claim.target in REFUSED) == (claim.verdict == IMPROPER), claim.name
        assert claim.target in {**registry.targets(), **REFUSED}, claim.name


def test_scores_are_of_published_samplers_and_metrics_with_a_better_side():
    for claim in CLAIMS:
        if claim.verdict == BETTER_HERE:
            assert claim.ours.metric in IS_BETTER
    scores = [claim.ours for claim in CLAIMS if type(claim.ours) is Score]
    assert {score.sampler for score in scores} <= set(registry.samplers())


def test_texts_are_sentences():
    assert all(claim.evidence.endswith(".") and len(claim.source) > 10 for claim in CLAIMS)


def test_every_verdict_is_explained_and_used():
    assert set(MEANINGS) == set(VERDICTS) == {claim.verdict for claim in CLAIMS}
