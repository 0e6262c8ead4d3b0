"""The table of seeds: what all seeds share stands once, and nothing else is left out."""

from dataclasses import replace

from bridgemark.benchmarks.pages.html.circumstances import number_circumstances
from bridgemark.benchmarks.pages.html.seeds import HEADINGS, SHARED, seed_lines

from support.synthetic_rows import row


def lines_of(*rows):
    return seed_lines(rows, number_circumstances(rows))


def test_what_seeds_share_is_beside_all_of_them():
    first, second = lines_of(row(seed=0, fit_evals=None), row(seed=1, fit_evals=None))
    assert (first.seed, second.seed) == (0, 1)
    assert [entry.heading for entry in first.entries] == list(HEADINGS)
    assert {
        entry.heading: entry.seeds for entry in first.entries if entry.heading in SHARED
    } == dict.fromkeys(SHARED, 2)
    assert [entry.heading for entry in second.entries] == [name for name in HEADINGS if name not in SHARED]
    assert all(entry.seeds == 1 for entry in second.entries)


def test_what_differs_is_beside_each_seed():
    made = row(seed=0)
    lines = lines_of(made, replace(row(seed=1), status="failed", commit="another"))
    by_seed = [{entry.heading: (entry.text, entry.seeds) for entry in line.entries} for line in lines]
    assert [texts["status"] for texts in by_seed] == [("ok", 1), ("failed", 1)]
    assert [texts["made as"] for texts in by_seed] == [("1", 1), ("2", 1)]
    spent = made.fit_evals.gradients + made.sample_evals.gradients
    assert by_seed[0]["gradients"] == (str(spent), 1)


def test_every_line_of_the_table_is_as_wide_as_its_head():
    rows = [row(seed=seed, fit_evals=None) for seed in range(3)]
    lines = lines_of(*rows)
    spanned = sum(entry.seeds for line in lines for entry in line.entries)
    assert spanned == len(rows) * len(HEADINGS)
