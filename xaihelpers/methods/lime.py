"""LIME: a linear model of which superpixels the network needs, fitted to its answers near one image.

Ribeiro, Singh and Guestrin, "'Why Should I Trust You?': Explaining the Predictions of Any Classifier", KDD 2016.
The sampling, the kernel and the fit are those of the authors' package `lime`; this module covers the superpixels faster
and keeps clear of its traps.
"""

import numpy as np

from .._types import Fill, ImageLike, Segments, Target
from .._validation import number
from ..classifier import Classifier
from .shared.budget import Budget, counting_down
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.fills import fill_image
from .shared.questions import ask, keeps_answers, scales
from .shared.superpixels import SEGMENTATIONS, covered, segment

_SLIDERS = {
    "n_segments": Slider(10, 100, 10, default=50),
    "n_samples": Slider(100, 1000, 100, default=1000),
    "kernel_width": Slider(0.05, 1.0, 0.05, default=0.25),
    "n_features": Slider(1, 20, 1, usual="all"),
    "segments": Slider(options=list(SEGMENTATIONS), default="slic"),
    "of": Slider(options=scales, default="probability"),
}
POOR_FIT = 0.5  # r2 below which the linear model misses most of what the network does
NO_CHANGE = 1e-6  # probabilities are float32


_BUDGET = Budget(lambda shape, given: given["n_samples"], counting_down("n_samples", 2))


@technique(family="perturbation", needs_gradients=False, sliders=_SLIDERS, budget=_BUDGET, title="LIME", signed=True)
def lime(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    n_samples: int = 1000,
    n_segments: int = 50,
    segments: Segments = "slic",
    fill: Fill = "segment mean",
    of: str = "probability",
    kernel_width: float = 0.25,
    ridge: float = 1.0,
    n_features: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the LIME map of one class, (H, W): for every pixel the weight of its superpixel, signed, on the scale of `of`.

    classifier: any Classifier. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    n_samples: how many images are asked, the uncovered one included: this is the whole cost.
    n_segments, segments: as in `superpixels.segment`: "slic", "felzenszwalb", "quickshift", "grid", labels (H, W), or a
        function image -> labels. fill: what a covered superpixel shows: "segment mean" (its own mean colour), "mean"
        (the image's), "blur", "black", "white", "noise", a grey level or a colour, or an image (H, W, 3).
    of: "probability", or "logit": where the network is nearly certain the softmax hides what a covered part costs.
    kernel_width: how quickly a sample counts less as more of it is covered (cosine distance). ridge: the penalty on
        large weights; 0 is none. n_features: keep only that many of the largest weights in the map; the fit has all.
    progress: say what it costs, show a bar, and, if you interrupt it, fit the answers given so far.
    seconds, questions: at most so many: the map is then of fewer samples, as `parameters` say; see also `xh.cost_of`.
    details: "segments" (H, W), "weights" (K,), "intercept", "r2", "local_prediction" (what the linear model says of the
        image), "probability" or "logit" (what the network says), and what was
        asked: "present" (N, K), "answers" (N,), "kernel" (N,).
    Raises ValueError in one sentence for an argument out of range. Source: Ribeiro and others, KDD 2016.
    """
    n_samples, batch_size = whole_number(n_samples, "n_samples", 2), whole_number(batch_size, "batch_size")
    kernel_width, ridge = number(kernel_width, "kernel_width", above=0), number(ridge, "ridge", least=0)
    n_features = None if n_features is None else whole_number(n_features, "n_features")
    seed = whole_number(seed, "seed", 0)
    labels = segment(image, segments, n_segments)
    filled = fill_image(image, fill, labels, seed=seed)

    base, generator = _package(kernel_width, seed)
    # The package's own draws, in its order: the same seed gives the same samples there and here.
    present = generator.randint(0, 2, n_samples * (labels.max() + 1)).reshape(n_samples, -1)
    present[0] = 1
    p, stopped = _answers(classifier, covered(image, filled, labels, present, batch_size), n_samples, progress, of)
    present, target = present[: len(p)], int(p[0].argmax()) if target is None else target
    fitted = _fit(base, generator, present, p, target, ridge)
    details = {"segments": labels, **fitted, of: float(p[0, target]), "present": present.astype(bool), "answers": p[:, target]}
    return Finding(_largest(fitted["weights"], n_features)[labels], target, details, (*stopped, *_doubts(details)))


def _answers(classifier, images, n_samples, progress, of):
    """Return the answers (n, C) of the samples asked, and the sentence, if any, that says why these are not all."""
    answers = []
    try:
        for _, p in ask(classifier, images, "lime", n_samples, progress, of):
            answers.append(p)
    except KeyboardInterrupt as stop:
        n = sum(map(len, answers))
        if n < 2 or not keeps_answers(stop, progress):
            raise
        return np.concatenate(answers), (f"Interrupted: the line is fitted to the first {n} of {n_samples} samples.",)
    return np.concatenate(answers), ()


def _package(kernel_width, seed):
    """Return the lime package's linear model with its kernel, and its generator of random numbers."""
    # Absolute: this module has the package's name.
    from lime.lime_image import LimeImageExplainer

    explainer = LimeImageExplainer(kernel_width=kernel_width, random_state=seed)
    return explainer.base, explainer.random_state


def _fit(base, generator, present, p, target, ridge):
    """Return weights, intercept, r2 and local prediction of the linear model, and the weight of every sample."""
    from sklearn.linear_model import Ridge
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(present, present[:1], metric="cosine").ravel()
    model = Ridge(alpha=ridge, fit_intercept=True, random_state=generator)
    intercept, pairs, r2, local = base.explain_instance_with_data(
        present, p, distances, target, num_features=present.shape[1], feature_selection="none", model_regressor=model
    )
    weights = np.zeros(present.shape[1])
    for superpixel, weight in pairs:
        # What is left where nothing changes is rounding, and would be drawn as if it were evidence.
        weights[superpixel] = weight if np.ptp(p[:, target]) > NO_CHANGE else 0
    return {
        "weights": weights,
        "intercept": float(intercept),
        "r2": float(r2),
        "local_prediction": float(np.ravel(local)[0]),
        "kernel": base.kernel_fn(distances),
    }


def _largest(weights, n):
    """Return the weights with all but the n largest, in size, set to 0."""
    if n is None:
        return weights
    kept = np.zeros_like(weights)
    largest = np.argsort(-np.abs(weights), kind="stable")[:n]
    kept[largest] = weights[largest]
    return kept


def _doubts(details):
    """Return the reasons, if any, not to trust this fit, and what to do about each."""
    n, k = details["present"].shape
    answers, kernel = details["answers"], details["kernel"]
    doubts = []
    if np.ptp(answers) <= NO_CHANGE:
        return (
            "The probability is the same whatever is covered, so every weight is 0: the network does not look at this "
            "image for this class. Try another class, or another fill.",
        )
    if kernel[1:].sum() < 1:
        doubts.append(
            f"The kernel is so narrow that all {n - 1} covered images together count less than the uncovered one: "
            "the weights shrink towards 0. Raise kernel_width."
        )
    elif n <= 2 * k:
        doubts.append(
            f"{n} samples are few for {k} superpixels: the fit follows chance, and r2 flatters it. "
            f"Ask {4 * k} or more, or use fewer superpixels."
        )
    if details["r2"] < POOR_FIT:
        doubts.append(
            f"The linear model explains little of what the network does near this image (r2 = {details['r2']:.2f}): "
            "do not read the weights as its reasons. Use fewer superpixels, or another fill."
        )
    return tuple(doubts)
