"""Budgets: sizes are found that spend them, rows say what was run and why a budget was missed."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import pytest

from bridgemark.benchmarks import cli
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.registry import samplers
from bridgemark.benchmarks.rows.cost import Cost, spent
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep import budget_search as budgets
from bridgemark.benchmarks.sweep.budget_search import Size, Spending, Trial, find_size, next_size, why_missed
from bridgemark.benchmarks.sweep.measure import FIT, METRIC, SAMPLE, run_cell
from bridgemark.benchmarks.sweep.plan import plan
from bridgemark.benchmarks.sweep.presets import PRESETS, Budget, parse_budgets
from bridgemark.benchmarks.sweep.request import Request
from bridgemark.benchmarks.sweep.sizing import TRIAL
from bridgemark.samplers.base import Draws, Fit, Sampler, evals
from bridgemark.samplers.common.learnt import LearntSampler
from bridgemark.targets.base import gaussian_base

from support.plugins.toys import MEAN, SD, toy_gaussian
from support.synthetic_rows import row

EFFORTS = (1e-6, 0.1, 3.0)
BUDGET = Budget(1e5, "gradients")
FIT_SHARE = 0.5


def never(a, b):
    return a == b


def test_the_exchange_rate():
    assert (
        spent(Cost(values=3, gradients=10, simulations=0), Cost(values=0, gradients=1, simulations=6)) == 14
    )


@pytest.mark.parametrize("overhead", [0, 20_000])
@pytest.mark.parametrize("amount", [1e5, 1e6, 1e7])
def test_a_size_is_found_whatever_the_overhead(amount, overhead):
    """fit costs overhead + 3e6 effort; drawing a power of the draws."""
    budget, fit_share = Budget(amount, "gradients"), 0.8
    tried = []

    def run_trial(size):
        tried.append(size)
        return Spending(overhead + 3e6 * size.effort, 7.0 * size.draws**1.02)

    size = find_size(budget, fit_share, 2, never, run_trial)
    assert len(tried) <= budgets.MAX_TRIALS
    assert 0.88 <= run_trial(size).total / amount <= 1.02
    assert abs(run_trial(size).fit / amount - fit_share * budgets.AIM) < 0.1
    assert size == find_size(budget, fit_share, 2, never, run_trial)


def test_what_fit_cannot_spend_goes_into_draws():
    last = Trial(Size(0.02, 100), Spending(5_000, 1_000))
    size = next_size(BUDGET, FIT_SHARE, 2, lambda a, b: True, last)
    assert size == Size(0.02, 9_000)  # (95,000 - 5,000) / 10


def test_a_free_fit_leaves_everything_to_draws():
    last = Trial(Size(1.0, 100), Spending(0, 1_000))
    assert next_size(BUDGET, FIT_SHARE, 2, never, last).draws == 9_500


def test_draws_are_neither_too_few_nor_more_than_memory_keeps():
    cheap = Trial(Size(1.0, 100), Spending(0, 1e-3))
    assert next_size(BUDGET, FIT_SHARE, 1_000, never, cheap).draws == budgets.MAX_COORDINATES // 1_000
    expensive = Trial(Size(1.0, 100), Spending(2e5, 1e9))
    assert next_size(BUDGET, FIT_SHARE, 2, never, expensive).draws == budgets.MIN_DRAWS


@pytest.mark.parametrize(
    ("fit", "sample", "draws", "reason"),
    [
        (50_000, 45_000, 500, None),
        (50_000, 30_000, 500, None),
        (50_000, 54_000, 500, None),
        (160_000, 26_000, 500, "spent 186 % of the budget: the sampler cannot spend less"),
        (90_000, 20_000, budgets.MIN_DRAWS, "spent 110 % of the budget: the sampler cannot spend less"),
        (60_000, 60_000, 500, "spent 120 % of the budget: its cost varies from run to run"),
        (30_000, 30_000, 500, "spent 60 % of the budget: its cost varies from run to run"),
        (
            30_000,
            30_000,
            budgets.MAX_COORDINATES,
            "spent 60 % of the budget: more draws do not fit into memory",
        ),
    ],
)
def test_a_missed_budget_has_a_reason(fit, sample, draws, reason):
    assert why_missed(BUDGET, Size(1.0, draws), 1, Spending(fit, sample)) == reason


@dataclass(frozen=True, kw_only=True)
class Spender(Sampler):
    """Draws exactly, at a price; its updates are what a budget buys."""

    updates: int = 1_000
    price: int = 10

    def scaled(self, effort):
        return replace(self, updates=max(round(effort * self.updates), 1))

    def fit(self, key, density):
        return Fit((), evals(gradients=self.updates), {})

    def sample(self, key, density, state, n):
        x = gaussian_base(MEAN, SD).sample(key, n)[:, None, :]
        return state, Draws(x, jnp.zeros((n, 1)), None, evals(gradients=self.price * n), {})


def rows_with(*wanted, **changes):
    return [
        replace(
            row(seed=seed),
            identity=(unit + str((amount, seed))).encode().hex(),
            budget=amount,
            budget_unit=unit,
            **changes,
        )
        for amount, unit in wanted
        for seed in (0, 1)
    ]


def test_a_cell_with_budgets(tmp_path):
    store = Store(tmp_path)
    rows = rows_with((1e4, "gradients"), (1e5, "gradients"), (50.0, "gradients"))
    run_cell(Spender(), toy_gaussian(), rows, store, lambda **message: None)
    stored = {(finished.budget, finished.seed): finished for finished in store.read_all()}
    assert len(stored) == 6
    for amount in (1e4, 1e5):
        for seed in (0, 1):
            finished = stored[amount, seed]
            assert finished.status == "ok"
            assert finished.note is None
            updates, draws = finished.fit_evals.gradients, finished.sample_evals.gradients // 10
            assert 0.8 * amount <= spent(finished.fit_evals, finished.sample_evals) <= 1.05 * amount
            assert finished.met_by == f"Spender(updates={updates}, price=10), {draws} draws"
            assert (finished.config, finished.draws) == (rows[0].config, rows[0].draws)
    assert stored[50.0, 0].note == "spent 1320 % of the budget: the sampler cannot spend less"


def test_draws_are_repeated_and_not_charged(tmp_path):
    store = Store(tmp_path)
    run_cell(Spender(), toy_gaussian(), [replace(row(), draws=50)], store, lambda **message: None)
    (stored,) = store.read_all()
    assert stored.sample_evals.gradients == 500
    assert stored.steady_seconds > 0
    assert len(stored.repeats["bias2_x_max"]) == 3
    assert stored.repeats["bias2_x_max"][0] == stored.metrics["bias2_x_max"]
    assert len(set(stored.repeats["bias2_x_max"])) == 3
    assert stored.met_by is None


def test_a_budget_is_part_of_a_rows_identity():
    plain = Request(preset=PRESETS["smoke"], samplers=("hmc",), targets=("gmm9",))
    gradients = replace(plain, budgets=(Budget(1e5, "gradients"), Budget(1e4, "gradients")))
    seconds = replace(plain, budgets=(Budget(1e4, "seconds"),))
    rows = [made for request in (plain, gradients, seconds) for made in plan(request)]
    assert [(made.budget, made.budget_unit) for made in rows] == [
        (None, None),
        (1e4, "gradients"),
        (1e5, "gradients"),
        (1e4, "seconds"),
    ]
    assert len({made.identity for made in rows}) == 4


@pytest.mark.parametrize("text", ["many", "-1", "0", "inf", "nan", "1e4;1e5"])
def test_amounts_that_are_none(text):
    with pytest.raises(BadInput, match="--budget"):
        parse_budgets("budget", [text], "gradients")


def test_amounts():
    parsed = parse_budgets("seconds", ["5,20", "5"], "seconds")
    assert parsed == (Budget(5.0, "seconds"), Budget(20.0, "seconds"))


def test_bad_amounts_end_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bridgemark", "run", "--budget", "lots", "--results", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert "1e5" in capsys.readouterr().err


def test_every_registered_sampler_can_be_scaled():
    """Less effort is a sampler of the same class, and no effort is too little."""
    for name, sampler in samplers().items():
        for effort in EFFORTS:
            assert type(sampler.scaled(effort)) is type(sampler), name
        assert 0.0 < sampler.fit_share < 1.0
        assert sampler.scaled(1.0) == sampler, name


def test_the_smallest_training_is_one_update_whatever_the_dimension():
    learnt = [sampler for sampler in samplers().values() if isinstance(sampler, LearntSampler)]
    assert len(learnt) > 10
    assert all(sampler.scaled(1e-6).updates_for(dim) >= 1 for sampler in learnt for dim in (1, 10, 2_000))


def test_keys_of_trials_are_no_seeds():
    """A trial's key is not one that any row draws with."""
    assert TRIAL not in (FIT, SAMPLE, METRIC)
