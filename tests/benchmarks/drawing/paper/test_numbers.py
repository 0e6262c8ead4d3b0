"""What the figures of a paper compute of their sources, on numbers made up so that the answer is plain."""

import numpy as np
import pandas as pd
import pytest

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.drawing.paper import bias, evidence, posterior, price
from bridgemark.benchmarks.drawing.paper.figure import Drawn

GAPS = pd.DataFrame(
    {
        columns.SAMPLER: ["cheap", "dear", "beaten", "best"],
        columns.ELBO_GAP: [8.0, 4.0, 5.0, 1.0],
        columns.SPENT: [1.0, 10.0, 20.0, 1_000.0],
    }
)


def test_the_front_leaves_out_what_is_beaten_in_both():
    best = price.front(GAPS, columns.SPENT)
    assert list(best[columns.SAMPLER]) == ["cheap", "dear", "best"]
    np.testing.assert_allclose(price.factor_to_halve(best, columns.SPENT), 10.0)  # 1000 = 10^3, 8 = 2^3


def chain_rows(ess, r_hat):
    """Rows of four samplers with 1,000 gradients and 300 values."""
    lines = [
        {
            columns.TARGET: "a",
            columns.SAMPLER: sampler,
            columns.ESS_X2_MIN: ess,
            columns.R_HAT_MAX: r_hat,
            "sample_evals.gradients": 1_000,
            "sample_evals.values": 300,
            "sample_evals.simulations": 0,
        }
        for sampler in "abcd"
    ]
    return pd.DataFrame(lines, dtype=object)


def test_gradients_are_those_of_a_hundred_effective_draws():
    needed = bias.gradients_needed(chain_rows(50.0, 1.01))
    np.testing.assert_allclose(needed["needed"], 100 * 1_100 / 50)
    assert needed["mixed"].all()
    assert not bias.gradients_needed(chain_rows(50.0, 1.2))["mixed"].any()
    assert not len(bias.gradients_needed(chain_rows(50.0, 1.01).iloc[:3]))


def test_uniform_ranks_have_no_excess_and_shifted_ones_have():
    uniform = np.arange(posterior.RANKED_DRAWS + 1)[:, None]
    np.testing.assert_allclose(posterior.excess(uniform), 0.0, atol=1e-12)
    np.testing.assert_allclose(posterior.excess(np.zeros((10, 2)))[0], 1 - 1 / (posterior.RANKED_DRAWS + 1))


@pytest.mark.parametrize("method", ["dds", "pis", "smc"])
def test_published_points_are_those_of_the_paper(method):
    lines = evidence.published_by_steps()
    lines = lines.loc[lines["sampler"] == method]
    assert set(lines["steps"]) == {64, 128, 256, 512}
    assert set(lines[columns.TARGET]) == {
        "brownian-32",
        "funnel-10",
        "ionosphere-35",
        "lgcp-1600-rescaled",
        "sonar-61",
    }


def test_names_of_strangers_are_text_in_a_caption():
    caption = Drawn(figure=None, finding="![x](y) of <b>sampler</b>", made="Made.").caption
    assert "![" not in caption
    assert "<b>" not in caption
