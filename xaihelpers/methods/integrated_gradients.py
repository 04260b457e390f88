"""Integrated gradients: the gradient collected on the way from a baseline to the image, so that it adds up.

Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .._progress import progress_bar
from .._types import Fill, ImageLike, Target
from ..classifier import Classifier
from .shared.budget import Budget, counting_down
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.fills import fill_image

LARGE_GAP = 0.05  # share of f(image) - f(baseline) that may be missing before it is said

_SLIDERS = {"baseline": Slider(options=("blur", "mean", "black", 127, "white", "noise")), "steps": Slider(4, 10, 2, default=10)}


@technique(
    family="gradient",
    needs_gradients=True,
    sliders=_SLIDERS,
    prepare=lambda classifier: classifier.require_way_back(),
    pixelwise=True,
    signed=True,
    budget=Budget(lambda shape, given: given["steps"] + 1, counting_down("steps")),
)
def integrated_gradients(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    baseline: Fill = "blur",
    steps: int = 64,
    of: str = "logit",
    seed: int = 0,
    batch_size: int = 8,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the integrated gradients of one class, (H, W), signed: contributions that add up to f(image) - f(baseline).

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    baseline: where the way begins: "blur" (the image too blurred to tell what it shows), "mean" (its mean colour),
        "black" (the paper's), "white", "noise", a grey level or a colour from 0 to 255, or an image of the same shape.
    steps: pieces into which the way is cut, most of them where the score changes fastest; the integral over each is
        taken by the trapezoidal rule: steps + 1 forward and backward passes.
    of: "logit" or "probability".
    seconds, questions: at most so many: the map is then of fewer steps, as `parameters` say; see also `xh.cost_of`.
    details: "values" (H, W, 3); "alphas" and "scores" (steps + 1,), the places on the way, 0 the baseline and 1 the
        image, and the score there; "baseline" (H, W, 3); "completeness_gap": sum of values - (f(image) - f(baseline)).
    Raises ValueError for a baseline that is none of these. Source: Sundararajan and others, ICML 2017.
    """
    whole_number(steps, "steps")
    start = fill_image(image, baseline, name="baseline", seed=seed)
    way = _Way(classifier, image, start, of, batch_size, progress)
    way.walk(target, steps)
    values = way.contributions().astype(np.float32)
    difference = float(way.scores[-1] - way.scores[0])
    gap = float(values.sum(dtype=np.float64)) - difference
    details = {"values": values, "alphas": way.alphas, "scores": way.scores, "baseline": start, "completeness_gap": gap}
    return Finding(values.sum(axis=-1), way.index, details, tuple(_distrust(values, gap, difference, steps)))


class _Place(NamedTuple):
    """What was found at one place on the way: the class's score, its gradient and the network's input there, (H, W, 3)."""

    alpha: float
    score: float
    gradient: np.ndarray
    input: np.ndarray


class _Way:
    """The straight line from a baseline to an image, with gradients at some places on it, in order."""

    def __init__(self, classifier, image, start, of, batch_size, progress):
        self._classifier, self._image, self._start = classifier, image, start
        self._options = {"of": of, "batch_size": batch_size, "checked": True}
        self._progress = progress
        self.index = None
        self._places, self._sums = [], {}

    @property
    def alphas(self):
        """Where gradients were taken, from 0, the baseline, to 1, the image."""
        return np.array([place.alpha for place in self._places])

    @property
    def scores(self):
        """The class's score at each of these places."""
        return np.array([place.score for place in self._places])

    def walk(self, target, steps):
        """Cut the way into `steps` pieces: a few even ones first, then again and again in half those that add up worst."""
        with progress_bar(title="integrated gradients", unit="step", total=steps + 1, shown=self._progress) as bar:
            # The image itself comes first: its prediction settles the class that is followed all the way.
            self._visit([1.0], target, bar)
            self._visit(np.arange(max(steps // 8, 1)) / max(steps // 8, 1), self.index, bar)
            while len(self._places) <= steps:
                # What a piece should add up to is known exactly: the change of the score along it.
                missing = np.abs([self._sum(*ends) for ends in pairwise(self._places)] - np.diff(self.scores))
                # Few at a time: on EfficientNet-Lite0 a 32nd of the steps leaves a third of the gap that an 8th leaves.
                worst = np.argsort(-missing, kind="stable")[: min(max(steps // 32, 1), steps + 1 - len(self._places))]
                alphas = self.alphas
                self._visit((alphas[worst] + alphas[worst + 1]) / 2, self.index, bar)

    def contributions(self):
        """Return what all pieces contribute together, (H, W, 3)."""
        return sum((_piece(*ends) for ends in pairwise(self._places)), start=np.zeros(self._image.shape))

    def _sum(self, one, other):
        """Return what the piece between two places adds up to, worked out once: most pieces stay as they are for long."""
        ends = one.alpha, other.alpha
        if ends not in self._sums:
            self._sums[ends] = _piece(one, other).sum(dtype=np.float64)
        return self._sums[ends]

    def _visit(self, alphas, target, bar):
        """Take the gradient at some places, and put them in order among the others."""
        share = np.asarray(alphas, np.float32)[:, None, None, None]
        found = self._classifier.gradients(self._start + share * (self._image - self._start), target, **self._options)
        scores = found.logits if self._options["of"] == "logit" else found.probabilities
        self.index = int(found.index[0])
        new = map(_Place, map(float, alphas), map(float, scores[:, self.index]), found.gradients, found.values)
        self._places = sorted([*self._places, *new], key=lambda place: place.alpha)
        bar.update(len(share))


def _piece(one, other):
    """Return what a piece of the way contributes, (H, W, 3): mean gradient times the step of the input."""
    return (one.gradient + other.gradient) / 2 * (other.input - one.input)


def _distrust(values, gap, difference, steps):
    """Yield the reasons not to trust the map."""
    if abs(gap) > LARGE_GAP * abs(difference) and abs(gap) > 1e-6:
        yield (
            f"The contributions miss f(image) - f(baseline) = {difference:.4g} by {gap:.3g}, "
            f"{abs(gap) / max(abs(difference), 1e-12):.0%} of it: take more than {steps} steps."
        )
    if not values.any():
        yield "The map is zero everywhere: the image is the baseline, or the class depends on no pixel between them."
