"""Grad-CAM and HiResCAM: which places of a layer's maps speak for a class.

Selvaraju and others, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks",
arXiv 2011.08891, 2020.
"""

import numpy as np

from .._types import ImageLike, Target
from ..classifier import Classifier
from ..images import resize_map
from .shared.budget import Budget, one_pass
from .shared.contract import Finding, Slider, technique

_SLIDERS = {"layer": Slider(options=lambda network: network.spatial_layers(), usual=lambda network: network.spatial_layers()[-1])}


@technique(
    family="CAM",
    needs_gradients=True,
    sliders=_SLIDERS,
    prepare=lambda classifier: classifier.spatial_layer(),
    budget=Budget(one_pass),
    title="Grad-CAM",
)
def grad_cam(
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
    """Return the Grad-CAM map of one class, (H, W): where a layer's maps, weighted by their mean gradient, are high.

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    layer: name of a layer with a spatial output (h, w, k); None is the last one with more than one place. Where it is called
        several times, all calls count; "name#2" is the second one.
    relu: keep only evidence for the class, as in the paper; False keeps the sign.
    details: "layer", "coarse" (h, w) before resizing, "weights" (k,).
    Raises ValueError for an unknown layer or one without a spatial output. Source: Selvaraju and others, ICCV 2017.
    """
    path, index, values, gradients, left_out = _gradients_at(classifier, image, target, layer)
    weights = gradients.mean(axis=(0, 1))
    coarse = values @ weights
    return _finding(image, coarse, relu, index, {"layer": path, "weights": weights}, left_out)


@technique(
    family="CAM",
    needs_gradients=True,
    sliders=_SLIDERS,
    prepare=lambda classifier: classifier.spatial_layer(),
    budget=Budget(one_pass),
    title="HiResCAM",
)
def hires_cam(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layer: str | None = None,
    relu: bool = False,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Finding:
    """Return the HiResCAM map of one class, (H, W): gradient times activation, summed over channels, not averaged.

    Arguments as `grad_cam`, but signed unless relu=True. Where the network behind `layer` is linear (pooling or
    flattening, then one Dense layer), details["coarse"] sums to the logit minus the bias.
    Source: Draelos and Carin, arXiv 2011.08891, 2020.
    """
    path, index, values, gradients, left_out = _gradients_at(classifier, image, target, layer)
    coarse = (values * gradients).sum(axis=-1)
    return _finding(image, coarse, relu, index, {"layer": path}, left_out)


def _gradients_at(classifier, image, target, layer):
    """Return (layer path, class, values (h, w, k), gradients (h, w, k), what the layer leaves out), at a layer with places."""
    path = classifier.spatial_layer(layer)
    found = classifier.gradients(image, target, layer=path)
    values, gradients = classifier.maps(path, found.values)[0], classifier.maps(path, found.gradients)[0]
    left_out = classifier.last_layer()[1] if layer is None else None
    return path, int(found.index[0]), values, gradients, left_out


def _finding(image, coarse, relu, index, details, left_out):
    """Return the Finding for a coarse map: keep the sign or not, resize to the image, say what can't be trusted."""
    diagnostics = [left_out] if left_out else []
    if not coarse.any():
        diagnostics.append(
            "The map is zero everywhere: the class does not depend on this layer, or every gradient there "
            "is zero. Try an earlier layer."
        )
    elif relu and coarse.max() <= 0:
        diagnostics.append(
            "The map is negative everywhere before the ReLU, so it is empty: nothing in this layer speaks "
            "for the class. Look at it with relu=False, or choose another class."
        )
    details |= {"coarse": coarse}
    kept = np.maximum(coarse, 0) if relu else coarse
    return Finding(resize_map(kept, image.shape[:2]), index, details, tuple(diagnostics))
