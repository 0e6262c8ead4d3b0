"""As many rows as a large board has: the published ones of each sampler, on targets with made-up names."""

import hashlib
from dataclasses import replace
from itertools import islice

from bridgemark.benchmarks.rows.results import PUBLISHED, Results
from bridgemark.benchmarks.rows.row import Row

SEEDS = 5
TARGETS = ("funnel-10", "gmm40-2", "ionosphere-35")  # on which every sampler has rows


def many_rows(count: int) -> list[Row]:
    """`count` rows of all published samplers, five seeds of each on as many targets as that takes."""
    published: dict[str, dict[str, list[Row]]] = {target: {} for target in TARGETS}
    for row in Results((PUBLISHED,)).read():
        if row.target in published:
            published[row.target].setdefault(row.sampler, []).append(row)
    return list(islice(_without_end(published), count))


def _without_end(published):
    number = 0
    while True:
        pattern = TARGETS[number % len(TARGETS)]
        name = f"{pattern}-like-{number}"
        for rows in published[pattern].values():
            for seed in range(SEEDS):
                row = rows[seed % len(rows)]
                identity = hashlib.sha256(f"{name} {row.sampler} {seed}".encode()).hexdigest()[:20]
                target_hash = hashlib.sha256(name.encode()).hexdigest()[:20]
                yield replace(row, target=name, seed=seed, identity=identity, target_hash=target_hash)
        number += 1
