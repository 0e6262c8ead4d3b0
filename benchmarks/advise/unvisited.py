"""Points of high density, drawn by one family, at which another has never been."""

import numpy as np

from bridgemark.benchmarks.advise.family_draws import FamilyDraws

MARGIN = 0.5  # how far beyond the range of the draws, in ranges, a point is elsewhere
LOW_DENSITY = 0.01  # the quantile of the log density at draws below which a point does not count


def unvisited_by(chosen: FamilyDraws, family: FamilyDraws) -> int:
    """How many draws of `family` lie far outside those of `chosen`, where the density is as high as there.

    In the tails of one mode the density is low, so such points belong to a mode that `chosen` has missed.
    """
    x = chosen.draws.x.reshape(-1, chosen.draws.x.shape[2])
    heavy = chosen.weighted_sample().weights > 0
    low, high = x[heavy].min(axis=0), x[heavy].max(axis=0)
    margin = MARGIN * (high - low)
    points = family.draws.x.reshape(-1, x.shape[1])
    outside = np.any((points < low - margin) | (points > high + margin), axis=1)
    log_prob = chosen.log_prob.ravel()
    is_high = family.log_prob.ravel() >= np.quantile(log_prob[heavy], LOW_DENSITY)
    return int(np.sum(outside & is_high))
