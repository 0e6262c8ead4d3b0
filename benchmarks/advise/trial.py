"""How often `advise` is wrong: `python -m bridgemark.benchmarks.advise.trial --traps 200 --easy 100`.

The pilot, the rules and the verdict are those of the command. The families are smaller, all models are tried
in one process with one compilation per kind, and families that could change nothing are left out, which makes
a model take seconds. A line of JSON per model goes to a file, so that a trial that is stopped goes on where
it was. At the end the share of traps that were trusted and of easy posteriors that were not is printed, with
95 % intervals.
"""

import argparse
import json
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from bridgemark.benchmarks.rows import settings


def main() -> None:
    """Try the models that the arguments ask for, and print the two shares."""
    parser = argparse.ArgumentParser(description="How often `bridgemark advise` is wrong.")
    parser.add_argument("--traps", type=int, default=200)
    parser.add_argument("--easy", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=0, help="others are new models of the same kinds")
    parser.add_argument("--cache", type=Path, help="folder for what was compiled, for another trial")
    parser.add_argument("--out", type=Path, default=Path("results/local/advice-trial.jsonl"))
    arguments = parser.parse_args()
    configure()

    # Only now, because JAX reads its settings when it is imported.
    import jax

    from bridgemark.benchmarks.advise.trial_models import EASY, TRAPS
    from bridgemark.benchmarks.advise.trial_run import Trial

    if arguments.cache is not None:
        jax.config.update("jax_compilation_cache_dir", str(arguments.cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    stored = list(read(arguments.out))
    done = {(item["kind"], item["seed"]) for item in stored}
    counts = ((TRAPS, arguments.traps), (EASY, arguments.easy))
    models = sorted(
        (model for kinds, number in counts for model in plan(tuple(kinds), number, arguments.first_seed)),
        key=lambda model: model[1],
    )
    trial = Trial(TRAPS | EASY)
    with arguments.out.open("a") as file:
        for name, seed in models:
            if (name, seed) not in done:
                stored.append(trial.advise_on(name, seed))
                print(json.dumps(stored[-1]), file=file, flush=True)
    wanted = [item for item in stored if (item["kind"], item["seed"]) in set(models)]
    print(*shares(wanted, tuple(TRAPS), tuple(EASY)), sep=os.linesep)


def configure() -> None:
    """Compute in one thread on whichever core is free, and let XLA compile quickly."""
    settings.configure_planning()
    # A second thread of NumPy's would wait for the first most of the time, and take a core for it.
    os.environ.update(dict.fromkeys(settings.THREAD_VARIABLES, "1"), JAX_ENABLE_X64="1")


def plan(kinds: tuple[str, ...], number: int, first_seed: int = 0) -> list[tuple[str, int]]:
    """So many models by kind and seed, the kinds in turn."""
    return [(kinds[k % len(kinds)], first_seed + k // len(kinds)) for k in range(number)]


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The stored verdicts; none where there is no file yet."""
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def shares(stored: list[dict[str, Any]], traps: tuple[str, ...], easy: tuple[str, ...]) -> list[str]:
    """The share of wrong answers among traps and among easy posteriors, and by kind, in words.

    A trap that was trusted is no wrong answer where its draws are right.
    """
    trusted = {
        kind: [item["trusted"] and not item["right"] for item in stored if item["kind"] == kind]
        for kind in traps
    }
    refused = {kind: [not item["trusted"] for item in stored if item["kind"] == kind] for kind in easy}
    return [
        *_in_words("traps that were trusted, but not right", trusted),
        *_in_words("easy posteriors that were not trusted", refused),
    ]


def _in_words(what: str, wrong: dict[str, list[bool]]) -> list[str]:
    from scipy.stats import binomtest

    lines = []
    for name, answers in {what: list(chain(*wrong.values())), **wrong}.items():
        if answers:
            interval = binomtest(sum(answers), len(answers)).proportion_ci(method="wilson")
            limits = f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"
            indent = "" if name == what else "  "
            lines.append(f"{indent}{name}: {sum(answers)} of {len(answers)} ({limits})")
    return lines


if __name__ == "__main__":
    main()
