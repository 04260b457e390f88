"""Grad-CAM and HiResCAM: which places of a layer's maps speak for a class.

Selvaraju and others, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks",
arXiv 2011.08891, 2020.
"""

from .._types import ImageLike, Target
from ..classifier import Classifier
from .shared.budget import Budget, one_pass
from .shared.class_activation import LAYER, gradients_at, map_finding, signed_unless_relu
from .shared.contract import Finding, technique

_SLIDERS = {"layer": LAYER}


@technique(
    family="CAM",
    needs_gradients=True,
    sliders=_SLIDERS,
    prepare=lambda classifier: classifier.spatial_layer(),
    budget=Budget(one_pass),
    signed=signed_unless_relu,
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
    path, index, values, gradients, left_out = gradients_at(classifier, image, target, layer)
    weights = gradients.mean(axis=(0, 1))
    coarse = values @ weights
    return map_finding(image, coarse, relu, index, {"layer": path, "weights": weights}, left_out)


@technique(
    family="CAM",
    needs_gradients=True,
    sliders=_SLIDERS,
    prepare=lambda classifier: classifier.spatial_layer(),
    budget=Budget(one_pass),
    signed=signed_unless_relu,
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
    path, index, values, gradients, left_out = gradients_at(classifier, image, target, layer)
    coarse = (values * gradients).sum(axis=-1)
    return map_finding(image, coarse, relu, index, {"layer": path}, left_out)
