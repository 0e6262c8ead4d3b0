"""The models of the trial are models, the same for the same seed, and the shares are counted by kind."""

import numpy as np
import pytest

from bridgemark.benchmarks.adapters.find_model import find_model
from bridgemark.benchmarks.advise.trial import plan, read, shares
from bridgemark.benchmarks.advise.trial_models import EASY, TRAPS


@pytest.mark.parametrize("kind", [*TRAPS, *EASY], ids=lambda kind: kind.__name__)
def test_every_kind_is_a_model(kind, tmp_path):
    texts = [kind(np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]
    path = tmp_path / f"{kind.__name__}.py"
    path.write_text(texts[0])
    density = find_model(path).density
    assert np.isfinite(density.log_prob(np.full(density.dim, 0.1)))


def test_the_kinds_take_turns():
    assert plan(EASY, 4) == [(EASY[0], 0), (EASY[1], 0), (EASY[2], 0), (EASY[0], 1)]


def test_wrong_answers_are_counted(tmp_path):
    assert list(read(tmp_path / "absent.jsonl")) == []
    answers = {"funnel": [True, False], "jump": [False], "gaussian": [True, True, False]}
    stored = [{"kind": kind, "trusted": trusted} for kind, all_ in answers.items() for trusted in all_]
    lines = shares(stored)
    assert lines[0].startswith("traps that were trusted: 1 of 3 (")
    assert [line.split(":")[0].strip() for line in lines[1:3]] == ["funnel", "jump"]
    assert lines[3].startswith("easy posteriors that were not trusted: 1 of 3 (")
