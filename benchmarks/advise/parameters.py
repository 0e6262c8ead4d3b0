"""What the draws of families say of every parameter of a model, and which families agree about it."""

from collections.abc import Mapping, Sequence
from itertools import combinations, islice
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from bridgemark.benchmarks.advise.agreement import NAMES, Agreement, Summary, compare, summarise
from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.family_scores import ess_tail
from bridgemark.benchmarks.advise.named_draws import NamedDraws
from bridgemark.benchmarks.scores.diagnostics import MIN_LENGTH, ess_bulk, r_hat
from bridgemark.benchmarks.scores.host_draws import HostDraws
from bridgemark.benchmarks.text import remark

MAX_ENTRIES = 1_000  # of all parameters together that are described; the files of draws have all
MAX_LABEL = 60  # characters
CONSTANT = 1e-9  # sd below which an entry is a constant, such as the diagonal of a correlation matrix


class Entries(NamedTuple):
    """The entries of all parameters by the draws of a family.

    Attributes:
        family: the family, with the entries as the coordinates of its draws.
        labels: a label of each, such as "theta[0, 2]".
        parameters: the parameter that each is an entry of.
        left_out: how many there are beyond MAX_ENTRIES.
        summary: mean, sd and quantiles of each.
    """

    family: FamilyDraws
    labels: tuple[str, ...]
    parameters: tuple[str, ...]
    left_out: int
    summary: Summary

    @property
    def draws(self) -> HostDraws:
        """The draws (chains, length, entries)."""
        return self.family.draws


class Description(NamedTuple):
    """What draws say of an entry of a parameter; None where a score has no meaning.

    Attributes:
        label: the entry, such as "theta[0, 2]".
        values: its mean, sd and quantiles, by the names of `agreement.NAMES`.
        errors: their Monte Carlo standard errors.
        r_hat: split R-hat of Markov chains.
        ess_bulk: their bulk effective size.
        ess_tail: their tail effective size.
    """

    label: str
    values: dict[str, float]
    errors: dict[str, float]
    r_hat: float | None
    ess_bulk: float | None
    ess_tail: float | None


class Comparison(NamedTuple):
    """Whether two families agree about all entries, and the entry about which they differ most."""

    first: str
    second: str
    agreement: Agreement
    label: str


def entries_of(family: FamilyDraws, named: NamedDraws) -> Entries:
    """The entries of all parameters in the order of the model, at most MAX_ENTRIES."""
    columns, labels, parameters, total = [], [], [], 0
    for name, array in named.values.items():
        flat = np.asarray(array, float).reshape(*array.shape[:2], -1)
        shown = _distinct(remark(name, MAX_LABEL), parameters)
        indices = islice(np.ndindex(*array.shape[2:]), MAX_ENTRIES - len(labels))
        new = [f"{shown}{_brackets(index)}" for index in indices]
        columns.append(flat[..., : len(new)])
        labels += [_distinct(label, labels) for label in new]
        parameters += [shown] * len(new)
        total += flat.shape[2]
    draws = HostDraws(np.concatenate(columns, axis=2), named.log_weights, family.draws.log_z)
    with_entries = family._replace(draws=draws)
    left_out = total - len(labels)
    return Entries(with_entries, tuple(labels), tuple(parameters), left_out, summarise(with_entries))


def describe(entries: Entries) -> list[Description]:
    """Describe every entry."""
    summary = entries.summary
    diagnostics = _diagnostics(entries)
    described = []
    for k, label in enumerate(entries.labels):
        values = dict(zip(NAMES, map(float, summary.values[:, k]), strict=True))
        errors = dict(zip(NAMES, map(float, summary.errors[:, k]), strict=True))
        described.append(Description(label, values, errors, *diagnostics.get(k, (None, None, None))))
    return described


def compare_pairs(entries: Mapping[str, Entries]) -> list[Comparison]:
    """Compare the families of every pair with each other, by what is no constant."""
    comparisons = []
    for first, second in combinations(entries, 2):
        summaries = (entries[first].summary, entries[second].summary)
        moving = np.flatnonzero(~(is_constant(summaries[0]) & is_constant(summaries[1])))
        if not len(moving):
            continue
        agreement = compare(*(Summary(item.values[:, moving], item.errors[:, moving]) for item in summaries))
        label = entries[first].labels[moving[agreement.coordinate]]
        comparisons.append(Comparison(first, second, agreement, label))
    return comparisons


def _brackets(index: tuple[int, ...]) -> str:
    """What follows the name of a parameter in the label of an entry, as ArviZ writes it."""
    return f"[{', '.join(map(str, index))}]" if index else ""


def _distinct(label: str, taken: Sequence[str]) -> str:
    """The label, with strokes after it where it is taken, as by another one that begins alike."""
    while label in taken:
        label += "'"
    return label


def _diagnostics(entries: Entries) -> dict[int, tuple[float, ...]]:
    """R-hat, bulk and tail effective size of the entries that are no constants, by their numbers.

    Nothing where the draws are of no Markov chains.
    """
    moving = np.flatnonzero(~is_constant(entries.summary))
    x = entries.draws.x[..., moving]
    if not entries.family.are_chains or x.shape[1] < MIN_LENGTH or not len(moving):
        return {}
    scores = np.stack([r_hat(x), ess_bulk(x), ess_tail(x)], axis=1).tolist()
    return dict(zip(moving.tolist(), map(tuple, scores), strict=True))


def is_constant(summary: Summary) -> Bool[np.ndarray, " entries"]:
    """Which entries are the same in every draw, up to rounding."""
    mean, sd = summary.values[:2]
    return sd <= CONSTANT * (1 + np.abs(mean))
