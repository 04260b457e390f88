"""`make_rashes`: how many images of which class, and which of them carry an artefact."""

from typing import Any

import numpy as np

from .._validation import number, one_of, shown, whole_number, yes_or_no
from .artefacts import ARTEFACTS
from .data import RashData, draw_data
from .draw import generator
from .lesions import CLASSES

_CHOICES = 1_000  # a layer of the seed that no image uses: labels and artefacts


def make_rashes(
    n: int,
    seed: int = 0,
    *,
    class_weights: Any = None,
    artefact: str | None = None,
    artefact_class: str | None = None,
    artefact_probability: float = 0.95,
    progress: bool = False,
) -> RashData:
    """Returns `RashData`: `n` drawn images of six rash classes with the masks of their lesions and artefacts.

    n: number of images, at least 1.
    seed: 0 to 2**32 - 1. The same call gives the same bytes; an image depends on the seed, its own number and its
        label only, so the skin of image 3 is the same whatever n is. No seed gives an image of the test split.
    class_weights: None for balanced classes, or a dict from class names to weights (classes left out get none), or six
        numbers. The counts are as near to the proportions as whole numbers allow; their order is shuffled.
    artefact: None, "sticker" or "ruler".
    artefact_class: the one class whose images carry the artefact; None: all classes.
    artefact_probability: share of those images that carry it, 0 to 1.
    progress: show a bar.
    Raises ValueError for anything else, in one sentence.
    """
    n, seed = whole_number(n, "n", 1, 10_000_000), whole_number(seed, "seed", 0, 2**32 - 1)
    weights, progress = _checked_weights(class_weights), yes_or_no(progress, "progress")
    _check_artefact(artefact, artefact_class, artefact_probability)
    choices = generator("train", seed, _CHOICES)
    labels = choices.permutation(np.repeat(np.arange(len(CLASSES)), _counts(n, weights)))
    carries = choices.random(n) < (artefact_probability if artefact else 0)
    if artefact_class is not None:
        carries &= labels == CLASSES.index(artefact_class)
    return draw_data("train", seed, np.arange(n), labels, np.where(carries, artefact or "", ""), progress)


def _counts(n, weights):
    """Whole numbers (6,) that add up to n, nearest to the proportions: the largest remainders are rounded up."""
    exact = n * weights / weights.sum()
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: n - counts.sum()]] += 1
    return counts


def _checked_weights(weights):
    """The weights as an array (6,) float; all one for None."""
    if weights is None:
        return np.ones(len(CLASSES))
    if isinstance(weights, dict):
        unknown = [name for name in weights if name not in CLASSES]
        if unknown:
            raise ValueError(f"class_weights names {shown(unknown[0])}: the classes are {', '.join(CLASSES)}.")
        weights = [weights.get(name, 0) for name in CLASSES]
    try:
        array = np.asarray(weights, float)
    except (TypeError, ValueError):
        array = np.full(1, np.nan)
    if array.shape != (len(CLASSES),) or not np.isfinite(array).all() or array.min() < 0 or array.sum() == 0:
        raise ValueError(
            f"class_weights is {shown(weights)}: give six numbers of at least 0, not all 0, or a dict from class names to such "
            "numbers."
        )
    return array


def _check_artefact(artefact, artefact_class, probability):
    if artefact is not None:
        one_of(artefact, "artefact", ARTEFACTS, ", or None for none")
    if artefact_class is not None and (not isinstance(artefact_class, str) or artefact_class not in CLASSES):
        raise ValueError(f"artefact_class is {shown(artefact_class)}: the classes are {', '.join(CLASSES)}.")
    if artefact_class is not None and artefact is None:
        raise ValueError(f"artefact_class is {artefact_class!r} but artefact is None: say which, 'sticker' or 'ruler'.")
    number(probability, "artefact_probability", least=0, most=1, what="a share")
