"""How often `advise` is wrong: `python -m bridgemark.benchmarks.advise.trial --traps 200 --easy 100`.

Every model is advised on as the command does it. A line of JSON per model goes to a file, so that a trial
that is stopped goes on where it was. At the end the share of traps that were trusted and of easy posteriors
that were not is printed, with 95 % intervals.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from bridgemark.benchmarks.advise.race import run_race
from bridgemark.benchmarks.advise.trial_models import EASY, TRAPS, ModelText
from bridgemark.benchmarks.advise.verdict import judge, weigh
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.environment import available_cores
from bridgemark.benchmarks.sweep.limits import memory_per_cell

MAX_CORES = 2


def main() -> None:
    """Try the models that the arguments ask for, and print the two shares."""
    parser = argparse.ArgumentParser(description="How often `bridgemark advise` is wrong.")
    parser.add_argument("--traps", type=int, default=200)
    parser.add_argument("--easy", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=2.0, help="per model")
    parser.add_argument("--out", type=Path, default=Path("results/local/advice-trial.jsonl"))
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    stored = list(read(arguments.out))
    done = {(item["kind"], item["seed"]) for item in stored}
    models = [*plan(TRAPS, arguments.traps), *plan(EASY, arguments.easy)]
    with arguments.out.open("a") as file:
        for model, seed in models:
            if (model.__name__, seed) not in done:
                stored.append(advise_on(model, seed, arguments.minutes))
                print(json.dumps(stored[-1]), file=file, flush=True)
    wanted = {(model.__name__, seed) for model, seed in models}
    print(*shares([item for item in stored if (item["kind"], item["seed"]) in wanted]), sep="\n")


def plan(kinds: tuple[ModelText, ...], number: int) -> list[tuple[ModelText, int]]:
    """So many models with their seeds, the kinds in turn."""
    return [(kinds[k % len(kinds)], k // len(kinds)) for k in range(number)]


def advise_on(model: ModelText, seed: int, minutes: float) -> dict[str, Any]:
    """The verdict on a random model, as it is stored."""
    cores = available_cores()[:MAX_CORES]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "model.py"
        path.write_text(model(np.random.default_rng(seed)))
        try:
            race = run_race(path, folder, 60 * minutes, cores, memory_per_cell(len(cores)), print)
        except BadInput as error:  # refused before anything ran, which is no trust
            return {"kind": model.__name__, "seed": seed, "trusted": False, "reasons": [str(error)]}
    evidence = {name: weigh(family) for name, family in race.families.items()}
    verdict = judge(race.pilot, evidence, race.failed)
    return {
        "kind": model.__name__,
        "seed": seed,
        "trusted": verdict.trusted,
        "reasons": verdict.reasons,
        "missed": verdict.missed,
        "seconds": race.seconds,
    }


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The stored verdicts; none where there is no file yet."""
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def shares(stored: list[dict[str, Any]]) -> list[str]:
    """The share of wrong answers among traps and among easy posteriors, and by kind, in words."""
    traps = {kind.__name__ for kind in TRAPS}
    lines = []
    for kinds, wrong, what in (
        (traps, True, "traps that were trusted"),
        ({kind.__name__ for kind in EASY}, False, "easy posteriors that were not trusted"),
    ):
        for names in (kinds, *({kind} for kind in sorted(kinds))):
            answers = [item["trusted"] == wrong for item in stored if item["kind"] in names]
            if answers:
                interval = binomtest(sum(answers), len(answers)).proportion_ci(method="wilson")
                kind = what if names == kinds else f"  {min(names)}"
                lines.append(
                    f"{kind}: {sum(answers)} of {len(answers)} "
                    f"({100 * interval.low:.1f} to {100 * interval.high:.1f} %)"
                )
    return lines


if __name__ == "__main__":
    main()
