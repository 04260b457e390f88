"""Random masks for RISE: a coarse grid of cells that are kept or hidden, enlarged smoothly, shifted at random.

Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018.
"""

import numpy as np

from .threads import one_thread

DESIGNS = ("balanced", "independent")
_LARGEST_BLOCK = 1024  # rows of the largest Hadamard matrix made; beyond it cells are only kept equally often


class Masks:
    """The masks of one size, in an order that the seed decides: `draw` the next ones, `build` them at full size.

    shape: (H, W) of the image. grid: cells an edge; where that is one cell a pixel, nothing is enlarged or shifted.
    p: the probability that a cell is kept.
    design: "independent" tosses a coin for every cell of every mask; "balanced" keeps every cell equally often, and at
        p = 0.5 any two (even three) cells in all their combinations equally often: rows of a Hadamard matrix and their
        negatives. Either way each mask has a shift of its own, and the first n masks of a seed are always the same.
    """

    def __init__(self, shape, grid=8, p=0.5, design="balanced", seed=0):
        self.shape, self.grid, self.p, self.design = tuple(shape), grid, p, design
        # For both directions (shifts, edge, grid): the rows, or columns, of the enlarged grid that the image sees.
        self.windows = tuple(_windows(edge, grid) for edge in shape)
        self.steps = tuple(len(windows) for windows in self.windows)
        self._cells_from, self._shifts_from = (np.random.default_rng([seed, part]) for part in (0, 1))
        self._waiting = np.empty((0, grid * grid), dtype=bool)

    def draw(self, n):
        """Return the next n masks in short: cells (n, grid, grid) of bool, and shifts (n, 2) in pixels, down and right."""
        while len(self._waiting) < n:
            self._waiting = np.concatenate([self._waiting, self._more(n)])
        cells, self._waiting = self._waiting[:n], self._waiting[n:]
        # Shifts as fractions: the stream is the same however many are drawn at a time.
        shifts = (self._shifts_from.random((n, 2)) * self.steps).astype(int)
        return cells.reshape(n, self.grid, self.grid), shifts

    def build(self, cells, shifts, channels=1, out=None):
        """Return masks (n, H, W * channels) float32 from 0 (hidden) to 1 (kept); each column `channels` times in a row."""
        height, width = self.shape[0], self.shape[1] * channels
        down = self.windows[0][shifts[:, 0]] @ cells.astype(np.float32)
        right = np.repeat(self.windows[1], channels, axis=1)[shifts[:, 1]].transpose(0, 2, 1)
        out = np.empty((len(cells), height, width), np.float32) if out is None else out
        with one_thread():
            return np.matmul(down, right, out=out)

    def pooled(self, bins):
        """Return two tables, (shifts, bins, grid): as `windows`, averaged over bins[0] rows and bins[1] columns of parts."""
        return tuple(_averages(*each) @ windows for each, windows in zip(zip(bins, self.shape), self.windows))

    def _more(self, n):
        cells = self.grid**2
        if self.design == "independent":
            return self._cells_from.random((n, cells)) < self.p
        order = 1 << (cells - 1).bit_length()
        if self.p == 0.5 and order <= _LARGEST_BLOCK:
            return _orthogonal(order, cells, self._cells_from)
        return _equally_often(_LARGEST_BLOCK, cells, self.p, self._cells_from)


def _windows(edge, grid):
    """Return (shifts, edge, grid): `grid` cells, enlarged bilinearly to the size of grid + 1 cells, seen from each shift."""
    cell = -(-edge // grid)
    if cell == 1:
        return np.eye(edge, grid, dtype=np.float32)[None]
    pixels = (grid + 1) * cell
    centre = np.clip((np.arange(pixels) + 0.5) * grid / pixels - 0.5, 0, grid - 1)
    enlarged = np.maximum(0, 1 - np.abs(centre[:, None] - np.arange(grid))).astype(np.float32)
    return np.stack([enlarged[shift : shift + edge] for shift in range(cell)])


def _averages(bins, edge):
    """Return the matrix (bins, edge) that averages pixels over bins of nearly equal size."""
    member = (np.arange(edge) * bins // edge) == np.arange(bins)[:, None]
    return (member / member.sum(axis=1, keepdims=True)).astype(np.float32)


def _orthogonal(order, cells, rng):
    """Return 2 * order rows: a Hadamard matrix with its rows, columns and signs shuffled, and the negative of every row."""
    from scipy.linalg import hadamard

    kept = hadamard(order, dtype=np.int8)[:, rng.permutation(order)[:cells]] > 0
    kept ^= rng.random((1, cells)) < 0.5
    return rng.permutation(np.concatenate([kept, ~kept]))


def _equally_often(n, cells, p, rng):
    """Return n rows in which every cell is kept in n * p of them, rounded up or down at random."""
    place = rng.permuted(np.tile(np.arange(n), (cells, 1)), axis=1).T
    return (place + rng.random((1, cells))) / n < p
