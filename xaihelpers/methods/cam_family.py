"""Six relatives of Grad-CAM: each weights the same maps of a layer in a way of its own.

| technique | weight of channel k, of maps A with gradients g of the logit | paper |
|---|---|---|
| Grad-CAM++ | sum over places of alpha relu(g), alpha = g^2 / (2 g^2 + g^3 sum of A) | Chattopadhay and others, WACV 2018 |
| XGrad-CAM | mean of g, each place counted as much as A is active there | Fu and others, BMVC 2020 |
| Layer-CAM | relu(g), a weight for every place | Jiang and others, IEEE Transactions on Image Processing 30, 2021 |
| Score-CAM | the probability of the class when the image is seen through A alone | Wang and others, CVPR workshop 2020 |
| Ablation-CAM | what the logit loses when A is set to zero | Desai and Ramaswamy, WACV 2020 |
| Eigen-CAM | its share in the strongest common pattern of all maps | Muhammad and Yeasin, IJCNN 2020 |
"""

import numpy as np

from .._progress import progress_bar
from .._types import Fill, ImageLike, Target
from ..classifier import Classifier
from ..images import resize_map
from .shared.budget import Budget, counting_down, one_pass
from .shared.class_activation import (
    LAYER,
    few_channels,
    gradients_at,
    map_finding,
    signed_unless_relu,
    silenced_logits,
    strongest_channels,
    values_at,
)
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.fills import WORDS, fill_image
from .shared.questions import ask, keeps_answers
from .shared.threads import one_thread

_SLIDERS = {"layer": LAYER, "relu": Slider(options=(True, False))}
_FEW = {"channels": Slider(8, 128, 8, default=32), "layer": LAYER}
_CANCEL = 1e-3  # share of a map's absolute sum: below, its places cancel out, and no mean weighted by them means anything


def _prepare(classifier):
    classifier.spatial_layer()


_BY_GRADIENT = {"family": "CAM", "needs_gradients": True, "prepare": _prepare, "budget": Budget(one_pass)}
_WITHOUT = {"family": "CAM", "needs_gradients": False, "needs_layers": True, "prepare": _prepare}


