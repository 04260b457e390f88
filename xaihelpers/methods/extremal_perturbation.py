"""Extremal perturbation: the part of the image, of a size that is given, that alone makes the class as strong as it can be.

Fong, Patrick and Vedaldi, "Understanding Deep Networks via Extremal Perturbations and Smooth Masks", ICCV 2019. There the size
of the mask is held by a penalty; here every mask on the way has it exactly. There its cells are made smooth by the largest of
some bumps around each pixel; here they are interpolated.
"""

import numpy as np

from .._progress import progress_bar
from .._types import Fill, ImageLike, Target
from .._validation import number, one_of, require_finite
from ..classifier import Classifier
from .shared.budget import Budget, counting_down
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.fills import WORDS, fill_image
from .shared.questions import scales

AREAS = (0.05, 0.1, 0.2, 0.4)
_GRID = 16  # cells an edge; fewer where the image has fewer pixels
_STEP = 10.0  # how far the cell that counts most gets ahead in one step; 1 is a mask that is only half decided
_NARROWING = 0.4  # of the steps go from the whole image down to the area
_SPREAD = 0.05  # of the start, by chance, so that equals do not stay equal
_SLIDERS = {
    "steps": Slider(10, 50, 10, default=20),
    "area": Slider(0.05, 0.5, 0.05, usual="0.05, 0.1, 0.2 and 0.4"),
    "grid": Slider(4, 16, 2, usual=f"{_GRID}"),
    "fill": Slider(options=list(WORDS), default="blur"),
    "of": Slider(options=scales, default="logit"),
}


def _cost(shape, given):
    masks = len(AREAS) if given["area"] is None else 1
    return given["steps"] * masks + masks + 1


