"""Does the network depend on what the map shows? Take pixels away, or put them in, in the map's order.

Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018.
"""

from dataclasses import dataclass

import numpy as np

from .._types import Fill, Heatmap, ImageLike, Target
from .._validation import one_of, whole_number
from ..classifier import Classifier
from ..methods.shared.fills import fill_image, in_words
from ..results import Attribution, Cost
from .maps import checked_map


@dataclass(frozen=True, eq=False)
class Curve:
    """The score of one class while pixels are taken away or put in; `float(curve)` is the area under it.

    kind: "deletion" or "insertion". fractions: (steps + 1,) share of the pixels changed, 0 to 1. scores: (steps + 1,).
    area: mean height of the curve; areas with different baselines, steps or scores can't be compared.
    baseline: what stands where the image is not. of: "probability" or "logit".
    """

    kind: str
    fractions: np.ndarray
    scores: np.ndarray
    baseline: str
    of: str
    class_name: str
    cost: Cost

    @property
    def steps(self):
        """Number of steps."""
        return len(self.scores) - 1

    @property
    def area(self):
        """Area under the curve: low is good for deletion, high for insertion."""
        heights = (self.scores[1:] + self.scores[:-1]) / 2
        return float(heights @ np.diff(self.fractions))

    def __float__(self):
        return self.area

    def __repr__(self):
        return (
            f"{self.kind}: area {self.area:.3f} under the {self.of} of {self.class_name!r} "
            f"({self.steps} steps, baseline {self.baseline}, {self.cost})"
        )


def deletion(
    classifier: Classifier,
    attribution: Heatmap,
    *,
    image: ImageLike | None = None,
    target: Target = None,
    steps: int = 50,
    baseline: Fill = "mean",
    of: str = "probability",
    seed: int = 0,
    batch_size: int = 32,
) -> Curve:
    """Return the deletion Curve: the class's score while the highest pixels are replaced first. A low area is good.

    attribution: an Attribution, or a map (H, W) together with `image` (H, W, 3) and `target`.
    steps: number of steps from the image to the baseline. baseline: "mean" (the image's mean colour), "blur", "black",
        "white", "noise", a grey level 0..255, an RGB colour, or an image (H, W, 3). of: "probability" or "logit".
    seed: decides the order of pixels with the same value, and the noise.
    Raises ValueError for steps below 1 or a baseline of another size. Source: Petsiuk and others, BMVC 2018.
    """
    return _curve("deletion", classifier, attribution, image, target, steps, baseline, of, seed, batch_size)


def insertion(
    classifier: Classifier,
    attribution: Heatmap,
    *,
    image: ImageLike | None = None,
    target: Target = None,
    steps: int = 50,
    baseline: Fill = "mean",
    of: str = "probability",
    seed: int = 0,
    batch_size: int = 32,
) -> Curve:
    """Return the insertion Curve: the class's score while the highest pixels come into the baseline first. A high area is good.

    Arguments and errors as `deletion`. Source: Petsiuk and others, BMVC 2018.
    """
    return _curve("insertion", classifier, attribution, image, target, steps, baseline, of, seed, batch_size)


def _curve(kind, classifier, attribution, image, target, steps, baseline, of, seed, batch_size):
    heatmap, image, target = question_of(classifier, attribution, image, target)
    one_of(of, "of", ("probability", "logit"))
    seed, batch_size = whole_number(seed, "seed", 0), whole_number(batch_size, "batch_size")
    steps = whole_number(steps, "steps", most=heatmap.size, what="a whole number, at most the pixels of the map,")
    base = fill_image(image, baseline, name="baseline", seed=seed)
    rank = ranks(heatmap, seed)
    # changed[i] pixels are changed at step i; the first picture is untouched, the last one wholly changed.
    changed = np.rint(np.arange(steps + 1) * heatmap.size / steps).astype(int)
    start, end = (image, base) if kind == "deletion" else (base, image)
    ask = classifier.probabilities if of == "probability" else classifier.logits
    scores = []
    with classifier.measure() as cost:
        for first in range(0, steps + 1, batch_size):
            now = changed[first : first + batch_size, None, None, None]
            scores.append(ask(np.where(rank[..., None] < now, end, start), batch_size=batch_size)[:, target])
    return Curve(
        kind,
        changed / heatmap.size,
        np.concatenate(scores).astype(np.float64),
        in_words(baseline),
        of,
        classifier.class_names[target],
        cost(),
    )


def question_of(classifier, attribution, image, target):
    """Return (map, image, class index), from the Attribution where they are not given."""
    if not isinstance(classifier, Classifier):
        raise TypeError(f"The first argument is {type(classifier).__name__}: give the Classifier that was explained.")
    heatmap = checked_map(attribution)
    if isinstance(attribution, Attribution):
        image = attribution.image if image is None else image
        target = attribution.target if target is None else target
    if image is None or target is None:
        raise ValueError("A plain map does not say what it explains: give image= and target= too, or an Attribution.")
    image = classifier.check(image)
    if image.shape[:2] != heatmap.shape:
        raise ValueError(f"The map is {heatmap.shape} and the image {image.shape[:2]}: both must have the same size.")
    return heatmap, image, classifier.class_index(target)


def ranks(heatmap, seed=0):
    """Return the rank of every pixel, (H, W), 0 for the highest; pixels with the same value in random order."""
    # In reading order, ties would favour the top of the image; whole superpixels are ties.
    tie_breaker = np.random.default_rng(seed).permutation(heatmap.size)
    order = np.lexsort((tie_breaker, -heatmap.ravel()))
    rank = np.empty(heatmap.size, dtype=int)
    rank[order] = np.arange(heatmap.size)
    return rank.reshape(heatmap.shape)
