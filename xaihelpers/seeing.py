"""How a map is drawn so that it is seen. Only drawing asks here: no number of a map is ever changed.

A map with a value of its own for each pixel (a gradient) has a few extreme pixels among thousands of small ones. With the last
colour at its largest value all others are pale, and single pixels are finer than the picture shows. So it is drawn in small
blocks, each the mean of its pixels, and the colours end where only a hundredth of the blocks is larger.
"""

from typing import NamedTuple

import numpy as np

from .images import check_map
from .results import Attribution

LARGE = 99  # percent of a map's values that stay below what counts as large, in size
BLOCKS = 56  # along the shorter edge, at most about so many: 4 pixels a block at 224
_SMALLEST = 64  # pixels: a smaller map is a toy, whose single values are meant to be read


class Seen(NamedTuple):
    """What is drawn of a map. values: (H, W) float32. limit: where the colours end, None for the largest value.

    block: pixels an edge that are averaged. words: what was done, for a caption; "" for nothing.
    """

    values: np.ndarray
    limit: float | None
    block: int = 1
    words: str = ""


def seen(result):
    """Return the `Seen` of an Attribution or a map (H, W): in blocks, with large values cut, where it is a map of pixels."""
    values = check_map(result).astype(np.float32)
    if not isinstance(result, Attribution):
        return Seen(values, None)
    if not result.pixelwise or min(values.shape) < _SMALLEST or not values.any():
        return Seen(values, result.full_scale)
    block = max(1, round(min(values.shape) / BLOCKS))
    values = in_blocks(values, block)
    return Seen(values, large(values), block, f"drawn in blocks of {block} pixels, the largest hundredth in the last colour")


def in_blocks(heatmap, block):
    """Return a map (H, W) in which every square of `block` pixels has its mean; those at the border are cut off."""
    starts = [np.arange(0, edge, block) for edge in heatmap.shape]
    sums = np.add.reduceat(np.add.reduceat(heatmap.astype(np.float64), starts[0], axis=0), starts[1], axis=1)
    sizes = [np.diff(np.append(start, edge)) for start, edge in zip(starts, heatmap.shape)]
    means = (sums / np.multiply.outer(*sizes)).astype(np.float32)
    return means.repeat(sizes[0], axis=0).repeat(sizes[1], axis=1)


def large(heatmap):
    """Return the value under which nearly all pixels of a map stay, in size; its largest where most are 0, 1 for none."""
    size = np.abs(heatmap)
    return float(np.percentile(size, LARGE) or size.max() or 1.0)
