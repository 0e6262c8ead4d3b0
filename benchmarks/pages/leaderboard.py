"""The generated page results/README.md, and the matrix that the top README shows."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis.tables import MAIN, Line, current, frame, plain, summary
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.certificates.checks import EXECUTED
from bridgemark.benchmarks.pages import equal_budgets, published
from bridgemark.benchmarks.pages.columns import MEANING, columns
from bridgemark.benchmarks.rows.row import STATUSES, Row
from bridgemark.benchmarks.text import escaped, number

BEGIN, END = "<!-- leaderboard:begin -->", "<!-- leaderboard:end -->"
FIGURES = {
    "samples": "Draws over the contours of the target; weighted draws are resampled for display.",
    "log_z_error": "Signed error of log Z, a dot a seed; grey: three standard errors of the truth.",
    "bias_cost": "Worst squared bias of x against gradients spent; dashed: what exact draws score.",
    "time": "Where the seconds go: compiling (once for all seeds), fitting and sampling.",
    "ranks": "Rank on each target; solid lines hold all ranks at 95 %; dotted, of few seeds, claim nothing.",
    "mean_ranks": "Mean ranks; a bar joins samplers that Nemenyi's critical difference cannot tell apart.",
    "profiles": "Share of targets solved against the price; what was not solved never counts as cheap.",
}
ORDER = """\
Samplers are ordered by worst squared bias of x, the failed last. This is not an order at equal cost: read it
beside the gradients and the seconds. Numbers are medians over seeds, in [ ] the 95 % interval from 6 seeds
on and the range of fewer; differences inside these, or below a floor, are noise. Effective sample size never
ranks."""
CERTIFIED = """\
`bridgemark certify sampler NAME` tries a sampler on targets of which all is known: unbiased weights and
moments in both precisions, bounds of log Z, independent draws, honest effective sizes, true counts, keys
obeyed. Executed work: evaluations that were made, on a small run, for each that the tables count; more than
one where memory is saved by making some again, and where chains wait for the longest."""


def write(records: Sequence[Row], results_dir: Path) -> Path:
    """Write README.md in results_dir from the records alone: the same records make the same page."""
    folder = Path(results_dir)
    lines = _lines(records)
    sections = [_section(list(group)) for _, group in groupby(lines, key=_density)]
    pictures = [_picture(folder, name, caption) for name, caption in FIGURES.items()]
    head = ["# Leaderboard", _provenance(records), ORDER, _certificates(records, folder / "certificates")]
    budgets = [
        equal_budgets.write(frame(records), folder),
        *(_picture(folder, name, caption) for name, caption in equal_budgets.FIGURES.items()),
    ]
    others = [published.write(lines), *(_picture(folder, *named) for named in published.FIGURES.items())]
    parts = [*head, *sections, *pictures, *budgets, *others, MEANING]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "README.md"
    path.write_text("\n\n".join(filter(None, parts)))
    return path


def overview(records: Sequence[Row]) -> str:
    """Targets by samplers, compact Markdown: median |log Z error|, then median worst squared bias."""
    lines = _lines(records)
    return (
        f"Median \\|log Z error\\|:\n\n{_matrix(lines, 'log_z_abs_error')}\n\n"
        "Median worst squared bias of x (0.01 is what 100 independent exact draws reach on average):\n\n"
        f"{_matrix(lines, MAIN)}"
    )


def update_readme(readme_path: Path, records: Sequence[Row]) -> bool:
    """Put `overview` between the markers of a README; False, and nothing written, where it has no markers."""
    path = Path(readme_path)
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        return False
    path.write_text(f"{before}{begin}\n\n{overview(records)}\n\n{end}{after}")
    return True


def _lines(records: Sequence[Row]) -> list[Line]:
    """Summary lines by density, smallest dimension first, and within it the best bias first."""
    return sorted(
        summary(plain(current(frame(records)))).to_dict("records"),
        key=lambda line: (*_density(line), _rank(line)),
    )


def _density(line: Line) -> tuple:
    return line["dim"], line["target"], line["target_version"], line["fingerprint"]


def _rank(line: Line) -> tuple:
    value = line.get(MAIN)
    unknown = value is None or math.isnan(value)
    return line["ok"] == 0, unknown, 0.0 if unknown else value, line["label"]


def _provenance(records: Sequence[Row]) -> str:
    """How the page was made, from what the rows say."""
    versions = {
        name: {record.versions.get(name) for record in records}
        for record in records
        for name in record.versions
    }
    started = [record.started[:10] for record in records if record.started]
    statuses = [record.status for record in records]
    facts = {
        "rows": ", ".join(f"{statuses.count(status)} {status}" for status in STATUSES if status in statuses),
        "device": _told({record.device for record in records}),
        "cores a cell": _told({record.cores for record in records}),
        "precision": _told({record.precision for record in records}),
        "versions": ", ".join(f"{name} {_told(found)}" for name, found in versions.items()),
        "commit": _told({record.commit for record in records}),
        "run": " to ".join(sorted({min(started), max(started)})) if started else "unknown",
    }
    listed = "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
    return (
        "Generated by `bridgemark table` from the rows that `bridgemark run` stored; do not edit.\n"
        f"Every row, those superseded by newer ones included, is in `tables/`.\n\n{listed}"
    )


def _certificates(records: Sequence[Row], folder: Path) -> str:
    """Each sampler's verdict on closed forms, and of which source it is."""
    known = registry.samplers()
    lines = []
    for name in sorted({record.sampler for record in records}):
        found = certify.read(folder / f"{name}.json")
        stale = ""  # of a plug-in nothing is known here
        if found is not None and name in known and found.identity != certify.identity_of(known[name]):
            stale = " (of another version of its source)"
        verdict = "not certified" if found is None else found.verdict + stale
        lines.append((name, verdict, "" if found is None else found.reason(EXECUTED)))
    if not lines:
        return ""
    table = pd.DataFrame(lines, columns=["sampler", "certificate", EXECUTED]).to_markdown(index=False)
    return f"## Certificates\n\n{CERTIFIED}\n\n{table}"


