"""Does the importance of each region agree with what is lost when it is truly gone?

For images of which each part can be taken away for good, such as the drawn rashes (`RashData.without_each_lesion`): what is
asked is an image like any other, with nothing grey, blurred or black in it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .._types import Heatmap, Target
from .._validation import as_array, is_number, one_of, shown, whole_number
from ..classifier import Classifier
from .curves import Curve
from .maps import checked_map, ranks


def importance(
    heatmap: Heatmap,
    regions: ArrayLike,
) -> np.ndarray:
    """Return how much of a map lies on each region, (k,): the sum of its values there.

    heatmap: (H, W) or an Attribution. regions: (k, H, W), true where each is; they may overlap.
    """
    heatmap = checked_map(heatmap)
    return _checked(regions, heatmap).reshape(-1, heatmap.size).astype(np.float64) @ heatmap.ravel()


def removal_correlation(
    heatmap: Heatmap,
    regions: ArrayLike,
    drops: ArrayLike,
) -> float:
    """Return Spearman's rank correlation of the importance of regions with the true drops, -1 to 1.

    heatmap, regions: as in `importance`. drops: (k,) by how much the score falls when the region is gone.
    A map that gives all regions the same tells none from another: 0. NaN for fewer than three regions, or where all drops are
    the same. Larger regions tend to have larger drops, so compare with a map of random numbers.
    """
    given, drops = importance(heatmap, regions), _numbers(drops, len(regions))
    if len(drops) < 3 or np.ptp(drops) == 0:
        return float("nan")
    if np.ptp(given) <= 1e-12 * np.abs(given).max():
        return 0.0
    a, b = ranks(given), ranks(drops)
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def completeness(
    heatmap: Heatmap,
    regions: ArrayLike,
    drop: float,
) -> float:
    """Return the share of the true drop that a map accounts for: its sum over all regions, divided by the drop. 1 is right.

    heatmap, regions: as in `importance`; a pixel of two regions counts once. drop: by how much the score falls when all
    regions are gone. It means something only for maps in units of the score, such as those of integrated gradients and Deep
    SHAP. NaN where nothing is lost. Source: Sundararajan, Taly and Yan, ICML 2017 (completeness), here for true removal.
    """
    heatmap = checked_map(heatmap)
    if not is_number(drop):
        raise ValueError(f"drop is {shown(drop)}: expected by how much the score falls, one number.")
    total = heatmap[_checked(regions, heatmap).any(axis=0)].sum()
    return float(total / drop) if abs(drop) > 1e-9 else float("nan")


def removal_curve(
    classifier: Classifier,
    attribution: Heatmap,
    regions: ArrayLike,
    draw: Callable[[list[int]], np.ndarray],
    *,
    target: Target = None,
    steps: int = 6,
    of: str = "probability",
    batch_size: int = 32,
) -> Curve:
    """Return the Curve of a class's score while whole regions are truly removed, the most important first. A low area is good.

    attribution: an Attribution, or a map (H, W) together with `target`. regions: as in `importance`. draw: a function of the
    numbers of the regions that stay, which returns the image (H, W, 3) with these only, such as `data.sketch(i)`'s `.drawn`
    for the drawn rashes. steps: number of images after the first; fewer where there are fewer regions.
    of: "probability" or "logit". The last image has no region left, whatever the map, so only the way there differs.
    """
    heatmap, of = checked_map(attribution), one_of(of, "of", ("probability", "logit"))
    target = classifier.class_index(getattr(attribution, "target", None) if target is None else target)
    order = np.argsort(-importance(heatmap, regions), kind="stable")
    if not len(order):
        raise ValueError("There is no region to remove: leave this image out (healthy skin has no lesions).")
    gone = np.unique(np.rint(np.linspace(0, len(order), min(whole_number(steps, "steps"), len(order)) + 1)).astype(int))
    images = np.stack([draw(np.sort(order[n:])) for n in gone])
    ask = classifier.probabilities if of == "probability" else classifier.logits
    with classifier.measure() as cost:
        scores = ask(images, batch_size=batch_size)[:, target].astype(np.float64)
    name = classifier.class_names[target]
    return Curve("true removal", gone / len(order), scores, "the image without them", of, name, cost())


def _checked(regions, heatmap):
    regions = as_array(regions, "regions")
    if regions.ndim != 3 or regions.shape[1:] != heatmap.shape:
        raise ValueError(f"The regions have shape {regions.shape}: expected (k, {heatmap.shape[0]}, {heatmap.shape[1]}).")
    return regions.astype(bool)


def _numbers(drops, count):
    drops = as_array(drops, "drops").astype(np.float64)
    if drops.shape != (count,) or not np.isfinite(drops).all():
        raise ValueError(f"drops is {shown(drops)}: expected {count} numbers, one for each region.")
    return drops
