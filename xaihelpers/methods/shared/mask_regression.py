"""RISE's map from fewer questions: a straight line through the answers, in place of their average.

The map is E[f] + Cov(f, mask) / p. How masks vary together is known without asking the network, so that only the line
f = a + b z, with z the mask averaged over parts of the image, must be found. Ridge regression finds it; its penalty is
the one under which the answers are most probable (MacKay, "Bayesian Interpolation", Neural Computation 1992).
"""

from typing import NamedTuple

import numpy as np

from .threads import one_thread

LARGEST_GRID = 32  # beyond it the line would have thousands of slopes
_PENALTIES = np.logspace(-9, 4, 53)


class Estimate(NamedTuple):
    """A map and how sure it is.

    heatmap, error: (H, W), the map and its standard error. signal, noise: the standard deviation over the pixels of what the
    map shows, and of the chance in it; an error that all pixels share moves the whole map and hides nothing.
    """

    heatmap: np.ndarray
    error: np.ndarray
    signal: float
    noise: float


class LineThroughAnswers:
    """Add answers batch by batch; `estimate()` gives the map and how sure it is. Memory does not grow with answers."""

    def __init__(self, masks):
        self.masks = masks
        # Twice as fine as the cells, so that their shifts are seen; never finer than the image.
        self.bins = tuple(min(2 * masks.grid, LARGEST_GRID, edge) for edge in masks.shape)
        self._tables = masks.pooled(self.bins)
        parts = self.bins[0] * self.bins[1]
        self._sums = {"z": np.zeros(parts), "zz": np.zeros((parts, parts)), "zy": np.zeros(parts), "y": 0.0, "yy": 0.0, "n": 0}

    def add(self, cells, shifts, answers):
        """Take in the answers (n,) to the masks that (cells, shifts) stand for."""
        down, right = (table[shifts[:, axis]] for axis, table in enumerate(self._tables))
        z = (down @ cells.astype(np.float32) @ right.transpose(0, 2, 1)).reshape(len(cells), -1).astype(float) - self.masks.p
        y = answers.astype(float)
        with one_thread():
            more = {"z": z.sum(0), "zz": z.T @ z, "zy": y @ z, "y": y.sum(), "yy": y @ y, "n": len(y)}
        # All at once: an interruption on the way leaves whole batches only.
        self._sums = {name: value + more[name] for name, value in self._sums.items()}

    def estimate(self):
        """Return the Estimate from the answers so far."""
        with one_thread():
            return self._estimate()

    def _estimate(self):
        level, slopes, errors = self._line()
        # How a pixel of the mask varies with a part's average, over p: (1 - p) times these two, down and right.
        down, right = (np.einsum("seg,sbg->eb", *both) / len(both[0]) for both in zip(self.masks.windows, self._tables))
        shown = (1 - self.masks.p) * (down @ slopes.reshape(self.bins) @ right.T)
        chance = (1 - self.masks.p) ** 2 * _variances(errors[1], down, right)
        # Answers are rounded to float32, which no number of questions undoes.
        rounding = 2 * np.finfo(np.float32).eps * abs(level)
        error = np.sqrt(errors[0] ** 2 + chance) + rounding
        return Estimate(np.float32(level + shown), np.float32(error), float(shown.std()), float(np.sqrt(chance.mean())))

    def _line(self):
        """Return a, b (parts,), and their errors: of a, and of b as independent directions (directions, parts)."""
        n, mean = self._sums["n"], self._sums["z"] / self._sums["n"]
        level = self._sums["y"] / n
        products = self._sums["zz"] - n * np.outer(mean, mean)
        strength, directions = np.linalg.eigh(products)
        strength = np.maximum(strength, 0)
        along = directions.T @ (self._sums["zy"] - n * mean * level)
        variation = self._sums["yy"] - n * level**2
        penalty, noise = _most_probable(strength, along, max(variation, 0), n)
        slopes = directions @ (along / (strength + penalty))
        errors = (directions * np.sqrt(noise / (strength + penalty))).T
        return level - slopes @ mean, slopes, (np.sqrt(noise / n), errors)


def _variances(errors, down, right):
    """Return the variance at every pixel, (H, W): the sum over `errors` (directions, parts) of (down @ error @ right.T) squared.

    Pairs of parts come first and directions are summed before there are any pixels, which is some twenty times less work.
    """
    (height, rows), (width, columns) = down.shape, right.shape
    pairs = (errors.T @ errors).reshape(rows, columns, rows, columns).transpose(0, 2, 1, 3).reshape(rows**2, columns**2)
    of_rows = (down[:, :, None] * down[:, None]).reshape(height, -1)
    of_columns = (right[:, :, None] * right[:, None]).reshape(width, -1)
    return np.maximum(of_rows @ pairs @ of_columns.T, 0)


def _most_probable(strength, along, variation, n):
    """Return the penalty under which the answers are most probable, and the variance that the line leaves unexplained.

    strength, along: the sums of squares of the masks, and with the answers, in directions that do not mix.
    variation: the answers' sum of squares about their mean.
    """
    penalties = _PENALTIES[:, None] * max(strength.mean(), 1e-12)
    explained = (along**2 / (strength + penalties)).sum(axis=1)
    noise = np.maximum(variation - explained, 1e-13 * variation) / n
    if variation == 0:
        return penalties[-1, 0], 0.0
    evidence = -n * np.log(noise) - np.log1p(strength / penalties).sum(axis=1)
    best = int(evidence.argmax())
    return penalties[best, 0], noise[best]
