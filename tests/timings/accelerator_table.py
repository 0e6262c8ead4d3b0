"""Compares lines of `accelerator.py`: `python tests/timings/accelerator_table.py gpu.csv cpu.csv`.

It prints, for each case of the first file, how much of it is done in a second, how many times as much as in
the second file, and which shares of the device's own products and of its bandwidth that is. The products are
those of the largest matrices in the same precision, the bandwidth that of the copy.
"""

import sys
from typing import Any

import pandas as pd

SHOWN = (
    *("part", "case", "precision", "size", "size_other", "unit", "compile_seconds", "seconds"),
    *("work_per_second", "gradients_per_second", "times", "teraflops", "share_of_products"),
    *("gigabytes_per_second", "share_of_bandwidth", "kernels", "microseconds_per_kernel"),
    *("repeats", "error", "note"),
)
TERA, GIGA, MICRO = 1e12, 1e9, 1e-6


def with_rates(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines with their rates, and with the shares of what the device can do."""
    rates = lines.assign(
        work_per_second=lines.work / lines.seconds,
        gradients_per_second=lines.gradients / lines.seconds,
        teraflops=lines.products.fillna(0.0) / lines.seconds / TERA,
        gigabytes_per_second=lines.loop_bytes / lines.seconds / GIGA,
        microseconds_per_kernel=lines.seconds / lines.kernels / MICRO,
    )
    most = rates[rates.part == "product"].groupby("precision").teraflops.max()
    copied = rates[rates.part == "copy"].gigabytes_per_second.max()
    return rates.assign(
        share_of_products=rates.teraflops / rates.precision.map(most),
        share_of_bandwidth=rates.gigabytes_per_second / copied,
    )


def compared(lines: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """The rates of the first lines, and in `times` how many times those of the others they are.

    The others may be of other sizes, and of full precision alone.
    """
    ours, theirs = with_rates(lines), with_rates(others).drop_duplicates(["part", "case"])
    numbers = theirs.set_index(["part", "case"])[["size", "work_per_second"]].add_suffix("_other")
    joined = ours.join(numbers, on=["part", "case"])
    return joined.assign(times=joined.work_per_second / joined.work_per_second_other)


def shown(table: pd.DataFrame) -> str:
    """The table as Markdown, with three digits."""
    return table[list(SHOWN)].map(_in_short).to_markdown(index=False)


def _in_short(value: Any) -> str:
    if pd.isna(value):
        return ""
    return f"{value:,.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    print(shown(compared(*map(pd.read_csv, sys.argv[1:3]))))
