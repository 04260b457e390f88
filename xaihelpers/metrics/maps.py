"""What every metric needs first: a map and a mask that fit together."""

import numpy as np


def checked_map(heatmap):
    """Return a map (an Attribution or an array) as float64 (H, W), or raise in one sentence."""
    array = np.asarray(heatmap, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"The map has shape {array.shape}: expected (H, W), or an Attribution.")
    if not np.isfinite(array).all():
        raise ValueError("The map has values that are NaN or infinite: nothing can be measured on it.")
    return array


def checked_pair(heatmap, mask):
    """Return (map, mask) as float64 and bool, both (H, W), with at least one pixel inside the mask."""
    array, mask = checked_map(heatmap), np.asarray(mask)
    if mask.shape != array.shape:
        raise ValueError(f"The map is {array.shape} and the mask {mask.shape}: both must have the same size.")
    mask = mask.astype(bool)
    if not mask.any():
        raise ValueError("The mask has no pixel inside, so there is nothing to find: leave this image out "
                         "(healthy skin has no lesions).")  # fmt: skip
    return array, mask
