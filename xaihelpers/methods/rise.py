"""RISE: hide random parts of the image many times; a pixel matters if the class does well when it is kept.

Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018.
"""

import numpy as np

from .._types import Fill, ImageLike, Target
from .._validation import number, one_of
from ..classifier import Classifier
from .shared.budget import Budget, counting_down
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.fills import fill_image
from .shared.mask_regression import LARGEST_GRID, Estimate, LineThroughAnswers
from .shared.masks import DESIGNS, Masks
from .shared.questions import LIKELY_SAME, ask, keeps_answers, scales

_SLIDERS = {
    "n_masks": Slider(100, 1000, 100, default=500),
    "grid": Slider(2, 14, 1, default=8),
    "p": Slider(0.1, 0.9, 0.1, default=0.5),
    "design": Slider(options=list(DESIGNS)),
    "of": Slider(options=scales, default="probability"),
}


_BUDGET = Budget(lambda shape, given: given["n_masks"], counting_down("n_masks", 2), asks_class=True)


@technique(
    family="perturbation",
    needs_gradients=False,
    sliders=_SLIDERS,
    budget=_BUDGET,
    title="RISE",
    signed=False,  # a mean answer, also where it is a logit below zero
    above_mean=True,
)
def rise(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    n_masks: int = 1000,
    grid: int = 8,
    p: float = 0.5,
    fill: Fill = "black",
    of: str = "probability",
    design: str = "balanced",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the RISE map of one class, (H, W): its expected score, given that the pixel is kept.

    classifier: any Classifier. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    n_masks: how many masked images are asked: this is the whole cost. The first masks of a larger number are those of a
        smaller one. grid: cells an edge of a mask. p: the probability that a cell is kept. fill: what is hidden turns into
        this: "black" (the paper's), "mean" (the image's mean colour), "blur", "white", "noise", a grey level or a colour, or
        an image (H, W, 3).
    of: "probability", or "logit": where the network is nearly certain the softmax hides what a covered part costs.
    design: "balanced" needs fewer masks for the same map: cells are kept equally often, alone and in pairs, and the map is
        read from a straight line through the answers. "independent" is the paper's: a coin for every cell, and the
        map is the sum of score times mask, over the sum of the masks.
    progress: say what it costs, show a bar, and, if you interrupt it, keep the map of the masks asked so far.
    seconds, questions: at most so many: the map is then of fewer masks, as `parameters` say; see also `xh.cost_of`.
    details: "standard_error" (H, W), "answers" (n_masks,) in the order asked.
    Raises ValueError in one sentence for an argument out of range. Source: Petsiuk and others, BMVC 2018.
    """
    n_masks, batch_size = whole_number(n_masks, "n_masks", 2), whole_number(batch_size, "batch_size")
    seed = whole_number(seed, "seed", 0)
    masks = Masks(image.shape[:2], _checked_grid(grid, image.shape), _checked_share(p), _checked_design(design), seed)
    covered = fill_image(image, fill, seed=seed)
    if target is None:
        target = classifier.class_index(None, image)
    # A grid too fine for a line with a slope for every part is averaged, as in the paper.
    found = LineThroughAnswers(masks) if design == "balanced" and grid <= LARGEST_GRID else WeightedMean(masks)
    answers, stopped = [], ()
    try:
        batches = _masked(image, covered, masks, n_masks, batch_size)
        for drawn, scores in ask(classifier, batches, "rise", n_masks, progress, of):
            found.add(*drawn, scores[:, target])
            answers.append(scores[:, target])
    except KeyboardInterrupt as stop:
        if not answers or not keeps_answers(stop, progress):
            raise
        stopped = (f"Interrupted: this is the map of the first {sum(map(len, answers))} of {n_masks} masks.",)
    estimate, answers = found.estimate(), np.concatenate(answers)
    details = {"standard_error": estimate.error, "answers": answers}
    return Finding(estimate.heatmap, target, details, (*stopped, *_doubts(estimate, answers)))


def _masked(image, covered, masks, n_masks, batch_size):
    """Yield ((cells, shifts), images): the next masks and the image seen through them, in an array used again and again."""
    height, width, channels = image.shape
    seen = np.empty((min(batch_size, n_masks), height, width * channels), dtype=np.float32)
    behind = np.ascontiguousarray(covered, dtype=np.float32).reshape(height, width * channels)
    over = np.ascontiguousarray(image, dtype=np.float32).reshape(height, width * channels) - behind
    for start in range(0, n_masks, batch_size):
        n = min(batch_size, n_masks - start)
        drawn = masks.draw(n)
        masks.build(*drawn, channels, out=seen[:n])
        seen[:n] *= over
        if behind.any():
            seen[:n] += behind
        yield drawn, seen[:n].reshape(n, height, width, channels)


class WeightedMean:
    """The paper's map: of the answers to all masks the mean for every pixel, weighted by how far it was kept."""

    def __init__(self, masks):
        self.masks = masks
        self._kept, self._squares, self._answers = 0.0, 0.0, np.zeros(3)

    def add(self, cells, shifts, answers):
        """Take in the answers (n,) to the masks that (cells, shifts) stand for."""
        masks = self.masks.build(cells, shifts)
        weights = np.stack([np.ones_like(answers), answers, answers**2]).astype(np.float32)
        kept = self._kept + np.tensordot(weights[:2], masks, 1).astype(float)
        masks *= masks
        squares = self._squares + np.tensordot(weights, masks, 1).astype(float)
        # All at once: an interruption on the way leaves whole batches only.
        self._kept, self._squares, self._answers = kept, squares, self._answers + weights.sum(axis=1, dtype=float)

    def estimate(self):
        """Return the Estimate so far. A pixel that no mask kept has the map 0 and an infinite error."""
        never = self._kept[0] <= 0
        kept, score = np.where(never, 1, self._kept[0]), self._kept[1]
        heatmap = score / kept
        one, two, three = self._squares
        # The variance of a ratio of two sums: sum of (mask x (answer - map))^2 over (sum of masks)^2.
        variance = np.maximum(three - 2 * heatmap * two + heatmap**2 * one, 0) / kept**2
        error = np.where(never, np.inf, np.sqrt(variance))
        n, total, squares = self._answers
        # All pixels share the error of the mean answer. What is left is in the map's own variation as well.
        chance = max(float((error**2).mean()) - (squares / n - (total / n) ** 2) / n, 0.0)
        signal = np.sqrt(max(float(heatmap.var()) - chance, 0.0))
        return Estimate(np.float32(heatmap), np.float32(error), signal, np.sqrt(chance))


def _doubts(estimate, answers):
    """Return the reasons, if any, not to trust this map, and what to do about each."""
    if np.ptp(answers) < LIKELY_SAME:
        return (
            "The probability is the same whatever is hidden: the network does not look at this image for this class. "
            "Choose another class.",
        )
    if not estimate.noise <= estimate.signal:
        return (
            f"RISE's standard error ({estimate.noise:.2g} from pixel to pixel) is larger than its signal "
            f"({estimate.signal:.2g}): the map is mostly chance. Ask more than {len(answers)} masks, or use a coarser "
            "grid.",
        )
    return ()


def _checked_grid(grid, shape):
    grid, shorter = whole_number(grid, "grid"), min(shape[:2])
    if grid > shorter:
        raise ValueError(f"grid is {grid} and the image's shorter edge {shorter} pixels: give {shorter} cells or fewer.")
    return grid


def _checked_share(p):
    return number(p, "p", above=0, below=1, what="the probability that a cell is kept,")


def _checked_design(design):
    return one_of(design, "design", DESIGNS)