@technique(
    family="perturbation",
    needs_gradients=True,
    sliders=_SLIDERS,
    prepare=lambda classifier: classifier.require_in_graph(),
    budget=Budget(_cost, counting_down("steps")),
)
def extremal_perturbation(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    area: float | None = None,
    steps: int = 30,
    grid: int | None = None,
    fill: Fill = "blur",
    of: str = "logit",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the extremal masks of one class, (H, W): 1 where a pixel is kept in masks of all sizes, 0 where in none.

    A mask leaves a share of the image as it is and turns the rest into the fill, so that the class is as strong as it can be.

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    area: the share of the image that is kept, above 0 and below 1; None is 0.05, 0.1, 0.2 and 0.4, and the map is the mean of
        the four masks. steps: of the search; each takes one forward and one backward pass for every mask.
    grid: a mask is drawn on so many cells an edge, and is smooth between them; None is 16, or the image's shorter edge.
    fill: what the rest turns into: "blur" (the image too blurred to tell what it shows, as in the paper), "mean" (its mean
        colour), "black", "white", "noise", a grey level or a colour, or an image (H, W, 3).
    of: what is made strong: "logit" or "probability".
    seconds, questions: at most so many: the search then takes fewer steps, as `parameters` say; see also `xh.cost_of`.
    details: "areas" (A,), "masks" (A, H, W), the best that were found, "scores" (A, steps + 1) on the way from the whole image
        to them, "kept" (A,), the probability of the class with each mask, "probability" (of the image as it is), "smallest",
        the first of the areas that keeps the class, None where none does.
    Raises ValueError in one sentence for an argument out of range. Source: Fong and others, ICCV 2019.
    """
    areas = np.array(AREAS if area is None else [number(area, "area", above=0, below=1)])
    steps, cells = whole_number(steps, "steps"), _checked_grid(grid, image.shape)
    one_of(of, "of", ("logit", "probability"))
    random = np.random.default_rng(whole_number(seed, "seed", 0))
    behind = fill_image(image, fill, seed=seed)
    look = _Look(classifier, image, behind, of, whole_number(batch_size, "batch_size"))
    search = _Search(image.shape, cells, len(areas), random)
    classifier.expect(_cost(None, {"area": area, "steps": steps}))

    whole, index = look.whole(target)
    best = _Best()
    for step in progress_bar(range(steps + 1), "extremal perturbation", "step", shown=progress):
        # From the whole image to the area that is asked for: what is seen too faintly has no gradient.
        narrow = min(1.0, step / (_NARROWING * steps))
        masks = search.masks(areas**narrow)
        scores, slopes, p = look(masks, index)
        best.add(masks, scores, p, counts=narrow == 1)
        search.move(slopes)
    kept = best.p.argmax(axis=1) == index
    details = {
        "areas": areas,
        "masks": best.masks,
        "scores": np.stack(best.way, axis=1),
        "kept": best.p[:, index],
        "probability": whole,
        "smallest": float(areas[kept][0]) if kept.any() else None,
    }
    doubts = _doubts(details, search.moved, classifier.class_names[index])
    return Finding(best.masks.mean(axis=0) * search.moved, index, details, doubts)


class _Best:
    """The masks with the highest scores so far, one for each area. way: the scores of every step."""

    def __init__(self):
        self.masks = self.p = self._scores = None
        self.way = []

    def add(self, masks, scores, p, counts):
        """Look at the masks (A, H, W) of one more step, with their scores (A,) and probabilities (A, C); only some count."""
        self.way.append(scores)
        if not counts:
            return
        if self.masks is None:
            self.masks, self._scores, self.p = masks, scores, p
            return
        better = scores > self._scores
        self._scores = np.where(better, scores, self._scores)
        self.p = np.where(better[:, None], p, self.p)
        self.masks = np.where(better[:, None, None], masks, self.masks)


class _Look:
    """The network's answers to an image seen through masks, and how each pixel of a mask moves them."""

    def __init__(self, classifier, image, behind, of, batch_size):
        self._classifier, self._behind, self._over = classifier, behind, image - behind
        self._batch_size, self._image = batch_size, image
        self._run = classifier.compiled(("extremal perturbation", of), lambda: _compiled(classifier, of))

    def whole(self, target):
        """Return (probability, class index) of the image as it is."""
        p = self._answers(self._image[None], 0)[2][0]
        index = self._classifier.class_index(target) if target is not None else self._classifier.class_index(int(p.argmax()))
        return float(p[index]), index

    def __call__(self, masks, index):
        """Return (scores (A,), slopes (A, H, W), probabilities (A, C)) for masks (A, H, W)."""
        scores, slopes, p = self._answers(self._behind + masks[..., None] * self._over, index)
        return scores, (slopes * self._over).sum(axis=-1), p

    def _answers(self, images, index):
        parts = []
        for start in range(0, len(images), self._batch_size):
            batch = np.ascontiguousarray(images[start : start + self._batch_size], dtype=np.float32)
            parts.append([each.numpy() for each in self._run(batch, index)])
            self._classifier.count(forward=len(batch), backward=len(batch))
        scores, slopes, p = (np.concatenate(part) for part in zip(*parts))
        require_finite(slopes.sum(), "The gradient is")
        return scores, slopes, p


def _compiled(classifier, of):
    """Compile: images, class index -> scores, their gradients at the images, probabilities."""
    import tensorflow as tf

    @tf.function(input_signature=[classifier.batch_signature, tf.TensorSpec((), tf.int32)], autograph=False)
    def look(images, index):
        logits, probabilities, _ = classifier.answer(classifier.inside(images))
        score = tf.gather(logits if of == "logit" else probabilities, index, axis=1)
        (slopes,) = tf.gradients(score, [images], unconnected_gradients="zero")
        return tf.cast(score, tf.float32), tf.cast(slopes, tf.float32), tf.cast(probabilities, tf.float32)

    return look.get_concrete_function()


class _Search:
    """Mirror ascent over masks of given areas: what speaks for a cell adds up, and each mask keeps the cells that lead."""

    def __init__(self, shape, cells, masks, random):
        self._down, self._right = _between(shape[0], cells[0]), _between(shape[1], cells[1])
        self._share = np.outer(self._down.mean(axis=0), self._right.mean(axis=0))  # of the image, for each cell
        self._lead = random.normal(0, _SPREAD, (masks, *cells))
        self.moved = False

    def masks(self, areas):
        """Return the masks, (A, H, W) float32, from 0 to 1; the mean of each is its area."""
        return np.float32(self._down @ self._cells(areas) @ self._right.T)

    def move(self, slopes):
        """Go one step up. slopes: (A, H, W), what each pixel of a mask would add to the score."""
        at_cells = self._down.T @ slopes @ self._right / self._share
        largest = np.abs(at_cells).max(axis=(1, 2), keepdims=True)
        self.moved = bool(self.moved or largest.any())
        self._lead += _STEP * at_cells / np.maximum(largest, np.finfo(float).tiny)

    def _cells(self, areas):
        """Return how far each cell is kept, (A, h, w): a step in what leads, as smooth as the lead is small."""
        low, high = self._lead.min(axis=(1, 2)) - 40, self._lead.max(axis=(1, 2)) + 40
        for _ in range(60):  # halving the way leaves nothing that a float32 could show
            middle = (low + high) / 2
            too_much = (self._share * _squeezed(self._lead, middle)).sum(axis=(1, 2)) > areas
            low, high = np.where(too_much, middle, low), np.where(too_much, high, middle)
        return _squeezed(self._lead, middle)


def _squeezed(lead, middle):
    return 1 / (1 + np.exp(-np.clip(lead - middle[:, None, None], -40, 40)))


def _between(pixels, cells):
    """Return (pixels, cells): how much each pixel takes from each cell, between two cells from both."""
    places = (np.arange(pixels) + 0.5) * cells / pixels - 0.5
    return np.maximum(1 - np.abs(np.clip(places, 0, cells - 1)[:, None] - np.arange(cells)), 0)


def _checked_grid(grid, shape):
    """Return the cells down and across, as square as the image allows."""
    shorter = min(shape[:2])
    if grid is None:
        grid = min(_GRID, shorter)
    elif whole_number(grid, "grid", 2) > shorter:
        raise ValueError(f"grid is {grid} and the image's shorter edge {shorter} pixels: give {shorter} cells or fewer.")
    return tuple(max(1, round(grid * edge / shorter)) for edge in shape[:2])


def _doubts(details, moved, name):
    """Return the reasons, if any, not to trust these masks, and what to do about each."""
    if not moved:
        return ("No part of the image moves the class, whatever is covered: the map is empty. Try another class or fill.",)
    if details["smallest"] is None:
        largest = details["areas"].max()
        return (
            f"No mask that keeps {largest:.0%} of the image was found with which the network says {name!r}: the masks show "
            "what comes nearest. Keep a larger area, take more steps, or another fill.",
        )
    return ()
