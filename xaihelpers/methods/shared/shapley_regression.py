"""Shapley values of n players from the answers to some pairs of sets, each with a standard error.

A function is fitted whose own Shapley values are known, and what it leaves of the answers is averaged with the weights of the
Shapley value (Witter, Liu and Musco, "Regression-adjusted Monte Carlo Estimators for Shapley Values and Probabilistic Values",
NeurIPS 2025). Each answer is compared with a fit that has not seen it, so that the sum is right on average whatever the fit
is worth; a good fit only makes the error small. Sizes of which every set was asked are summed, not estimated.

The function: with x = +1 for a player who is there and -1 for one who is not, a Gaussian process whose covariance is a product
over the players, 1 + r x x', without its even part. r says how much a player has to do with the others. Its Shapley values are
an integral over a polynomial.
"""

from math import comb
from typing import NamedTuple

import numpy as np

from .coalitions import pairs_of_size
from .threads import one_thread

FOLDS = 10
LARGEST = 1500  # pairs in one fit: its cost grows with their cube
_TELLING = 400  # pairs by which the covariance is chosen
_SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)  # the largest r
_POWERS = (0, 0.5, 1)  # r goes with a player's weight in a straight line, to this power
_LEAST = 0.02  # of the largest weight, so that nobody is without company
_NUGGET = 1e-6
_PRIOR = 4  # answers' worth of trust that what the fit leaves is as large in every size, for every player
# The fits share most of their answers, so that their errors are not independent: with this factor 95% intervals cover what
# they say, on the generated games of benchmarks/SHAPLEY.md.
_SHARED = 1.2


class Values(NamedTuple):
    """Shapley values (n,), their standard errors (n,), 0 where they are exact, and whether they are."""

    values: np.ndarray
    errors: np.ndarray
    exact: bool


