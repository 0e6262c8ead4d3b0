"""Advice on registered targets as unknown ones: `python -m bridgemark.benchmarks.advise.trial_targets`.

`advise` sees the density alone. Its log Z and the means of the target's statistics are then compared with the
truth. A line of JSON per target goes to a file, and a table in Markdown to the screen.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from bridgemark.benchmarks.advise.trial import configure, read

TARGETS = (
    "rosenbrock-2",
    "eight-schools-10",
    "funnel-10",
    "synthetic-logistic-6-a",
    "seeds-26",
    "ionosphere-35",
    "brownian-32",
    "gmm9",
    "manywell-5",
    "mos10-2",
)
HEADINGS = ("target", "answer", "log Z", "truth", "gap", "largest gap of a mean", "right")


def main() -> None:
    """Advise on the targets that the arguments name, and print the table."""
    parser = argparse.ArgumentParser(description="Advice on targets whose truth is known.")
    parser.add_argument("targets", nargs="*", default=TARGETS)
    parser.add_argument("--out", type=Path, default=Path("results/local/advice-targets.jsonl"))
    arguments = parser.parse_args()
    configure()

    # Only now, because JAX reads its settings when it is imported.
    from bridgemark.benchmarks.advise.trial_target_run import advise_on_target

    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    stored = {item["target"]: item for item in read(arguments.out)}
    with arguments.out.open("a") as file:
        for name in arguments.targets:
            if name not in stored:
                begin = time.process_time()
                stored[name] = advise_on_target(name) | {"seconds": round(time.process_time() - begin, 1)}
                print(json.dumps(stored[name]), file=file, flush=True)
    print(*table([stored[name] for name in arguments.targets]), sep="\n")


def table(stored: list[dict[str, Any]]) -> list[str]:
    """The lines of a Markdown table, a line per target. Gaps are in standard errors."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS)]
    lines += [
        (
            item["target"],
            "trusted" if item["trusted"] else f"not trusted: {item['reasons'][0]}",
            _estimate(item["log_z"]) if item["log_z_trusted"] else "",
            _estimate(item["true_log_z"]),
            *("" if item[name] is None else f"{item[name]:.2g}" for name in ("log_z_gap", "mean_gap")),
            {True: "yes", False: "no", None: ""}[item["right"]],
        )
        for item in stored
    ]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _estimate(estimate: list[float] | None) -> str:
    return "" if estimate is None else f"{estimate[0]:.6g} ± {estimate[1]:.2g}"


if __name__ == "__main__":
    main()
