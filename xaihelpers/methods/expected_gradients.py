"""Expected gradients: integrated gradients from many backgrounds at once, one random place on the way from each.

Erion, Janizek, Sturmfels, Lundberg and Lee, "Improving performance of deep learning models with axiomatic attribution priors
and expected gradients", Nature Machine Intelligence 3, 2021.
"""

import numpy as np

from .._progress import progress_bar
from .._types import Fill, ImageLike, Target
from ..classifier import Classifier
from .shared.backgrounds import BACKGROUNDS, background_images, how_many
from .shared.budget import Budget, counting_down
from .shared.contract import Finding, Slider, technique, whole_number

_SLIDERS = {
    "background": Slider(options=(*BACKGROUNDS[:1], *BACKGROUNDS[:0:-1])),
    "samples": Slider(4, 32, 4, default=16),
}


@technique(
    family="gradient",
    needs_gradients=True,
    sliders=_SLIDERS,
    prepare=lambda classifier: classifier.require_way_back(),
    pixelwise=True,
    signed=True,
    budget=Budget(lambda shape, given: 1 + how_many(given["background"]) + given["samples"], counting_down("samples", 2)),
)
def expected_gradients(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    background: Fill = "greys",
    samples: int = 64,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the expected gradients of one class, (H, W), signed; they nearly add up to logit(image) - mean logit(background).

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    background: what the image is compared with: images (N, H, W, 3), best a few dozen like those it was trained on; or "greys"
        (five flat images, black to white), "mean" (the image's mean colour), "blur", "black", "white", "noise", a grey level or
        a colour.
    samples: places at which the gradient is taken, each anywhere on the straight way from a background to the image, with every
        background as often as the others, or nearly; besides one pass for the image and one for each background.
    seconds, questions: at most so many: the map is then of fewer samples, as `parameters` say; see also `xh.cost_of`.
    details: "values" (H, W, 3), a channel of the preprocessed input each; "standard_error" (H, W) of the map, by the samples'
        own spread; "logit", "score", what that is; "background_logits" (N,); "completeness_gap", by how much the sum misses, and
        its standard error, "gap_error"; "alphas" and "drawn" (samples,): each place, 0 the background and 1 the image, and
        which background.
    Raises ValueError for a background that is none, or fewer than 2 samples. Source: Erion and others, 2021.
    """
    whole_number(samples, "samples", 2)
    backgrounds, random = background_images(image, background, seed), np.random.default_rng(seed)
    ends = classifier.gradients(np.concatenate([image[None], backgrounds]), target, batch_size=batch_size, checked=True)
    index = int(ends.index[0])
    drawn = random.permuted(np.resize(random.permutation(len(backgrounds)), samples))
    alphas, spread = random.uniform(size=samples), _Spread(len(backgrounds))
    for start in progress_bar(range(0, samples, batch_size), "expected_gradients", "batch", shown=progress):
        now = slice(start, start + batch_size)
        share = alphas[now].astype(np.float32)[:, None, None, None]
        places = backgrounds[drawn[now]] + share * (image - backgrounds[drawn[now]])
        slopes = classifier.gradients(places, index, batch_size=batch_size, checked=True).gradients
        spread.add(drawn[now], slopes * (ends.values[:1] - ends.values[1:][drawn[now]]))
    logits = ends.logits[:, index].astype(np.float64)
    values, difference = spread.mean(), logits[0] - logits[1:].mean()
    details = {
        "values": values.astype(np.float32),
        "standard_error": spread.error().astype(np.float32),
        "logit": float(logits[0]),
        "score": classifier.score_name,
        "background_logits": logits[1:],
        "completeness_gap": float(values.sum() - difference),
        "gap_error": float(spread.error_of_sum()),
        "alphas": alphas,
        "drawn": drawn,
    }
    return Finding(values.sum(axis=-1), index, details, tuple(_doubts(values, difference, details, samples)))


class _Spread:
    """Sums over samples, background by background: those of one background differ only by where on the way they lie."""

    def __init__(self, n):
        self._n, self._sums, self._squares, self._totals = np.zeros(n), 0.0, 0.0, [[] for _ in range(n)]

    def add(self, drawn, contributions):
        """Add samples: of which background (n,), and their contributions (n, H, W, 3)."""
        if self._n.sum() == 0:
            self._sums = np.zeros((len(self._n), *contributions.shape[1:]))
            self._squares = np.zeros((len(self._n), *contributions.shape[1:3]))
        for which, each in zip(drawn, contributions.astype(np.float64)):
            self._n[which] += 1
            self._sums[which] += each
            self._squares[which] += each.sum(axis=-1) ** 2
            self._totals[which].append(each.sum())

    def mean(self):
        """Return the mean contribution, (H, W, 3): the mean of the backgrounds' means, of those that were drawn."""
        met = self._n > 0
        return np.tensordot(1 / (met.sum() * self._n[met]), self._sums[met], 1)

    def error(self):
        """Return the standard error of the map, (H, W)."""
        return np.sqrt(self._variance(self._sums.sum(axis=-1), self._squares))

    def error_of_sum(self):
        """Return the standard error of the sum of the map."""
        sums, squares = (np.array([np.sum(np.power(each, power)) for each in self._totals]) for power in (1, 2))
        return np.sqrt(self._variance(sums, squares))

    def _variance(self, sums, squares):
        """Return the variance of a mean: within the backgrounds, where each was drawn twice; else of all samples alike."""
        n, k = self._n.reshape(-1, *[1] * (sums.ndim - 1)), len(self._n)
        if self._n.min() >= 2:
            return (np.maximum(squares - sums**2 / n, 0) / (n - 1) / n).sum(axis=0) / k**2
        total = n.sum()
        return np.maximum(squares.sum(axis=0) - sums.sum(axis=0) ** 2 / total, 0) / (total - 1) / total


def _doubts(values, difference, details, samples):
    """Yield the reasons not to trust the map."""
    gap, error = details["completeness_gap"], details["gap_error"]
    if not values.any():
        yield "The map is zero everywhere: the image is the background, or the class depends on no pixel between them."
    elif error > 0.2 * max(abs(difference), 1e-12) or abs(gap) > 0.2 * max(abs(difference), 1e-12):
        yield (
            f"The contributions miss the difference of {details['score']}s, {difference:.3g}, by {gap:.2g}, with a standard "
            f"error of {error:.2g}: take more than {samples} samples."
        )
