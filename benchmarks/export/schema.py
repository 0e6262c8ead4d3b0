"""What the columns of the row table mean, those included whose names are made of others."""

import re

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.text import escape_markdown, markdown_table

# By the beginning of a name; what follows it takes the place of the braces.
PREFIXES = {
    columns.floor_of(""): "{} of as many exact, unweighted draws",
    columns.error_of(""): "standard error of {}; of a squared bias, the least that the truth resolves",
    columns.evaluations_of("fit_evals", ""): "{} evaluated to fit",
    columns.evaluations_of("sample_evals", ""): "{} evaluated to sample",
    columns.VERSIONS: "version of the package {}",
    columns.evaluation_mean(""): "mean of {} over the sets of draws of one fit",
    columns.evaluation_sd(""): "standard deviation of {} over the sets of draws of one fit",
}
BIAS = re.compile(r"bias2_(?P<function>.+)_(?P<over>max|mean)")
OVER = {"max": "of the worst coordinate", "mean": "on average over the coordinates"}
PAGE = """\
# Rows of bridgemark {version}

`rows.csv` and `rows.parquet` have the same lines, one for each run of a sampler on a target with one seed.
The numbers of the CSV file have six significant digits, an empty cell is None, which means that something is
unknown or has no meaning, and `nan` is a metric that failed. In the Parquet file None is null, NaN is NaN,
and numbers have all their digits.

{table}
"""


def meaning_of(name: str) -> str:
    """The meaning of a column of the row table in words. A metric that is not known here is called that."""
    for prefix, meaning in PREFIXES.items():
        if name.startswith(prefix):
            return meaning.format(name.removeprefix(prefix))
    if name in columns.MEANINGS:
        return columns.MEANINGS[name]
    if match := BIAS.fullmatch(name):
        function = match["function"]
        ratio = f"squared error of the mean of {function} over the variance of {function}"
        return f"{ratio}, {OVER[match['over']]}"
    return "a metric"


def page(table: pd.DataFrame, version: str) -> str:
    """The schema page of a row table in Markdown: every column, the type of its values and its meaning."""
    lines = []
    for name in table.columns:
        kinds = sorted({type(value).__name__ for value in table[name].tolist() if value is not None})
        lines.append(tuple(map(escape_markdown, (name, " or ".join(kinds) or "None", meaning_of(name)))))
    return PAGE.format(version=version, table=markdown_table(("column", "type", "meaning"), lines))
