"""ROAD: pixels are removed by filling them in from their neighbours, so that the hole itself tells the network little.

Rong, Leemann, Borisov, Kasneci and Kasneci, "A Consistent and Efficient Evaluation Strategy for Attribution Methods",
ICML 2022.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._types import Heatmap, ImageLike, Target
from .._validation import as_array, one_of, shown, whole_number
from ..classifier import Classifier
from .curves import Curve, question_of, ranks

# A filled pixel is the weighted mean of its eight neighbours: the four at its sides count twice as much as the corners.
_NEIGHBOURS = [(dy, dx, 1 / 6 if 0 in (dy, dx) else 1 / 12) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
NOISE = 2.55  # on what is filled in: a hundredth of the range of grey levels, so that smoothness does not give it away


def road(
    classifier: Classifier,
    attribution: Heatmap,
    *,
    image: ImageLike | None = None,
    target: Target = None,
    shares: Sequence[float] = (0.1, 0.3, 0.5, 0.7, 0.9),
    first: str = "highest",
    seed: int = 0,
    batch_size: int = 32,
) -> Curve:
    """Return the ROAD Curve: the class's probability while pixels are filled in from their neighbours, in the map's order.

    attribution, image, target: as in `deletion`. shares: of the pixels that are removed, each above 0 and below 1.
    first: "highest" removes the most important pixels first (a low area is good), "lowest" the least important (a high
    area is good). seed: decides the order of pixels with the same value, and the noise on what is filled in.
    Source: Rong and others, ICML 2022 ("noisy linear imputation", MoRF and LeRF).
    """
    heatmap, image, target = question_of(classifier, attribution, image, target)
    one_of(first, "first", ("highest", "lowest"))
    shares = as_array(shares, "shares").astype(np.float64)
    if shares.ndim != 1 or not len(shares) or not ((shares > 0) & (shares < 1)).all() or (np.diff(shares) <= 0).any():
        raise ValueError(f"shares is {shown(shares)}: expected shares of the pixels, above 0 and below 1, in rising order.")
    order = ranks(heatmap if first == "highest" else -heatmap, whole_number(seed, "seed", 0))
    removed = [order < round(share * heatmap.size) for share in shares]
    with classifier.measure() as cost:
        pictures = np.stack([image, *(fill_in(image, mask, seed=seed) for mask in removed)])
        scores = classifier.probabilities(pictures, batch_size=whole_number(batch_size, "batch_size"))[:, target]
    name = f"ROAD, {first} first"
    return Curve(
        name,
        np.array([0, *shares]),
        scores.astype(float),
        "the neighbours",
        "probability",
        classifier.class_names[target],
        cost(),
    )


def fill_in(
    image: ImageLike,
    mask: ArrayLike,
    *,
    noise: Any = NOISE,
    seed: int = 0,
) -> np.ndarray:
    """Return the image with the pixels of a mask replaced by the mean of their neighbours, (H, W, 3) float32.

    All of them at once: each is the weighted mean of its eight neighbours, whether those were removed as well or not, which
    is a system of linear equations. noise: standard deviation, in grey levels, of what is added to them.
    Raises ValueError where no pixel is left to fill in from.
    """
    from scipy.sparse import csc_matrix
    from scipy.sparse.linalg import splu

    mask, image = np.asarray(mask, bool), np.asarray(image, np.float32)
    if mask.all():
        raise ValueError("Every pixel is removed: leave at least one to fill in from.")
    if not mask.any():
        return image.copy()
    number = np.full(mask.shape, -1)
    number[mask] = np.arange(mask.sum())
    rows, columns = np.nonzero(mask)
    total, known, entries = np.zeros(len(rows)), np.zeros((len(rows), image.shape[-1])), []
    for dy, dx, weight in _NEIGHBOURS:
        y, x = rows + dy, columns + dx
        there = (y >= 0) & (y < mask.shape[0]) & (x >= 0) & (x < mask.shape[1])
        total[there] += weight
        other = np.full(len(rows), -1)
        other[there] = number[y[there], x[there]]
        unknown = other >= 0
        entries.append((np.flatnonzero(unknown), other[unknown], np.full(unknown.sum(), -weight)))
        seen = there & ~unknown
        known[seen] += weight * image[y[seen], x[seen]]
    entries.append((np.arange(len(rows)), np.arange(len(rows)), total))
    i, j, values = (np.concatenate(part) for part in zip(*entries))
    solved = splu(csc_matrix((values, (i, j)), shape=(len(rows), len(rows)))).solve(known)
    filled = image.copy()
    filled[mask] = np.clip(solved + np.random.default_rng(seed).normal(0, noise, solved.shape), 0, 255)
    return filled
