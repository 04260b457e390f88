"""Which sets of superpixels to ask about for Shapley values: in pairs, all sizes alike, no set twice.

A set and what it leaves out are asked together. What two such answers have in common says nothing about Shapley values, and
cancels. How much a set of n superpixels can move the answer, its leverage, is one over the number of sets of its size: so every
size is asked equally often, until there are no more sets of that size (Musco and Witter, "Provably Accurate Shapley Value
Estimation via Leverage Score Sampling", ICLR 2025).
"""

from itertools import combinations
from math import comb

import numpy as np


def pairs_of_size(n, size):
    """Return how many pairs (a set of `size` superpixels of n, and the rest) there are; size: 1 to n // 2."""
    return comb(n, size) // (2 if 2 * size == n else 1)


def pairs_in_all(n):
    """Return how many pairs there are, the pair of everything and nothing left out."""
    return 2 ** (n - 1) - 1


def pairs_per_size(n, pairs):
    """Return {size: how many of its pairs to ask about} for about as many of each size; sizes run from 1 to n // 2.

    pairs: how many in all, at most `pairs_in_all(n)`. A size with fewer pairs than its share gives the rest to the others.
    """
    sizes = sorted(range(1, n // 2 + 1), key=lambda size: pairs_of_size(n, size) * (2 if 2 * size == n else 1))
    # A pair stands for two sizes, its own and that of the rest, but for the one whose two halves are of one size.
    shares, chosen = {size: 1 if 2 * size == n else 2 for size in sizes}, {}
    for place, size in enumerate(sizes):
        share = shares[size] / sum(shares[each] for each in sizes[place:])
        chosen[size] = min(round(share * pairs), pairs_of_size(n, size))
        pairs -= chosen[size]
    for size in reversed(sizes):  # what rounding has left over
        more = min(pairs, pairs_of_size(n, size) - chosen[size])
        chosen[size], pairs = chosen[size] + more, pairs - more
    return chosen


def draw_pairs(n, pairs, seed):
    """Return one set of each of `pairs` pairs, (pairs, n) bool, in random order: the smaller one, no two alike."""
    random, drawn = np.random.default_rng(seed), []
    for size, count in sorted(pairs_per_size(n, pairs).items()):
        drawn += _some(n, size, count, random)
    sets = np.zeros((len(drawn), n), dtype=bool)
    for row, chosen in zip(sets, drawn):
        row[list(chosen)] = True
    # Whoever stops half-way has a sample of every size.
    return random.permutation(sets)


def _some(n, size, count, random):
    """Return `count` different sets of one size, as tuples, each as likely as any other."""
    if 2 * count > pairs_of_size(n, size):
        every = [one for one in combinations(range(n), size) if 2 * size < n or one[0] == 0]
        return [every[k] for k in random.permutation(len(every))[:count]]
    found = {}
    while len(found) < count:
        one = np.sort(random.permutation(n)[:size])
        if 2 * size == n and one[0] != 0:  # of two halves the one with the first superpixel stands for both
            one = np.setdiff1d(np.arange(n), one)
        found[tuple(one.tolist())] = None
    return list(found)


def both_halves(sets):
    """Return everything, nothing, then each set followed by what it leaves out, (2 + 2 pairs, n) bool."""
    n = sets.shape[1]
    ends = np.stack([np.ones(n, dtype=bool), np.zeros(n, dtype=bool)])
    return np.concatenate([ends, np.stack([sets, ~sets], axis=1).reshape(-1, n)])
