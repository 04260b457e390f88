"""Grad-CAM and HiResCAM: which places of a layer's maps speak for a class.

Selvaraju and others, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks",
arXiv 2011.08891, 2020.
"""

import numpy as np

from ..images import resize_map
from .shared.contract import Finding, Slider, technique

_SLIDERS = {"layer": Slider(options=lambda classifier: classifier.spatial_layers())}


@technique(family="CAM", needs_gradients=True, sliders=_SLIDERS)
def grad_cam(classifier, image, target=None, *, layer=None, relu=True, seed=0, batch_size=32, progress=False):
    """Return the Grad-CAM map of one class, (H, W): where a layer's maps, weighted by their mean gradient, are high.

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    layer: name of a layer with a spatial output (h, w, k); None is the last one.
    relu: keep only evidence for the class, as in the paper; False keeps the sign.
    details: "layer", "coarse" (h, w) before resizing, "weights" (k,).
    Raises ValueError for an unknown layer or one without a spatial output. Source: Selvaraju and others, ICCV 2017.
    """
    path, found = _gradients_at(classifier, image, target, layer)
    weights = found.gradients[0].mean(axis=(0, 1))
    coarse = found.values[0] @ weights
    return _finding(image, coarse, relu, found, {"layer": path, "weights": weights})


@technique(family="CAM", needs_gradients=True, sliders=_SLIDERS)
def hires_cam(classifier, image, target=None, *, layer=None, relu=False, seed=0, batch_size=32, progress=False):
    """Return the HiResCAM map of one class, (H, W): gradient times activation, summed over channels, not averaged.

    Arguments as `grad_cam`, but signed unless relu=True. Where the network behind `layer` is linear (pooling or
    flattening, then one Dense layer), details["coarse"] sums to the logit minus the bias.
    Source: Draelos and Carin, arXiv 2011.08891, 2020.
    """
    path, found = _gradients_at(classifier, image, target, layer)
    coarse = (found.values[0] * found.gradients[0]).sum(axis=-1)
    return _finding(image, coarse, relu, found, {"layer": path})


def _gradients_at(classifier, image, target, layer):
    """Return (layer path, Gradients) at a layer with a spatial output, one forward and one backward pass."""
    spatial = classifier.spatial_layers()
    if layer is None:
        if not spatial:
            raise ValueError("This model has no layer with a spatial output (h, w, channels): Grad-CAM has no map to draw.")
        path = spatial[-1]
    else:
        path = classifier.layer_path(layer)
        if path not in spatial:
            raise ValueError(f"Layer {path!r} has no spatial output (h, w, channels): choose one such as {spatial[-1]!r}.")
    return path, classifier.gradients(image, target, layer=path)


def _finding(image, coarse, relu, found, details):
    """Return the Finding for a coarse map: keep the sign or not, resize to the image, say what can't be trusted."""
    diagnostics = []
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
    return Finding(resize_map(kept, image.shape[:2]), int(found.index[0]), details, tuple(diagnostics))
