"""The techniques. Adding one is a module in this folder, a lesson, and a line in the table below."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._quiet import quiet_import

if TYPE_CHECKING:  # the command line lists the techniques without loading numpy
    from .._types import ImageLike, Target, Technique
    from ..classifier import Classifier
    from ..results import Cost

# technique: its module, and its lesson. The comparison, the playground, the command line and the tests read this table.
_TABLE = {
    "saliency": ("saliency", "04_saliency_maps.ipynb"),
    "integrated_gradients": ("integrated_gradients", "04_saliency_maps.ipynb"),
    "guided_backprop": ("guided_backprop", "08_guided_backpropagation.ipynb"),
    "deep_shap": ("deep_shap", "10_deep_shap.ipynb"),
    "grad_cam": ("grad_cam", "01_grad_cam.ipynb"),
    "hires_cam": ("grad_cam", "01_grad_cam.ipynb"),
    "grad_cam_plus_plus": ("cam_family", "14_field.ipynb"),
    "xgrad_cam": ("cam_family", "14_field.ipynb"),
    "layer_cam": ("cam_family", "14_field.ipynb"),
    "score_cam": ("cam_family", "14_field.ipynb"),
    "ablation_cam": ("cam_family", "14_field.ipynb"),
    "eigen_cam": ("cam_family", "14_field.ipynb"),
    "expected_gradients": ("expected_gradients", "14_field.ipynb"),
    "lrp": ("lrp", "14_field.ipynb"),
    "occlusion": ("occlusion", "07_occlusion_sensitivity.ipynb"),
    "rise": ("rise", "03_rise.ipynb"),
    "lime": ("lime", "02_lime.ipynb"),
    "shapley": ("shapley", "14_field.ipynb"),
    "extremal_perturbation": ("extremal_perturbation", "14_field.ipynb"),
    "anchors": ("anchors", "05_anchor_explanations.ipynb"),
    "activation_maximization": ("activation_maximization", "06_activation_maximization.ipynb"),
    "deep_dream": ("deep_dream", "09_deep_dream.ipynb"),
}


class _Registry(Mapping):
    """{name: Method}; a technique's module is imported when it is asked for, so that listing them is quick."""

    def __getitem__(self, name):
        if name not in _TABLE:
            raise KeyError(f"There is no technique {name!r}: choose from {', '.join(_TABLE)}.")
        module, lesson = _TABLE[name]
        with quiet_import():
            found = import_module(f"{__name__}.{module}")
        return replace(getattr(found, name).method, lesson=lesson)

    def __contains__(self, name):
        return name in _TABLE  # without loading it

    def __iter__(self):
        return iter(_TABLE)

    def __len__(self):
        return len(_TABLE)


METHODS = _Registry()


def cost_of(
    method: "Technique",
    classifier: "Classifier",
    image: "ImageLike",
    target: "Target" = None,
    **parameters: Any,
) -> "Cost":
    """Return the `Cost` that a technique is going to have on this computer: passes, at most, and about how many seconds.

    method: its name. Other arguments as for the technique. Small runs of it tell how long it takes, up to some eighty
    questions. Raises ValueError for an unknown name, or a technique that does not say what it costs.
    """
    from .._validation import one_of  # it needs numpy

    one_of(method, "method", list(METHODS))
    price = METHODS[method].price
    if price is None:
        raise ValueError(f"{method} does not say what it costs: run it, its result has `cost`.")
    return price(classifier, image, target, **parameters)


def module_of(name):
    """Return the full name of the module of a technique, which is not imported for that."""
    return f"{__name__}.{_TABLE[name][0]}"


def lesson_of(name):
    """Return the file name of the lesson that teaches a technique, which is not imported for that."""
    return _TABLE[name][1]
