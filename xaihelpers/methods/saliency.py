"""Saliency maps: how fast the score of a class changes with each pixel.

Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks: Visualising Image Classification Models and
Saliency Maps", ICLR workshop 2014. SmoothGrad: Smilkov, Thorat, Kim, Viégas and Wattenberg, "SmoothGrad: removing noise
by adding noise", arXiv 1706.03825, 2017. VarGrad: Adebayo, Gilmer, Goodfellow and Kim, "Local Explanation Methods for Deep
Neural Networks Lack Sensitivity to Parameter Values", ICLR workshop 2018.
"""

import numpy as np

from .._progress import progress_bar
from .._types import ImageLike, Target
from ..classifier import Classifier
from .shared.budget import Budget, counting_down
from .shared.contract import Finding, Slider, strongest_channel, technique, whole_number

SATURATED = 0.999  # a probability above which the gradient of the probability has lost 99.9 % of its size

_SLIDERS = {
    "noise": Slider(0.0, 0.5, 0.05, default=0.15),
    "samples": Slider(1, 12, 1, default=8),
    "times_input": Slider(options=(False, True), default=False),
    "of": Slider(options=("logit", "probability"), default="logit"),
    "variance": Slider(options=(False, True), default=False),
}


def _questions(shape, given):
    """Return the images sent through the network: the clean one, and the noisy ones."""
    return 1 + (given["samples"] if given["noise"] > 0 else 0)


@technique(
    family="gradient",
    needs_gradients=True,
    sliders=_SLIDERS,
    prepare=lambda classifier: classifier.require_way_back(),
    pixelwise=True,
    signed=lambda given: given["times_input"] and not given["variance"],
    budget=Budget(_questions, counting_down("samples")),
)
def saliency(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    times_input: bool = False,
    noise: float = 0.0,
    samples: int = 1,
    variance: bool = False,
    of: str = "logit",
    seed: int = 0,
    batch_size: int = 8,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the saliency map of one class, (H, W): the gradient's absolute value, the largest of the channels.

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    times_input: gradient times input instead, summed over the channels, signed.
    noise, samples: SmoothGrad: the mean gradient of `samples` copies of the image with normal noise added; `noise` is
        its standard deviation as a share of the image's range (max - min). 0 is the plain gradient, whatever `samples`.
    variance: VarGrad: the variance of these gradients in place of their mean, the largest of the channels.
    of: "logit", or "probability" to see what the softmax does to the gradient.
    seconds, questions: at most so many: the map is then of fewer samples, as `parameters` say; see also `xh.cost_of`.
    details: "gradient" (H, W, 3), signed, with respect to the preprocessed input (to the image, where preprocessing resizes
        it); "probability" of the class; "variance" (H, W, 3) of the gradient, where there was noise.
    Raises ValueError for a negative noise, no samples, or both times_input and variance.
    Source: Simonyan and others, ICLR workshop 2014.
    """
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise is {noise!r}: give a share of the image's range, 0 or more; 0.15 is usual.")
    whole_number(samples, "samples")
    if variance and times_input:
        raise ValueError("variance and times_input are two maps: choose one of them.")
    # The clean image comes first: it settles the class, and is the whole answer where there is no noise.
    clean = classifier.gradients(image, target, of=of, checked=True)
    index, gradient, spread = int(clean.index[0]), clean.gradients[0], {}
    if noise > 0:
        gradient, spread["variance"] = _smooth(classifier, image, index, noise, samples, of, seed, batch_size, progress)
    if variance:
        values = strongest_channel(spread.get("variance", np.zeros_like(gradient)))
    else:
        values = (gradient * clean.values[0]).sum(axis=-1) if times_input else strongest_channel(gradient)
    p = float(clean.probabilities[0, index])
    details = {"gradient": gradient, "probability": p, **spread}
    few = variance and (noise == 0 or samples < 2)
    doubts = ("One gradient has no variance: give noise, such as 0.15, and 2 samples or more.",) if few else ()
    return Finding(
        values, index, details, doubts or tuple(_distrust(values, gradient, p, of)), title=_title(variance, noise, times_input)
    )


def _title(variance, noise, times_input):
    """Return the name that these settings have, "" for those of the plain gradient."""
    if variance:
        return "VarGrad"
    name = "SmoothGrad" if noise > 0 else "Gradient" if times_input else ""
    return f"{name} × input" if times_input else name


def _smooth(classifier, image, index, noise, samples, of, seed, batch_size, progress):
    """Return the mean and the variance of the gradient, (H, W, 3) each, over noisy copies of the image, made batch by batch."""
    rng = np.random.default_rng(seed)
    sigma = noise * (image.max() - image.min())
    total, squares = np.zeros(1), np.zeros(1)
    for start in progress_bar(range(0, samples, batch_size), "SmoothGrad", "batch", shown=progress):
        shape = (min(batch_size, samples - start), *image.shape)
        # Noise may leave 0..255, as in the paper: clipping it would pull bright and dark places towards grey.
        noisy = image + sigma * rng.standard_normal(shape, dtype=np.float32)
        found = classifier.gradients(noisy, index, of=of, batch_size=batch_size, checked=True)
        total = total + found.gradients.sum(axis=0, dtype=np.float64)
        squares = squares + np.square(found.gradients, dtype=np.float64).sum(axis=0)
    mean = total / samples
    return mean.astype(np.float32), np.maximum(squares / samples - mean**2, 0).astype(np.float32)


def _distrust(values, gradient, p, of):
    """Yield the reasons not to trust the map."""
    if of == "probability" and p > SATURATED:
        yield (
            f"The softmax is saturated (probability {p:.6f}): the gradient of the probability is p (1 - p) times "
            "smaller than that of the logit or less, and what is left is noise. Use of='logit'."
        )
    if not gradient.any():
        yield (
            "The gradient is zero everywhere: no pixel, changed a little, would change the score. Look at "
            "integrated_gradients, or at an earlier stage of the network."
        )
    elif not values.any():
        yield "The map is zero everywhere, although the gradient is not: the input is zero wherever the gradient is not."
