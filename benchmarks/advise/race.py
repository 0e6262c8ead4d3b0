"""Looks at a model and runs the families, each in a process of its own on a core of its own."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from bridgemark.benchmarks.advise import family_draws, named_draws, pilot_file
from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.advise.lanes import PILOT, Ended, Job, run_lanes
from bridgemark.benchmarks.advise.named_draws import NamedDraws
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.advise.plan import FAMILY_NAMES, lanes_for
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.sweep.limits import CellLimits
from bridgemark.benchmarks.sweep.reporting_process import ReportingProcess
from bridgemark.benchmarks.text import duration, remark

WORKER = "bridgemark.benchmarks.advise.worker"
PILOT_SHARE = 0.25  # of the time
START_SECONDS = 30.0  # that a process may take to import JAX and to compile
GRACE = 2.0  # a job that has used this many times its share of the time is ended


class Race(NamedTuple):
    """What all processes have returned.

    Attributes:
        origin: what the model was made of, in words.
        evidence: what its normalising constant is, in words.
        pilot: None where it returned nothing.
        families: draws by the name of the family.
        named: the same draws as values of the user's parameters.
        failed: why the others returned nothing.
        seconds: wall seconds of each job.
        coordinates: the names of the coordinates; empty where they are unknown.
        shares: the seconds that each family was given.
    """

    origin: str
    evidence: str
    pilot: Pilot | None
    families: dict[str, FamilyDraws]
    named: dict[str, NamedDraws]
    failed: dict[str, str]
    seconds: dict[str, float]
    coordinates: tuple[str, ...] = ()
    shares: Mapping[str, float] = MappingProxyType({})


def run_race(
    model: Path,
    folder: Path,
    seconds: float,
    cores: Sequence[int],
    megabytes: float,
    say: Callable[[str], Any],
) -> Race:
    """Run the pilot and then all families on these cores, within about so many wall seconds.

    Their files are written into `folder`. `say` is called with a line when a job ends. Raises BadInput where
    the file has no model that can be used.
    """

    def start(job: Job, lane: int) -> ReportingProcess:
        limits = CellLimits(seconds=GRACE * job.seconds + START_SECONDS, megabytes=megabytes)
        return ReportingProcess(WORKER, _task(job, model, folder, cores[lane]), limits)

    def run(lanes: Sequence[Sequence[Job]]) -> dict[str, Ended]:
        ended: dict[str, Ended] = {}
        for item in run_lanes(lanes, start):
            ended[item.job.name] = item
            say(f"{item.job.name}: {item.failure or 'done'}, {duration(item.seconds)}")
        return ended

    for job in (Job(None, 0.0), *(Job(name, 0.0) for name in FAMILY_NAMES)):
        for path in (_file(job, folder), _named_file(job, folder)):
            path.unlink(missing_ok=True)  # of an earlier call, perhaps about another model
    begin = time.monotonic()
    ended = run([[Job(None, PILOT_SHARE * seconds)]])
    if "error" in ended[PILOT].report:
        raise BadInput(ended[PILOT].failure or "")
    left = max(seconds - (time.monotonic() - begin), seconds / 2)
    lanes = lanes_for(pilot_file.load_if_whole(_file(Job(None, 0.0), folder)))
    names = lanes if len(cores) >= len(lanes) else (sum(lanes, ()),)
    share = left / max(map(len, names))
    ended |= run([[Job(name, share) for name in lane] for lane in names])
    return _collect(folder, ended)


def _task(job: Job, model: Path, folder: Path, core: int) -> dict[str, Any]:
    """What the process of a job is told."""
    return {
        "phase": job.name,
        "model": str(model.resolve()),
        "family": job.family,
        "seconds": job.seconds,
        "core": core,
        "out": str(_file(job, folder)),
        "named": str(_named_file(job, folder)),
        "pilot": str(_file(Job(None, 0.0), folder)),
        "chains": str(_file(Job("nuts", 0.0), folder)),
    }


def _file(job: Job, folder: Path) -> Path:
    name = "pilot.json" if job.family is None else f"{job.family}.npz"
    return (folder / name).resolve()


def _named_file(job: Job, folder: Path) -> Path:
    return (folder / f"{job.family}-parameters.npz").resolve()


def _collect(folder: Path, ended: dict[str, Ended]) -> Race:
    """Read what the processes have written. A file that cannot be read is a failure of its family."""
    failed = {name: item.failure for name, item in ended.items() if item.failure is not None}
    families: dict[str, FamilyDraws] = {}
    named: dict[str, NamedDraws] = {}
    pilot = None
    for name, item in ended.items():
        if item.failure is not None:
            continue
        try:
            if item.job.family is None:
                pilot = pilot_file.load(_file(item.job, folder))
            else:
                named[name] = named_draws.load(_named_file(item.job, folder))
                families[name] = family_draws.load(_file(item.job, folder))
        except (OSError, ValueError, KeyError, TypeError) as error:
            failed[name] = f"its file cannot be read ({remark(str(error))})"
    descriptions = [item.report for item in ended.values() if "origin" in item.report]
    described = descriptions[0] if descriptions else {"origin": "the model", "evidence": ""}
    return Race(
        origin=remark(str(described["origin"])),
        evidence=remark(str(described["evidence"])),
        pilot=pilot,
        families=families,
        named=named,
        failed={name: reason for name, reason in failed.items() if name != PILOT},
        seconds={name: item.seconds for name, item in ended.items()},
        coordinates=tuple(remark(str(name)) for name in described.get("coordinates", ())),
        shares={name: item.job.seconds for name, item in ended.items()},
    )
