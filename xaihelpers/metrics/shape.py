"""How plain is a map, and how like another? Numbers that need no network and no mask."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._types import Heatmap
from .._validation import listed, number, shown, yes_or_no
from .maps import checked_map, ranks


def sparseness(heatmap: Heatmap) -> float:
    """Return the Gini index of the map's absolute values: 0 for a flat map, 1 - 1/n for a single pixel of n.

    heatmap: (H, W) or an Attribution. A map of zeros is flat: 0.
    Source: Hurley and Rickard, "Comparing Measures of Sparsity", IEEE Transactions on Information Theory, 2009; for
    explanations Chalasani and others, "Concise Explanations of Neural Networks using Adversarial Training", ICML 2020.
    """
    values = np.sort(np.abs(checked_map(heatmap)), axis=None)
    n, total = len(values), values.sum()
    if total == 0:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ values / (n * total))


def rank_correlation(
    a: Heatmap,
    b: Heatmap,
    *,
    absolute: bool = False,
) -> float:
    """Return Spearman's rank correlation of two maps, -1 to 1; NaN where one of them is the same everywhere.

    a, b: (H, W) or Attributions. absolute: compare the absolute values, where the sign is not of interest.
    Source: Spearman, "The Proof and Measurement of Association between Two Things", 1904.
    """
    a, b = checked_map(a), checked_map(b)
    if a.shape != b.shape:
        raise ValueError(f"The maps are {a.shape} and {b.shape}: both must have the same size.")
    absolute = yes_or_no(absolute, "absolute")
    a, b = (ranks(np.abs(m) if absolute else m) for m in (a, b))
    a, b = a - a.mean(), b - b.mean()
    length = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / length) if length > 0 else float("nan")


def agreement(
    a: Heatmap,
    b: Heatmap,
    *,
    top: float = 0.1,
) -> float:
    """Return how much of their highest pixels two maps share, 0 to 1; two random maps share `top`.

    a, b: (H, W) or Attributions. top: the share of the pixels that counts as highest. Ties count as in `rank_inside`.
    Source: Krishna and others, "The Disagreement Problem in Explainable Machine Learning", arXiv 2202.01602, 2022
    ("feature agreement").
    """
    top = number(top, "top", above=0, most=1, what="a share of the pixels")
    a, b = checked_map(a), checked_map(b)
    if a.shape != b.shape:
        raise ValueError(f"The maps are {a.shape} and {b.shape}: both must have the same size.")
    k = max(1, round(top * a.size))
    return float((_chosen(a, k) * _chosen(b, k)).sum() / k)


def _chosen(heatmap, k):
    """Return for every pixel how likely it is among the k highest: 1, 0, or a share where values are tied."""
    border = np.partition(heatmap.ravel(), -k)[-k]
    above, tied = heatmap > border, heatmap == border
    return above + tied * (k - above.sum()) / tied.sum()


def agreement_matrix(
    maps: Any,
    measure: Callable[[Any, Any], float] = rank_correlation,
) -> Any:
    """Return the (n, n) matrix of `measure` between every two of n maps.

    maps: a list of maps of one image. measure: a function of two maps, such as `rank_correlation` or `agreement`.
    """
    maps = listed(maps, "maps", "maps of one image")
    if not callable(measure):
        raise TypeError(f"measure is {shown(measure)}: give a function of two maps, such as rank_correlation.")
    matrix = np.eye(len(maps))
    for i in range(len(maps)):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = _measured(measure, maps[i], maps[j])
    return matrix


def _measured(measure, one, other):
    """Return what a function says of two maps, a number; raise TypeError where it takes no two, or gives no number."""
    try:
        value = measure(one, other)
    except TypeError as error:
        if str(error).endswith("."):  # a sentence of our own about the maps
            raise
        raise TypeError(
            f"measure is {shown(measure)}, and two maps can't be given to it: give one such as rank_correlation."
        ) from error
    if np.ndim(value) or not isinstance(value, (int, float, np.number, np.bool_)):
        raise TypeError(
            f"measure gave {shown(value)} for two maps: give a function that returns a number, such as rank_correlation."
        )
    return value
