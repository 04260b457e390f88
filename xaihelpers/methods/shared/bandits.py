"""Which m of many coins come up most often? KL-LUCB asks where it still matters.

Kaufmann and Kalyanakrishnan, "Information Complexity in Bandit Subset Selection", COLT 2013.
"""

import numpy as np

from .kl_bounds import lower_bound, upper_bound


def exploration(n_arms, rounds, delta):
    """Return beta of KL-LUCB's theorem 1: with level beta / n all bounds of all rounds hold with probability 1 - delta."""
    level = np.log(405.5 * n_arms * rounds**1.1 / delta)
    return level + np.log(level)


def best_arms(pull, yes, asked, m, delta, tolerance):
    """Return the indices (m,) of the arms with the highest shares, the best last.

    pull: function, list of indices -> (yes (K,), asked (K,)): asks a round for each of these arms. yes, asked: (K,), the
    counts so far, at least one asked of every arm. The m arms returned are, with probability 1 - delta, worse than the
    best m by no more than `tolerance`.
    """
    rounds = 1
    while True:
        share = yes / asked
        order = np.argsort(share)  # which of several equals comes last, numpy decides, as it does for alibi
        if m >= len(order):
            return order
        rest, best = order[:-m], order[-m:]
        level = exploration(len(order), rounds, delta) / asked
        upper, lower = upper_bound(share[rest], level[rest]), lower_bound(share[best], level[best])
        if upper.max() - lower.min() <= tolerance:
            return best
        # The two that could still change places: the strongest of the rest, the weakest of the best.
        yes, asked = pull([int(rest[upper.argmax()]), int(best[lower.argmin()])])
        rounds += 1