@technique(**_BY_GRADIENT, sliders=_SLIDERS, signed=signed_unless_relu, title="Grad-CAM++")
def grad_cam_plus_plus(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layer: str | None = None,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Finding:
    """Return the Grad-CAM++ map of one class, (H, W): Grad-CAM's, but only places with a positive gradient count.

    Arguments as `grad_cam`. The paper takes the exponential of the logit as the score, so that its second and third derivatives
    are powers of the gradient; the common factor exp(logit) is left out here, which scales the map and changes nothing else.
    details: "layer", "coarse" (h, w) before resizing, "weights" (k,).
    Raises ValueError for an unknown layer or one without a spatial output.
    Source: Chattopadhay and others, "Grad-CAM++: Generalized Gradient-Based Visual Explanations for Deep Convolutional
    Networks", WACV 2018.
    """
    path, index, values, gradients, left_out = gradients_at(classifier, image, target, layer)
    g, below = gradients.astype(np.float64), gradients.astype(np.float64) * values.sum(axis=(0, 1), dtype=np.float64) + 2
    # g^2 / (2 g^2 + g^3 sum A) is 1 / (2 + g sum A) where g is not 0; where g is 0 the place has no weight anyway.
    alpha = np.divide(1.0, below, out=np.zeros_like(below), where=np.abs(below) > 1e-12)
    weights = (alpha * np.maximum(g, 0)).sum(axis=(0, 1))
    return map_finding(image, values @ weights, relu, index, {"layer": path, "weights": weights}, left_out)


@technique(**_BY_GRADIENT, sliders=_SLIDERS, signed=signed_unless_relu, title="XGrad-CAM")
def xgrad_cam(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layer: str | None = None,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Finding:
    """Return the XGrad-CAM map of one class, (H, W): Grad-CAM's, places counted by how active the channel is there.

    Arguments as `grad_cam`. A channel's map then adds up to gradient times activation, as HiResCAM's: the sum of the signed map
    is the logit minus the bias where the network behind `layer` is linear.
    details: "layer", "coarse" (h, w) before resizing, signed, "weights" (k,).
    Raises ValueError for an unknown layer or one without a spatial output.
    Source: Fu and others, "Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs", BMVC 2020.
    """
    path, index, values, gradients, left_out = gradients_at(classifier, image, target, layer)
    total, size = values.sum(axis=(0, 1), dtype=np.float64), np.abs(values).sum(axis=(0, 1), dtype=np.float64)
    clear = np.abs(total) > _CANCEL * size
    weights = np.where(clear, (gradients * values).sum(axis=(0, 1), dtype=np.float64) / np.where(clear, total, 1), 0)
    doubts = ()
    if lost := int((~clear & (size > 0)).sum()):
        doubts = (
            f"In {lost} of {len(clear)} channels positive and negative values cancel out, so that they have no weight: choose "
            "a layer behind a ReLU, or hires_cam.",
        )
    return map_finding(image, values @ weights, relu, index, {"layer": path, "weights": weights}, left_out, doubts=doubts)


@technique(**_BY_GRADIENT, sliders=_SLIDERS, signed=signed_unless_relu, title="Layer-CAM")
def layer_cam(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layer: str | None = None,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Finding:
    """Return the Layer-CAM map of one class, (H, W): activation times positive gradient, place by place, summed over channels.

    Arguments as `grad_cam`. It is HiResCAM with everything that speaks against the class left out, made for earlier layers too.
    relu: keep only what is positive, as in the paper; behind a ReLU nothing else is left.
    details: "layer", "coarse" (h, w) before resizing.
    Raises ValueError for an unknown layer or one without a spatial output.
    Source: Jiang and others, "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", IEEE Transactions on
    Image Processing 30, 2021.
    """
    path, index, values, gradients, left_out = gradients_at(classifier, image, target, layer)
    coarse = (values * np.maximum(gradients, 0)).sum(axis=-1)
    return map_finding(image, coarse, relu, index, {"layer": path}, left_out)


@technique(
    **_WITHOUT,
    sliders=_FEW | {"of": Slider(options=("probability", "logit")), "fill": Slider(options=WORDS, default="black")},
    budget=Budget(lambda shape, given: given["channels"] + 2, counting_down("channels"), asks_class=True),
    signed=signed_unless_relu,
    title="Score-CAM",
)
def score_cam(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layer: str | None = None,
    channels: int = 64,
    fill: Fill = "black",
    of: str = "probability",
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the Score-CAM map of one class, (H, W): each channel counts by the score of the image seen through its map.

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None. layer, relu:
    as in `grad_cam`.
    channels: how many are asked, a forward pass each, those first whose maps vary most; the others get no weight. The paper
        asks all of them: give a number as large as the layer, if you have the time.
    fill: what the image turns into where a map is low: "black" is the paper's, where the network's input is 0 there.
    of: "probability", as in the paper, which finds that logits mix the classes; or "logit".
    A weight is the score of the masked image minus that of the fill alone.
    seconds, questions: at most so many: the map is then of fewer channels, as `parameters` say; see also `xh.cost_of`.
    details: "layer", "coarse" (h, w) before resizing, "weights" (k,), "channels" asked, their "answers", "baseline".
    Raises ValueError for an unknown layer, one without a spatial output, or a fill that is none.
    Source: Wang and others, "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks", CVPR workshop
    2020.
    """
    channels, covered = whole_number(channels, "channels"), fill_image(image, fill, seed=seed)
    path, index, values, _, left_out = values_at(classifier, image, target, layer)
    chosen, answers, stopped = strongest_channels(values, channels), [], ()
    try:
        batches = _through_maps(image, covered, values, chosen, batch_size)
        for _, scores in ask(classifier, batches, "score_cam", len(chosen) + 1, progress, of):
            answers.extend(scores[:, index])
    except KeyboardInterrupt as stop:
        if len(answers) < 2 or not keeps_answers(stop, progress):
            raise
        stopped = (f"Interrupted: this is the map of the first {len(answers) - 1} of {len(chosen)} channels.",)
    baseline, answers = float(answers[0]), np.array(answers[1:], np.float64)
    chosen, weights = chosen[: len(answers)], np.zeros(values.shape[-1])
    weights[chosen] = answers - baseline
    note, doubts = few_channels(values, chosen)
    details = {"layer": path, "weights": weights, "channels": chosen, "answers": answers, "baseline": baseline}
    return map_finding(image, values @ weights, relu, index, details, left_out, note, (*stopped, *doubts))


def _through_maps(image, covered, values, chosen, batch_size):
    """Yield (None, images): what fills first, then the image seen through the map of each channel, scaled from 0 to 1."""
    shape = image.shape[:2]
    for start in range(-1, len(chosen), batch_size):
        masks = np.zeros((min(batch_size, len(chosen) - start), *shape), np.float32)
        for mask, number in zip(masks, range(start, len(chosen))):
            if number >= 0:
                enlarged = resize_map(values[..., chosen[number]], shape)
                mask[:] = (enlarged - enlarged.min()) / (np.ptp(enlarged) or 1)  # one that is flat lets nothing through
        yield None, covered + masks[..., None] * (image - covered)


@technique(
    **_WITHOUT,
    sliders=_FEW,
    budget=Budget(lambda shape, given: given["channels"] + 1, counting_down("channels"), asks_class=True),
    signed=signed_unless_relu,
    title="Ablation-CAM",
)
def ablation_cam(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layer: str | None = None,
    channels: int = 64,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the Ablation-CAM map of one class, (H, W): each channel counts by what the logit loses without it.

    Arguments as `score_cam`, which has the same price: a forward pass for each of the `channels` that vary most.
    The paper divides the loss by the logit, which scales the map, and turns it round where the logit is negative; that is left
    out here, so that a weight is in units of the logit and positive where the channel speaks for the class.
    details: "layer", "coarse" (h, w) before resizing, "weights" (k,), "channels" asked, "logit" of the class.
    Raises ValueError for an unknown layer or one without a spatial output.
    Source: Desai and Ramaswamy, "Ablation-CAM: Visual Explanations for Deep Convolutional Network via Gradient-free
    Localization", WACV 2020.
    """
    channels = whole_number(channels, "channels")
    path, index, values, logits, left_out = values_at(classifier, image, target, layer)
    chosen, weights = strongest_channels(values, channels), np.zeros(values.shape[-1])
    classifier.expect(len(chosen))
    for start in progress_bar(range(0, len(chosen), batch_size), "ablation_cam", "batch", shown=progress):
        gone = chosen[start : start + batch_size]
        kept = np.ones((len(gone), values.shape[-1]), np.float32)
        kept[np.arange(len(gone)), gone] = 0
        weights[gone] = logits[index] - silenced_logits(classifier, path, image, kept)[:, index].astype(np.float64)
    note, doubts = few_channels(values, chosen)
    details = {"layer": path, "weights": weights, "channels": chosen, "logit": float(logits[index])}
    return map_finding(image, values @ weights, relu, index, details, left_out, note, doubts)


@technique(
    **_WITHOUT,
    sliders={"layer": LAYER, "centred": Slider(options=(False, True))},
    budget=Budget(one_pass, asks_class=True),
    signed=lambda given: given["centred"],
    title="Eigen-CAM",
)
def eigen_cam(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layer: str | None = None,
    centred: bool = False,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Finding:
    """Return the Eigen-CAM map, (H, W): the strongest pattern that a layer's maps have in common. It is of no class.

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: kept with the result and otherwise unused:
    the map is the same for every class, and for none. layer: as in `grad_cam`.
    centred: take each channel's mean away first, as principal components do; the paper does not.
    The maps, (places, channels), are projected on their first right singular vector, whose sign is arbitrary: here it is the one
    for which the map goes up where the activations altogether do.
    details: "layer", "coarse" (h, w) before resizing, "weights" (k,) of length 1, "share" of the maps' squares in this pattern.
    Raises ValueError for an unknown layer or one without a spatial output.
    Source: Muhammad and Yeasin, "Eigen-CAM: Class Activation Map using Principal Components", IJCNN 2020.
    """
    path, index, values, logits, left_out = values_at(classifier, image, target, layer)
    flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
    flat = flat - flat.mean(axis=0) if centred else flat
    with one_thread():
        _, strengths, patterns = np.linalg.svd(flat, full_matrices=False)
    along = (flat @ patterns[0]) @ flat.sum(axis=1)
    # Where neither sign fits better, the largest weight is positive.
    sign = along if abs(along) > 1e-9 * max(strengths[0], 1e-30) ** 2 else patterns[0][np.abs(patterns[0]).argmax()]
    weights = patterns[0] * (1.0 if sign >= 0 else -1.0)
    coarse = (flat @ weights).reshape(values.shape[:2])
    details = {"layer": path, "weights": weights}
    details["share"] = float(strengths[0] ** 2 / max((strengths**2).sum(), 1e-30))
    other = int(logits.argmax()) != index and len(logits) > 1
    doubts = ("Eigen-CAM knows no class: its map is that of every class, and the network predicts another one here.",)
    return map_finding(image, coarse, False, index, details, left_out, "the same for every class", doubts if other else ())
