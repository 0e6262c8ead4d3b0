"""What speaks against trust: in the pilot, in the families, between them, and in what the draws leave out."""

from bridgemark.benchmarks.advise.agreement import Agreement
from bridgemark.benchmarks.advise.coordinates import coordinate_name
from bridgemark.benchmarks.advise.family_evidence import CHAINS, TEMPERED, FamilyEvidence, Finding
from bridgemark.benchmarks.advise.log_z import sees_more_mass
from bridgemark.benchmarks.advise.modes import basins, modes_without_draws
from bridgemark.benchmarks.advise.pilot import Pilot
from bridgemark.benchmarks.advise.rules import LONGER, PILOT_RULES, chains_do_not_diverge
from bridgemark.benchmarks.advise.unvisited import unvisited_by
from bridgemark.benchmarks.text import count, number

NOT_CENTRED = (
    "write the narrow parameter not centred: theta = mu + tau * z with z ~ Normal(0, 1) in place of theta ~ "
    "Normal(mu, tau); NumPyro does that by the handler reparam and LocScaleReparam(0)"
)


def about_funnel(
    pilot: Pilot | None, evidence: dict[str, FamilyEvidence], coordinates: tuple[str, ...]
) -> list[Finding]:
    """A funnel, where chains fail that no second basin explains."""
    if CHAINS not in evidence or evidence[CHAINS].passes:
        return []
    scores = evidence[CHAINS].scores
    if scores.funnel is None:
        return []
    if chains_do_not_diverge(scores) is None and pilot is not None and len(basins(pilot.modes)) > 1:
        return []
    narrow, along = (
        coordinate_name(coordinates, number) for number in (scores.funnel.narrow, scores.funnel.along)
    )
    sentence = (
        f"a funnel: the scale of {narrow} changes with {along} (correlation "
        f"{number(scores.funnel.correlation)}), and chains do not enter where it is narrow"
    )
    return [Finding(sentence, NOT_CENTRED)]


def about_pilot(pilot: Pilot | None) -> list[Finding]:
    """What the rules about the pilot find."""
    if pilot is None:
        return [Finding("I do not know what the density looks like: the pilot did not end", LONGER)]
    complaints = [(rule.check(pilot), rule.cure) for rule in PILOT_RULES]
    return [Finding(text, cure) for text, cure in complaints if text]


def about_families(
    chosen: str | None, passing: dict[str, FamilyEvidence], evidence: dict[str, FamilyEvidence]
) -> list[Finding]:
    """The chains must pass their own rules, whoever's draws are used: the rest cannot do without them.

    Where they only move too slowly between regions, tempered chains may pass in their place.
    """
    of_chains = list(evidence[CHAINS].findings) if CHAINS in evidence else []
    is_mended = TEMPERED in passing and of_chains and all(finding.is_mixing for finding in of_chains)
    if CHAINS in passing or is_mended:
        return []
    findings = [Finding(f"{CHAINS}: {finding.complaint}", finding.cure) for finding in of_chains]
    if not findings:
        findings = [Finding("I do not know: there are no Markov chains to compare with", LONGER)]
    if chosen is None:
        findings.append(Finding("I do not know which draws to use: no family passes its own checks", LONGER))
    return findings


def about_agreement(
    chosen: str | None, comparisons: dict[str, Agreement], coordinates: tuple[str, ...]
) -> list[Finding]:
    """All families that pass must agree, and one of them precisely."""
    if chosen is None:
        return []
    findings = [
        Finding(
            f"{chosen} and {name} disagree about the {item.statistic} of "
            f"{coordinate_name(coordinates, item.coordinate)} ({number(item.worst, 3)} standard errors)",
            "find which of the two misses a region, by plots of that coordinate",
        )
        for name, item in comparisons.items()
        if item.agree is False
    ]
    if not any(item.agree for item in comparisons.values()):
        sentence = f"I do not know: nothing that shares no code with {chosen} confirms its draws"
        findings.append(Finding(sentence, LONGER))
    return findings


def about_coverage(pilot: Pilot | None, chosen: str, evidence: dict[str, FamilyEvidence]) -> list[Finding]:
    """Modes of the pilot, draws of other families and their log Z that the chosen draws leave out."""
    sample = evidence[chosen].family.weighted_sample()
    findings = []
    if pilot is not None and pilot.modes:
        missed = modes_without_draws(pilot.modes, sample.x, sample.weights)
        if missed:
            modes = f"{count(len(missed), 'mode')} of the {len(pilot.modes)} that the pilot found"
            findings.append(
                Finding(f"{chosen} has hardly a draw near {modes}", "give a base that covers all modes")
            )
    for name, item in evidence.items():
        if name == chosen or not item.scores.finite:
            continue
        outside = unvisited_by(evidence[chosen].family, item.family)
        if outside:
            text = f"{name} has {count(outside, 'draw')} of high density where {chosen} has never been"
            findings.append(Finding(text, "give a base that covers all modes"))
        if sees_more_mass(item.scores.log_z, evidence[chosen].scores.log_z):
            findings.append(Finding(f"{name} sees more mass than {chosen}", "find what it sees by plots"))
    return findings
