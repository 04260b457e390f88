"""How sure is a share of yes-or-no answers? Bounds from the Kullback-Leibler divergence of two coins.

Kaufmann and Kalyanakrishnan, "Information Complexity in Bandit Subset Selection", COLT 2013, section 4.
"""

import numpy as np

_HALVINGS = 30  # 1e-9 of the first interval


def kl_coins(p, q):
    """Return KL(p, q) = p log(p / q) + (1 - p) log((1 - p) / (1 - q)), of shares from 0 to 1: arrays that broadcast.

    0 log 0 is 0; where q rules out what p allows, the divergence is infinite.
    """
    from scipy.special import rel_entr

    return rel_entr(p, q) + rel_entr(1 - np.asarray(p), 1 - np.asarray(q))


def upper_bound(p, level):
    """Return the largest q with KL(p, q) <= level, for each share p observed (0 to 1) and each level (0 or more).

    For n answers and a probability delta of being wrong, level = log(1 / delta) / n. Closed forms: 1 - exp(-level) for
    p = 0, and 1 for p = 1.
    """
    p, level = np.broadcast_arrays(np.asarray(p, dtype=float), level)
    inside, outside = p, np.minimum(1, p + np.sqrt(level / 2))  # Pinsker's inequality: the bound is not above this
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        within = kl_coins(p, middle) <= level
        inside, outside = np.where(within, middle, inside), np.where(within, outside, middle)
    return outside


def lower_bound(p, level):
    """Return the smallest q with KL(p, q) <= level: the upper bound of the opposite answers. exp(-level) for p = 1."""
    return 1 - upper_bound(1 - np.asarray(p, dtype=float), level)
