"""A contribution of a sampler: its code, its rows and its certificate, three files for a pull request."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.certificates.certify import Certificate
from bridgemark.benchmarks.errors import BadInput, choose
from bridgemark.benchmarks.joining.merging import current, merge
from bridgemark.benchmarks.joining.present_code import own_samplers, sort_rows
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.code_hash import source_file
from bridgemark.benchmarks.rows.results import Results, certificates_folder, rows_folder, store_of
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import SETTLED
from bridgemark.benchmarks.sweep.presets import PRESETS, Preset
from bridgemark.benchmarks.text import count

MAIN_TABLES = "default"  # the preset whose targets the main tables show
BUSY = 1.0  # above this load of the machine, seconds are too long


@dataclass(frozen=True)
class Contribution:
    """What a sampler joins with.

    `code`, `rows_file` and `certificate_file` are the files to send in. `rows` are all rows of the second, of
    which `added` are new. `left_out` counts the stored rows that cannot join, by reason. `missing` has a
    sentence for everything that a reviewer will miss.
    """

    sampler: str
    code: Path
    rows_file: Path
    certificate_file: Path
    rows: list[Row]
    added: int
    left_out: dict[str, int]
    certificate: Certificate
    missing: list[str]


def join(sampler: str, local: Path, folder: Path, plugins: tuple[str, ...] = ()) -> Contribution:
    """Write the rows and the certificate of a sampler from one's own results into published ones.

    Rows that the maintainers have run stay as they are. Raises BadInput, and writes nothing, where no file of
    `samplers/` registers the sampler, and where it has no row that can join or no valid certificate.
    `plugins` are files that may register it instead.
    """
    code = _code_of(sampler, plugins)
    certificate_path = _valid_certificate(sampler, Results((folder, local)))
    stored = [row for row in store_of(local).read_all() if row.sampler == sampler]
    present, left_out = sort_rows(stored)
    counted = {reason: len(rows) for reason, rows in left_out.items()}
    if not present:
        raise BadInput(_nothing_to_join(sampler, local, counted))
    rows_file = rows_folder(folder) / f"{sampler}{published.SUFFIX}"
    before = published.read_file(rows_file) if rows_file.exists() else []
    rows = _with_sent_in(before, present)
    published.write(rows, rows_folder(folder))
    certificate_file = certificates_folder(folder) / f"{sampler}.json"
    if certificate_path != certificate_file:
        certificate_file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(certificate_path, certificate_file)
    certificate = certify.read(certificate_file)
    assert certificate is not None
    return Contribution(
        sampler=sampler,
        code=code,
        rows_file=rows_file,
        certificate_file=certificate_file,
        rows=rows,
        added=len({row.identity for row in rows} - {row.identity for row in before}),
        left_out=counted,
        certificate=certificate,
        missing=_missing(sampler, rows, certificate),
    )


def _with_sent_in(before: list[Row], present: list[Row]) -> list[Row]:
    """Published rows with others as sent in; those that the maintainers have run stay as they are."""
    run_by_maintainers = [row for row in before if row.origin != "sent in"]
    sent_in = [replace(row, origin="sent in") for row in present]
    return current(merge(merge(before, sent_in), run_by_maintainers))


def _code_of(sampler: str, plugins: tuple[str, ...]) -> Path:
    """The file of `samplers/` that registers a sampler. Raises BadInput where there is none."""
    modules = registry.sampler_modules(plugins)
    choose("sampler", [sampler], modules)
    path = source_file(modules[sampler])
    if sampler not in own_samplers() or path is None:
        raise BadInput(
            f"{sampler} is registered by a plug-in, whose rows and certificate do not count for a file of "
            f"samplers/: move it there, then `bridgemark run --sampler {sampler}`, `bridgemark certify "
            f"sampler {sampler}` and `bridgemark join --sampler {sampler}`"
        )
    return path.resolve()


def _valid_certificate(sampler: str, results: Results) -> Path:
    """Where the valid certificate of a sampler is. Raises BadInput if there is none."""
    identity = certify.identity_of(registry.samplers()[sampler])
    stale = False
    for path in results.certificate_paths(sampler):
        certificate = certify.read(path)
        if certificate is not None and certificate.identity == identity:
            return path
        stale = stale or certificate is not None
    state = "is stale, because code that decides it has changed" if stale else "is missing"
    raise BadInput(
        f"the certificate of {sampler} {state}; make it with `bridgemark certify sampler {sampler}`, "
        "which takes some minutes"
    )


def _nothing_to_join(sampler: str, local: Path, left_out: dict[str, int]) -> str:
    reasons = "; ".join(f"{count(number, 'row')} {reason}" for reason, number in left_out.items())
    stored = f" ({reasons})" if reasons else ""
    command = f"bridgemark run --sampler {sampler}"
    return f"no row of {sampler} in {local} can join{stored}; make some with `{command}`"


def _missing(sampler: str, rows: Sequence[Row], certificate: Certificate) -> list[str]:
    """What a reviewer will miss, in sentences."""
    sentences = []
    preset = PRESETS[MAIN_TABLES]
    if targets := _incomplete_targets(rows, preset):
        seeds = count(preset.seeds, "seed")
        sentences.append(
            f"the main tables show {seeds} on {', '.join(targets)}, and not all are there: "
            f"`bridgemark run --sampler {sampler}`"
        )
    unsettled = [row for row in rows if row.status not in SETTLED]
    failures = Counter(f"on {row.target} ({row.status}: {row.reason})" for row in unsettled)
    for failure, number in failures.items():
        rows_without = f"{count(number, 'row')} {failure} without a result"
        sentences.append(f"{rows_without}; run again if the machine is to blame")
    if not certificate.passed:
        sentences.append(f"the certificate says {certificate.verdict}, so the sampler is not ranked")
    if busy := sum((row.load or 0.0) > BUSY for row in rows):
        sentences.append(f"{count(busy, 'row')} ran on a busy machine, so the seconds are too long")
    return sentences


def _incomplete_targets(rows: Sequence[Row], preset: Preset) -> list[str]:
    """The targets of a preset on which some of its seeds are missing or failed."""
    seeds: dict[str, set[int]] = {}
    for row in rows:
        as_preset = row.budget is None and row.draws == preset.draws_for(row.dim)
        if as_preset and row.precision == "float32" and row.status in SETTLED:
            seeds.setdefault(row.target, set()).add(row.seed)
    return [target for target in preset.targets or () if len(seeds.get(target, ())) < preset.seeds]