def shapley_values(sets, differences, total):
    """Return the Values of a game v, which add up to `total`.

    sets: (pairs, n) bool, a random choice of those of its size, no two alike, at most half of the players in each.
    differences: (pairs,), v(set) - v(all the others). total: v(everybody) - v(nobody).
    """
    n, sizes, signs = sets.shape[1], sets.sum(axis=1), np.where(sets, 1.0, -1.0)
    unsure = [size for size in range(1, n // 2 + 1) if (sizes == size).sum() < pairs_of_size(n, size)]
    known = ~np.isin(sizes, unsure)
    values = total / n + _known_sizes(signs[known]) @ differences[known]
    if not unsure:
        return Values(values, np.zeros(n), True)
    some = np.flatnonzero(~known)
    blocks = max(1, -(-len(some) // LARGEST))
    line = np.linalg.lstsq(np.concatenate([signs, np.ones((1, n))]), np.append(differences, total), rcond=None)[0]
    with one_thread():
        each = (some[k::blocks] for k in range(blocks))
        parts = [_of_block(signs[part], differences[part], signs[known], line, unsure) for part in each]
    values = values + np.mean([part[0] for part in parts], axis=0)
    errors = np.sqrt(np.sum([part[1] for part in parts], axis=0)) / blocks
    # What the fit is wrong by for everybody together is shared by all.
    return Values(values + (total - values.sum()) / n, _SHARED * errors, False)


def _of_each(signs):
    """Return (pairs, n): what a pair's difference counts for each player, times the number of sets of its size."""
    n, sizes = signs.shape[1], (signs > 0).sum(axis=1)[:, None]
    return np.where(signs > 0, 1 / sizes, -1 / (n - sizes))


def _known_sizes(signs):
    """Return (n, pairs): what the differences of sizes of which every set is there count for each player."""
    sets = np.array([comb(signs.shape[1], int(size)) for size in (signs > 0).sum(axis=1)], dtype=float)
    return (_of_each(signs) / sets[:, None]).T


def _of_block(signs, differences, known, line, unsure):
    """Return (what is to be added for the sizes that are `unsure`, its variance), both (n,).

    Every answer is left out of one of the fits, and compared with what that fit says.
    """
    fit, fold = _Fit(_most_likely(signs, differences, line), signs, differences), _folds(signs)
    of_function = fit.covariance.values(signs) - _known_sizes(known) @ fit.covariance.between(known, signs)
    left, added = np.zeros(len(signs)), []
    for k in range(fold.max() + 1):
        alpha, left[fold == k] = fit.without(fold == k)
        added.append(of_function @ alpha)
    corrections, variance = _corrections(signs, left, fold, unsure)
    return np.mean(added, axis=0) + corrections, variance


def _folds(signs):
    """Return for each pair the number of the fit that it is left out of: each size is spread over all of them."""
    # Pairs come in random order, those of one size too.
    order = np.argsort((signs > 0).sum(axis=1), kind="stable")
    fold = np.empty(len(signs), dtype=int)
    fold[order] = np.arange(len(signs)) % FOLDS
    return fold


def _corrections(signs, left, fold, unsure):
    """Return what is added to the function's Shapley values, and the variance of that, both (n,).

    left: (pairs,), what the fits leave of the answers that they had not seen.
    """
    n, sizes, usual = signs.shape[1], (signs > 0).sum(axis=1), (left**2).mean()
    added, variance, each = np.zeros(n), np.zeros(n), _of_each(signs) * left[:, None]
    for size in unsure:
        here, pairs, sets = sizes == size, pairs_of_size(n, size), comb(n, size)
        expected, count, folds = usual / (size * (n - size)), int(here.sum()), np.unique(fold[here])
        chance = (pairs / sets) ** 2 if not count else 0.0
        for k in folds:
            out = here & (fold == k)
            # The fit has seen the others, so that these stand for all sets but those.
            unseen, tried = pairs - count + int(out.sum()), int(out.sum())
            added += unseen / sets * each[out].mean(axis=0) / len(folds)
            chance += (unseen / sets / len(folds)) ** 2 * (1 - tried / unseen) / tried
        variance += chance * ((each[here] ** 2).sum(axis=0) + _PRIOR * expected) / (count + _PRIOR)
    return added, variance


# -- the function that is fitted ----------------------------------------------------------------------------------------------


class _Company:
    """The covariance of the difference v(set) - v(the others) at two sets, as signs (pairs, n). r: (n,), 0 to below 1."""

    def __init__(self, r):
        self._r, self._rate = r, np.arctanh(r)

    def between(self, one, other):
        """Return the covariances, (of one, of other): the odd part of the product, scaled to about a half, and a line."""
        angle, most = (one * self._rate) @ other.T, self._rate.sum()
        return (np.exp(angle - most) - np.exp(-angle - most)) / 2 + one @ other.T / one.shape[1]

    def values(self, signs):
        """Return the Shapley values, (n, pairs), of the covariance with each pair, as a game of its first argument."""
        n = signs.shape[1]
        places, weights = np.polynomial.legendre.leggauss(n // 2 + 1)  # exact for the polynomial below
        found = np.zeros(signs.shape)
        for place, weight in zip(places, weights):
            factors = (1 + self._r * place * signs) / (1 + self._r)
            found += weight / 2 * np.prod(factors, axis=1, keepdims=True) / factors
        return (found * self._r / (1 + self._r) * signs + signs / n).T


class _Fit:
    """A Gaussian process through the differences, and what it would be without some of them."""

    def __init__(self, covariance, signs, differences):
        gram, self.covariance = _gram(covariance, signs), covariance
        self._inverse = np.linalg.inv(gram)
        self._alpha = self._inverse @ differences

    def without(self, out):
        """Return (coefficients of the pairs, 0 for those left `out`, and what that fit leaves of the differences there)."""
        left = np.linalg.solve(self._inverse[np.ix_(out, out)], self._alpha[out])
        alpha = self._alpha - self._inverse[:, out] @ left
        alpha[out] = 0
        return alpha, left


def _gram(covariance, signs):
    """Return the covariances of pairs with each other, (pairs, pairs), with what keeps them from being the same."""
    gram = covariance.between(signs, signs)
    gram[np.diag_indices_from(gram)] += _NUGGET * np.trace(gram) / len(gram)
    return gram


def _likelihood(covariance, signs, differences):
    """Return the log of how probable differences are, whatever their scale, but for a constant."""
    root = np.linalg.cholesky(_gram(covariance, signs))
    along = np.linalg.solve(root, differences)
    scale = max(along @ along / len(root), np.finfo(float).tiny)
    return -len(root) * np.log(scale) / 2 - np.log(np.diag(root)).sum()


def _most_likely(signs, differences, line):
    """Return the covariance under which the differences are most probable. line: (n,), the weights of a straight line."""
    some, size = slice(0, _TELLING), np.maximum(np.abs(line) / max(np.abs(line).max(), np.finfo(float).tiny), _LEAST)
    tried = (_Company(share * size**power) for power in _POWERS for share in _SHARES)
    return max(tried, key=lambda each: _likelihood(each, signs[some], differences[some]))