def _told(values: set) -> str:
    return " or ".join(sorted(str(value) for value in values if value is not None)) or "unknown"


def _section(lines: Sequence[Line]) -> str:
    """One density: its truth, its table, and why samplers failed."""
    shown = columns(lines)
    cells = [[column.fill(line) for column in shown] for line in lines]
    table = pd.DataFrame(cells, columns=[column.heading for column in shown])
    dim, target, version, fingerprint = _density(lines[0])
    about = f"d = {dim}, version {version}, fingerprint {fingerprint[:12]}{_truth(lines)}."
    reasons = [f"- {line['label']}: {escaped(line['reason'])}" for line in lines if line["reason"]]
    parts = [f"## {target}", about, table.to_markdown(index=False, disable_numparse=True), "\n".join(reasons)]
    return "\n\n".join(filter(None, parts))


def _truth(lines: Sequence[Line]) -> str:
    """`, log Z = truth ± standard error`, from a line that estimated it: estimate less error."""
    for line in lines:
        if line.get("log_z_error") is not None:
            truth = line["log_z_truth"]
            return f", log Z = {number(truth, 6)} ± {number(line['errors.log_z_truth'], 2)}"
    return ""


def _matrix(lines: Sequence[Line], name: str) -> str:
    """Targets down, samplers across; a failure shows as its status, no value as a dash."""
    names = Counter(target for _, target, *_ in {_density(line) for line in lines})
    cells: dict[str, dict[str, str]] = {}
    for line in lines:
        bad = [f"{line[status]} {status}" for status in STATUSES if line[status] and status != "ok"]
        value = number(line.get(name), 2) or ("" if bad else "–")
        target = (
            line["target"] if names[line["target"]] == 1 else f"{line['target']} {line['fingerprint'][:8]}"
        )
        cells.setdefault(target, {})[line["label"]] = ", ".join(filter(None, [value, *bad]))
    table = pd.DataFrame.from_dict(cells, orient="index").fillna("")
    return table[sorted(table.columns)].to_markdown(disable_numparse=True)


def _picture(folder: Path, name: str, caption: str) -> str:
    path = f"figures/{name}.png"
    return f"![{caption}]({path})\n\n{caption}" if (folder / path).exists() else ""
