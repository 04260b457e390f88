"""Shapley values of superpixels: what each adds to the answer, averaged over all orders in which they could come in.

Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions", NIPS 2017, after Shapley, "A Value for n-Person
Games", 1953. For few superpixels every set is asked. For more: Musco and Witter, "Provably Accurate Shapley Value Estimation
via Leverage Score Sampling", ICLR 2025, and Witter, Liu and Musco, "Regression-adjusted Monte Carlo Estimators for Shapley
Values and Probabilistic Values", NeurIPS 2025.
"""

import numpy as np

from .._types import Fill, ImageLike, Segments, Target
from ..classifier import Classifier
from .shared.budget import Budget
from .shared.coalitions import both_halves, draw_pairs, pairs_in_all
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.fills import fill_image
from .shared.questions import LIKELY_SAME, ask, keeps_answers, scales
from .shared.shapley_regression import shapley_values
from .shared.superpixels import SEGMENTATIONS, covered, segment

EXACT = 12  # superpixels up to which every set is asked where nobody says how many questions it may be
_USUAL, _LEAST = 1000, 4
_SLIDERS = {
    "n_samples": Slider(100, 1000, 100, default=500, usual=f"every set up to {EXACT} superpixels, else {_USUAL}"),
    "n_segments": Slider(5, 50, 5, default=25),
    "segments": Slider(options=list(SEGMENTATIONS), default="slic"),
    "fill": Slider(options=["segment mean", "mean", "blur", "black", "white", "noise"]),
    "of": Slider(options=scales, default="probability"),
}


def _at_most(shape, given):
    """Return how many images are asked, at most: superpixels come in pairs of sets."""
    few = given["n_segments"] <= EXACT or not isinstance(given["segments"], str)
    asked = given["n_samples"] or (2**EXACT if few else _USUAL)
    return asked - asked % 2


def _fewer(shape, given):
    """Yield changes of parameters that cost less and less: first what was asked for."""
    yield {}
    yield from ({"n_samples": n} for n in range(_at_most(shape, given), _LEAST - 1, -2))


@technique(family="perturbation", needs_gradients=False, sliders=_SLIDERS, budget=Budget(_at_most, _fewer), signed=True)
def shapley(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    n_samples: int | None = None,
    n_segments: int = 25,
    segments: Segments = "slic",
    fill: Fill = "segment mean",
    of: str = "probability",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the Shapley map of one class, (H, W): for every pixel the Shapley value of its superpixel, on the scale of `of`.

    The values of all superpixels add up to the answer for the image minus the answer for the image with everything covered.

    classifier: any Classifier. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    n_samples: how many images are asked, at most, 4 or more: this is the whole cost. Where that is enough for every set of
        superpixels, 2 to the power of their number, the values are exact; else they are estimated, each with a standard
        error. None: every set of up to 12 superpixels, 1000 of more.
    n_segments, segments: as in `superpixels.segment`: "slic", "felzenszwalb", "quickshift", "grid", labels (H, W), or a
        function image -> labels. fill: what a covered superpixel shows: "segment mean" (its own mean colour), "mean"
        (the image's), "blur", "black", "white", "noise", a grey level or a colour, or an image (H, W, 3).
    of: "probability", or "logit": where the network is nearly certain the softmax hides what a covered part costs.
    progress: say what it costs, show a bar, and, if you interrupt it, take the values from the answers given so far.
    seconds, questions: at most so many: the values are then of fewer samples, as `parameters` say; see also `xh.cost_of`.
    details: "segments" (H, W), "values" (K,), "standard_error" (K,), 0 where "exact" is True; "probability" or "logit" (what
        the network says of the image), "covered" (what it says with everything covered); and what was asked: "present"
        (N, K), "answers" (N,).
    Raises ValueError in one sentence for an argument out of range. Sources: at the head of this module.
    """
    n_samples = None if n_samples is None else whole_number(n_samples, "n_samples", _LEAST)
    batch_size, seed = whole_number(batch_size, "batch_size"), whole_number(seed, "seed", 0)
    labels = segment(image, segments, n_segments)
    filled = fill_image(image, fill, labels, seed=seed)

    present = _sets(labels.max() + 1, n_samples, seed)
    answers, stopped = _answers(classifier, covered(image, filled, labels, present, batch_size), len(present), progress, of)
    present, target = present[: len(answers)], int(answers[0].argmax()) if target is None else target
    answers = answers[:, target]
    v = answers.astype(np.float64)
    found = shapley_values(present[2::2], v[2::2] - v[3::2], v[0] - v[1])
    details = {"segments": labels, "values": found.values, "standard_error": found.errors, "exact": found.exact}
    details |= {of: float(v[0]), "covered": float(v[1]), "present": present, "answers": answers}
    return Finding(found.values[labels], target, details, (*stopped, *_doubts(details)))


def _sets(n, n_samples, seed):
    """Return which superpixels are there in each image, (N, n) bool: all, none, then pairs of a set and what it leaves out."""
    if n_samples is None:
        n_samples = 2**EXACT if n <= EXACT else _USUAL
    return both_halves(draw_pairs(n, min(n_samples // 2 - 1, pairs_in_all(n)), seed))


def _answers(classifier, images, n_samples, progress, of):
    """Return the answers (n, C) to whole pairs, and the sentence, if any, that says why these are not all."""
    answers = []
    try:
        for _, p in ask(classifier, images, "shapley", n_samples, progress, of):
            answers.append(p)
    except KeyboardInterrupt as stop:
        n = sum(map(len, answers)) // 2 * 2
        if n < _LEAST or not keeps_answers(stop, progress):
            raise
        return np.concatenate(answers)[:n], (f"Interrupted: the values are of the first {n} of {n_samples} questions.",)
    return np.concatenate(answers), ()


def _doubts(details):
    """Return the reasons, if any, not to trust these values, and what to do about each."""
    values, errors, n = details["values"], details["standard_error"], len(details["answers"])
    if np.ptp(details["answers"]) <= LIKELY_SAME:
        return (
            "The answer is the same whatever is covered, so every value is 0: the network does not look at this image for "
            "this class. Try another class, or another fill.",
        )
    if not details["exact"] and np.sqrt((errors**2).mean()) > values.std():
        return (
            f"The standard errors of the values ({np.sqrt((errors**2).mean()):.2g}) are larger than their differences "
            f"({values.std():.2g}): the map is mostly chance. Ask more than {n} questions, or use fewer superpixels.",
        )
    return ()
