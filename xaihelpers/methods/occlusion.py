"""Occlusion sensitivity: cover one patch after the other; what matters is where covering costs the class its probability.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
"""

import numpy as np

from .._types import Fill, ImageLike, Target
from .._validation import number
from ..classifier import Classifier
from .shared.budget import Budget
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.fills import fill_image
from .shared.questions import LIKELY_SAME, ask, keeps_answers, scales, score


def _edges(*parts):
    """Return a choice of patch sizes or strides: these parts of the classifier's shorter edge, in pixels."""
    return lambda classifier: sorted({max(1, min(edge or 224 for edge in classifier.input_shape[:2]) // n) for n in parts})


_SLIDERS = {
    "patch": Slider(options=_edges(16, 8, 5, 4), usual="an eighth of the image"),
    "stride": Slider(options=_edges(32, 16), usual="half the patch"),
    "fill": Slider(options=["mean", "blur", "black", 127, "white", "noise"]),
    "of": Slider(options=scales, default="probability"),
}


def _questions(shape, given):
    """Return how many patches there are at all levels together, and the image itself."""
    patch, stride = _sizes(min(shape[:2]), given["patch"], given["stride"])
    return 1 + sum(len(_windows(shape, patch * 2**level, stride * 2**level)) for level in range(given["levels"]))


def _coarser(shape, given):
    """Yield larger and larger patches, with strides in proportion."""
    shorter = min(shape[:2])
    patch, stride = _sizes(shorter, given["patch"], given["stride"])
    yield {}
    for larger in range(patch + 1, shorter // 2 ** (given["levels"] - 1) + 1):
        yield {"patch": larger, "stride": max(1, round(larger * stride / patch))}


@technique(family="perturbation", needs_gradients=False, sliders=_SLIDERS, budget=Budget(_questions, _coarser), signed=True)
def occlusion(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    patch: int | None = None,
    stride: int | None = None,
    fill: Fill = "mean",
    of: str = "probability",
    levels: int = 1,
    keep: float = 0.25,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the occlusion map of one class, (H, W): how far covering a pixel's patch lowers the class's probability.

    Positive: the class needs what is there. Negative: the class is likelier without it. The mean over all patches that
    cover the pixel; patches at the border are cut off, so that every pixel is covered.

    classifier: any Classifier. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    patch: edge of the square patch in pixels; None is an eighth of the image's shorter edge. stride: pixels from one
        patch to the next, at most `patch`; None is half the patch. fill: what a covered pixel shows: "mean" (the image's
        mean colour), "blur", "black", "white", "noise", a grey level or a colour, or an image (H, W, 3).
    of: "probability", or "logit": where the network is nearly certain the softmax hides what a covered part costs.
    levels: 1 asks every patch. With 2 or more it goes from coarse to fine: patches and strides 2, 4, ... times as large
        come first, and smaller ones are only asked where the map is largest, over the share `keep` of the image.
    progress: say what it costs, show a bar, and, if you interrupt it, keep the map of the patches asked so far.
    seconds, questions: at most so many: the map is then of fewer and larger patches, as `parameters` say; see also `xh.cost_of`.
    details: "patch", "stride", "probability" or "logit" (of the whole image), "questions" (patches asked at each level),
        and "finest" (H, W): where the smallest patches were asked.
    Raises ValueError in one sentence for an argument out of range. Source: Zeiler and Fergus, ECCV 2014.
    """
    shorter = min(image.shape[:2])
    patch, stride = _sizes(shorter, patch, stride)
    levels, batch_size = whole_number(levels, "levels"), whole_number(batch_size, "batch_size")
    _check_sizes(patch, stride, levels, keep, shorter)
    covered = fill_image(image, fill, seed=seed)
    whole = score(classifier, image, of)[0]
    target = int(whole.argmax()) if target is None else target
    heatmap, questions, stopped = np.zeros(image.shape[:2]), [], ()
    for scale in 2 ** np.arange(levels)[::-1]:
        windows = _windows(image.shape, patch * scale, stride * scale)
        if questions:
            close = _largest(heatmap, keep)
            windows = [window for window in windows if close[window].any()]
        batches, name = _covered(image, covered, windows, batch_size), f"occlusion, {patch * scale} px"
        scores = _answers(ask(classifier, batches, name, len(windows), progress, of), target, progress)
        # A patch of twice the edge spreads its drop over four times the pixels.
        heatmap, finest = _mean_of_windows(heatmap / 4, windows[: len(scores)], whole[target] - scores)
        questions.append(len(scores))
        if len(scores) < len(windows):
            stopped = (
                f"Interrupted after {len(scores)} of {len(windows)} patches of {patch * scale} pixels: where none was "
                "covered, the map is coarser, or 0 because nobody asked.",
            )
            break
    details = {"patch": patch, "stride": stride, of: float(whole[target]), "questions": questions, "finest": finest}
    return Finding(heatmap, target, details, (*stopped, *_doubts(heatmap)))


def _sizes(shorter, patch, stride):
    """Return patch and stride in pixels, those left out by the image's shorter edge."""
    patch = max(1, shorter // 8) if patch is None else whole_number(patch, "patch")
    return patch, max(1, patch // 2) if stride is None else whole_number(stride, "stride")


def _answers(asked, target, progress):
    """Return the score of the class, (n,), for all that is asked, or as far as it came before an interruption."""
    answers = []
    try:
        for _, scores in asked:
            answers.append(scores[:, target])
    except KeyboardInterrupt as stop:
        if not answers or not keeps_answers(stop, progress):
            raise
    return np.concatenate([np.empty(0), *answers])


def _windows(shape, patch, stride):
    """Return the windows (rows, columns), slices, that cover an image of that shape; the last ones are cut at its border."""
    starts = [range(0, max(edge - patch, 0) + stride, stride) for edge in shape[:2]]
    return [
        (slice(top, min(top + patch, shape[0])), slice(left, min(left + patch, shape[1])))
        for top in starts[0]
        for left in starts[1]
    ]


def _covered(image, covered, windows, batch_size):
    """Yield (which windows, images): the image with one window covered in each, in an array used again and again."""
    images = np.repeat(image[None].astype(np.float32), min(batch_size, len(windows)), axis=0)
    for start in range(0, len(windows), batch_size):
        asked = windows[start : start + batch_size]
        for one, window in zip(images, asked):
            one[window] = covered[window]
        yield slice(start, start + len(asked)), images[: len(asked)]
        for one, window in zip(images, asked):
            one[window] = image[window]


def _mean_of_windows(before, windows, drops):
    """Return for every pixel the mean drop over the windows that cover it (`before` where none does), and where one does."""
    total, times = np.zeros_like(before), np.zeros_like(before)
    for window, drop in zip(windows, drops):
        total[window] += drop
        times[window] += 1
    return np.where(times > 0, total / np.maximum(times, 1), before), times > 0


def _largest(heatmap, keep):
    """Return where a map is largest in size, over the share `keep` of the image, (H, W) bool; never where it is zero."""
    size = np.abs(heatmap)
    return (size >= np.quantile(size, 1 - keep)) & (size > 0)


def _doubts(heatmap):
    """Return the reasons, if any, not to trust this map, and what to do about each."""
    if np.abs(heatmap).max() < LIKELY_SAME:
        return (
            "No patch changes the probability: the patches are too small to matter, the fill looks like what it covers, "
            "or the network does not use this image. Try a larger patch or another fill.",
        )
    return ()


def _check_sizes(patch, stride, levels, keep, shorter):
    """Raise ValueError in one sentence for sizes that do not go together."""
    if patch > shorter:
        raise ValueError(f"patch is {patch} and the image's shorter edge {shorter} pixels: give {shorter} or fewer.")
    if stride > patch:
        raise ValueError(
            f"stride is {stride} and patch {patch}: pixels between the patches would never be covered; give a "
            f"stride of {patch} or less."
        )
    if patch * 2 ** (levels - 1) > shorter:
        raise ValueError(
            f"With levels = {levels} the first patches are {patch * 2 ** (levels - 1)} pixels an edge, larger than "
            f"the image ({shorter}): use fewer levels or a smaller patch."
        )
    number(keep, "keep", above=0, most=1, what="the share of the image that is looked at closely,")
