"""What every metric needs first: a map and a mask that fit together."""

import numpy as np

from .._validation import as_array, shown
from ..images import check_map as checked_map


def checked_pair(heatmap, mask):
    """Return (map, mask) as float64 and bool, both (H, W), with at least one pixel inside the mask."""
    array = checked_map(heatmap)
    mask = checked_mask(mask, array.shape)
    if not mask.any():
        raise ValueError(
            "The mask has no pixel inside, so there is nothing to find: leave this image out (healthy skin has no lesions)."
        )
    return array, mask


def checked_mask(mask, shape):
    """Return a mask as bool, (H, W), or raise in one sentence where it is none, or of another size than the map."""
    mask = as_array(mask, "mask")
    if mask.dtype.kind not in "buif":
        raise TypeError(f"The mask is {shown(mask)}: expected true and false, or numbers, (H, W).")
    if mask.shape != shape:
        raise ValueError(f"The map is {shape} and the mask {mask.shape}: both must have the same size.")
    if mask.dtype.kind == "f" and np.isnan(mask).any():
        raise ValueError("The mask has values that are NaN: expected true and false, or numbers, (H, W).")
    return mask.astype(bool)


def ranks(values):
    """Return the rank of each value among all of them, (N,), counted from 1; equal values share their mean rank."""
    # Late: nobody waits for scipy's statistics, half a second, before a rank is asked for.
    from scipy.stats import rankdata

    return rankdata(values, axis=None)
