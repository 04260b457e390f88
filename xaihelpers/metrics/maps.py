"""What every metric needs first: a map and a mask that fit together."""

from .._validation import as_array, shown
from ..images import check_map as checked_map


def checked_pair(heatmap, mask):
    """Return (map, mask) as float64 and bool, both (H, W), with at least one pixel inside the mask."""
    array, mask = checked_map(heatmap), as_array(mask, "mask")
    if mask.dtype.kind not in "buif":
        raise TypeError(f"The mask is {shown(mask)}: expected true and false, or numbers, (H, W).")
    if mask.shape != array.shape:
        raise ValueError(f"The map is {array.shape} and the mask {mask.shape}: both must have the same size.")
    mask = mask.astype(bool)
    if not mask.any():
        raise ValueError(
            "The mask has no pixel inside, so there is nothing to find: leave this image out (healthy skin has no lesions)."
        )
    return array, mask


def ranks(values):
    """Return the rank of each value among all of them, (N,), counted from 1; equal values share their mean rank."""
    # Late: nobody waits for scipy's statistics, half a second, before a rank is asked for.
    from scipy.stats import rankdata

    return rankdata(values, axis=None)
