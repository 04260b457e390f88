"""Is the map where the evidence is? Four numbers for a map and a mask of the evidence.

For the first three a map of random numbers scores the share of the image that the mask covers, `mask.mean()`: compare with
that. For `roc_area` it scores a half, however large the mask is.
"""

import numpy as np
from numpy.typing import ArrayLike

from .._types import Heatmap
from .._validation import number
from .maps import checked_pair, ranks


def pointing_game(
    heatmap: Heatmap,
    mask: ArrayLike,
    *,
    tolerance: float = 0,
) -> float:
    """Return 1.0 where the map's largest value lies inside the mask, else 0.0; the mean over images is the hit rate.

    heatmap: (H, W) or an Attribution. mask: (H, W), true where the evidence is. tolerance: pixels that the maximum may
    lie outside. Where several pixels share the largest value, the share of them inside: a flat map scores as chance does.
    Raises ValueError for a mask of another size or without a pixel. Source: Zhang and others, "Top-down Neural
    Attention by Excitation Backprop", ECCV 2016.
    """
    from scipy.ndimage import distance_transform_edt  # late, as in `ranks`

    heatmap, mask = checked_pair(heatmap, mask)
    tolerance = number(tolerance, "tolerance", least=0, what="a number of pixels")
    near = distance_transform_edt(~mask) <= tolerance
    return float(near[heatmap == heatmap.max()].mean())


def mass_inside(
    heatmap: Heatmap,
    mask: ArrayLike,
) -> float:
    """Return the share of the map's positive values that lies inside the mask, 0 to 1; NaN where none is positive.

    heatmap, mask: as in `pointing_game`. Negative values (evidence against the class) do not count.
    Source: Arras, Osman and Samek, "CLEVR-XAI" ("relevance mass accuracy"), Information Fusion, 2022.
    """
    heatmap, mask = checked_pair(heatmap, mask)
    positive = np.maximum(heatmap, 0)
    total = positive.sum()
    return float(positive[mask].sum() / total) if total > 0 else float("nan")


def rank_inside(
    heatmap: Heatmap,
    mask: ArrayLike,
) -> float:
    """Return the share of the K highest pixels that lies inside the mask of K pixels, 0 to 1.

    heatmap, mask: as in `pointing_game`. Only the order of the values matters, so that techniques on different scales can
    be compared. Of pixels tied at the border the share expected of a random choice counts.
    Source: Arras, Osman and Samek, "CLEVR-XAI" ("relevance rank accuracy"), Information Fusion, 2022.
    """
    heatmap, mask = checked_pair(heatmap, mask)
    k = int(mask.sum())
    border = np.partition(heatmap.ravel(), -k)[-k]
    above, tied = heatmap > border, heatmap == border
    chosen_of_tied = (k - above.sum()) / tied.sum()
    return float(((above & mask).sum() + chosen_of_tied * (tied & mask).sum()) / k)


def roc_area(
    heatmap: Heatmap,
    mask: ArrayLike,
    against: ArrayLike | None = None,
) -> float:
    """Return how likely a pixel inside the mask has a higher value than one outside it, 0 to 1: the area under the ROC curve.

    heatmap, mask: as in `pointing_game`. against: (H, W), the pixels to compare with; None is all that are not inside. A
    pixel in both counts as inside. A map of random numbers, and one that is the same everywhere, scores 0.5; all of the mask
    above all of the rest scores 1, the reverse 0. Ties count half. Only the order of the values matters, so an offset does not.
    Raises ValueError where nothing is left to compare with. Source: Fawcett, "An introduction to ROC analysis", Pattern
    Recognition Letters, 2006; for maps Bylinskii and others, "What do different evaluation metrics tell us about saliency
    models?", IEEE TPAMI, 2019.
    """
    heatmap, mask = checked_pair(heatmap, mask)
    against = ~mask if against is None else checked_pair(heatmap, against)[1] & ~mask
    inside, outside = heatmap[mask], heatmap[against]
    if not len(outside):
        raise ValueError("There is no pixel outside the mask to compare with: give a smaller mask, or another against=.")
    of_inside = ranks(np.concatenate([inside, outside]))[: len(inside)]
    return float((of_inside.sum() - len(inside) * (len(inside) + 1) / 2) / (len(inside) * len(outside)))
