"""The section of TRUTHS.md on values that the literature or another suite states and that are wrong."""

from collections.abc import Iterable
from typing import NamedTuple

from bridgemark.benchmarks.text import escape_markdown
from bridgemark.targets.refused import REFUSED


class OtherValue(NamedTuple):
    """A value of a target, as it is here and as another source states it, and which evidence there is."""

    target: str
    quantity: str
    here: str
    there: str
    source: str
    evidence: str


INFERENCE_GYM = "inference_gym, targets/ground_truth/"
BROWNIAN = f"{INFERENCE_GYM}brownian_motion_unknown_scales_missing_middle_observations.py"
QUADRATURE = "given both scales all is Gaussian, and halving the step of the two integrals changes no digit"
VALUES = (
    OtherValue(
        "brownian-32",
        "log Z",
        "1.18775",
        "1.0297",
        "the repository of DDS (Vargas, Grathwohl and Doucet 2023)",
        f"{QUADRATURE}; with 256 steps the authors of CMCD estimate 1.165 (sd 0.068 over runs)",
    ),
    OtherValue(
        "brownian-32",
        "mean of the step's scale",
        "0.11553, sd 0.04031",
        "0.1198 ± 0.0006, sd 0.0467",
        BROWNIAN,
        f"{QUADRATURE}; theirs is 7 of its standard errors off",
    ),
    OtherValue(
        "brownian-32",
        "mean of the noise's scale",
        "0.11266, sd 0.03754",
        "0.1011 ± 0.0006, sd 0.0444",
        BROWNIAN,
        f"{QUADRATURE}; theirs is 18 of its standard errors off",
    ),
    OtherValue(
        "volatility-103",
        "mean log variance",
        "7.857 ± 0.012, sd 1.273",
        "7.915 ± 0.0045, sd 1.048",
        f"{INFERENCE_GYM}stochastic_volatility_sp500_small.py",
        "with the mean integrated out by quadrature, chains in double precision without a divergence give "
        "7.854 ± 0.006, sd 1.274; chains of which 1 % diverge lose the tail and give 7.899",
    ),
    OtherValue(
        "lgcp-1600",
        "log Z",
        "501.797 ± 0.011",
        "512.6",
        "sde_sampler",
        "both have 126 points, and two methods agree here; 512.398 ± 0.011 is log Z of lgcp-1600-rescaled, "
        "the 127 rescaled points that other papers use",
    ),
)
ABOUT = """\
Values of the same model with the same data that are stated elsewhere and are wrong. ± is a standard error, sd
a standard deviation of the posterior."""
IMPROPER = "Some names in the literature have no truth, because they are no probability densities:"


def section() -> str:
    """The Markdown section "Where other sources differ"."""
    values = [
        f"{value.target}, {value.quantity}: here {value.here}; in {value.source}, {value.there}. "
        f"Evidence: {value.evidence}."
        for value in VALUES
    ]
    refused = [f"{name}: {reason}." for name, reason in REFUSED.items()]
    return "\n\n".join(
        ["## Where other sources differ", ABOUT, _bullets(values), IMPROPER, _bullets(refused)]
    )


def _bullets(sentences: Iterable[str]) -> str:
    """A Markdown list, in text of this project that may hold any character."""
    return "\n".join(f"- {escape_markdown(sentence)}" for sentence in sentences)
