"""A published claim about a density, and the file that has all of them."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from bridgemark.benchmarks.analysis.statistics import Interval
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.ledger.our_numbers import OUR_NUMBERS, OurNumber
from bridgemark.benchmarks.ledger.verdicts import VERDICTS

FILE = Path(__file__).with_name("claims.toml")
HALF = Decimal("0.5")


@dataclass(frozen=True)
class PublishedClaim:
    """What a source says of a density, and what became of it.

    Attributes:
        name: names the claim in links.
        target: the registered or refused target that the claim is about, or is easily taken to be about.
        statement: the claim in a few words.
        source: the paper or program, and where in it the number is.
        verdict: one of `verdicts.VERDICTS`.
        evidence: one sentence.
        value: the number as its source prints it; None for a claim without one.
        uncertainty: its error or its deviation over runs, where the source has one.
        ours: where our number comes from; None where there is none to compare.
    """

    name: str
    target: str
    statement: str
    source: str
    verdict: str
    evidence: str
    value: str | None = None
    uncertainty: str | None = None
    ours: OurNumber | None = None

    @property
    def interval(self) -> Interval | None:
        """The number, with its uncertainty or else half a unit of its last digit to either side.

        Raises InvalidOperation where one of them is no number, and AttributeError where it is no text: a
        number of TOML has lost its last digits.
        """
        if self.value is None:
            return None
        value = Decimal(self.value.strip())
        exponent = value.as_tuple().exponent
        error = Decimal(self.uncertainty) if self.uncertainty else HALF.scaleb(int(exponent))
        return Interval(float(value), float(value - error), float(value + error), None)


REQUIRED = [field.name for field in fields(PublishedClaim) if field.default is MISSING]


def read(path: Path = FILE) -> list[PublishedClaim]:
    """Every claim of a file, in its order. Raises BadInput, with the name of the claim, for a wrong entry."""
    try:
        entries = tomllib.loads(path.read_text())["claim"]
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{path} holds no claims; write each as a table [[claim]] of TOML") from error
    claims = [_claim(entry) for entry in entries]
    for name, uses in Counter(claim.name for claim in claims).items():
        if uses > 1:
            raise BadInput(f"{uses} claims have the name {name!r}; give each its own")
    return claims


def _claim(entry: Mapping[str, Any]) -> PublishedClaim:
    """One claim of the file. Raises BadInput."""
    label = f"claim {entry.get('name')!r}"
    missing = [name for name in REQUIRED if not str(entry.get(name, "")).strip()]
    if missing:
        raise BadInput(f"{label} lacks {', '.join(missing)}")
    if entry["verdict"] not in VERDICTS:
        raise BadInput(f"{label} has the verdict {entry['verdict']!r}; give one of {', '.join(VERDICTS)}")
    try:
        claim = PublishedClaim(**entry)
        _ = claim.interval
        return replace(claim, ours=_our_number(entry["ours"])) if claim.ours else claim
    except (AttributeError, TypeError, KeyError, InvalidOperation) as error:
        raise BadInput(
            f"{label} has a field that is unknown or wrong; numbers are texts, and `ours` has a kind: "
            f"{', '.join(OUR_NUMBERS)}"
        ) from error


def _our_number(entry: Mapping[str, Any]) -> OurNumber:
    arguments = {name: value for name, value in entry.items() if name != "kind"}
    return OUR_NUMBERS[entry["kind"]](**arguments)
