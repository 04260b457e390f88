"""The one head that every attribution technique has: what is checked before, what is written down after."""

import functools
import inspect
import warnings
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..classifier import Classifier
from ..images import looks_preprocessed
from ..results import Attribution, DiagnosticWarning


@dataclass(frozen=True)
class Slider:
    """One control of a technique. Numbers: low, high, step. A choice: options, or a function of the classifier."""

    low: float | None = None
    high: float | None = None
    step: float | None = None
    options: object = None
    default: object = None


@dataclass(frozen=True)
class Method:
    """An entry of the registry. family: gradient, CAM, perturbation or feature visualization."""

    name: str
    function: object
    family: str
    needs_gradients: bool
    sliders: dict = field(default_factory=dict)


class Finding(NamedTuple):
    """What a technique itself has to say: the map, and what only it knows.

    heatmap: (H, W). target: the class index explained. details: a dict. diagnostics: sentences, each a reason to
    distrust the map and what to do.
    """

    heatmap: np.ndarray
    target: int
    details: dict = {}
    diagnostics: tuple = ()


def technique(*, family, needs_gradients, sliders=None):
    """Turn `find(classifier, image, target, *, ...) -> Finding` into a technique that returns an Attribution.

    The image is checked before any network runs, the class is looked up, the passes and seconds are counted, every
    named argument is kept in `parameters`, and diagnostics become DiagnosticWarnings.
    """

    def decorate(find):
        signature = inspect.signature(find)

        @functools.wraps(find)
        def explain(classifier, image, target=None, **parameters):
            bound = signature.bind(classifier, image, target, **parameters)
            bound.apply_defaults()
            parameters = {k: v for k, v in list(bound.arguments.items())[3:]}
            require(classifier, needs_gradients, find.__name__)
            pixels = classifier.check(image)
            index = None if target is None else classifier.class_index(target)
            with classifier.measure() as cost:
                found = find(classifier, pixels, index, **parameters)
            diagnostics = _announce(looks_preprocessed(pixels), *found.diagnostics)
            # What shows in a progress bar does not belong to what makes the map.
            kept = {k: v for k, v in parameters.items() if k != "progress"}
            return Attribution(
                method=find.__name__, target=found.target, class_name=classifier.class_names[found.target],
                parameters=kept, cost=cost(), details=found.details, diagnostics=diagnostics,
                heatmap=np.asarray(found.heatmap, dtype=np.float32), image=np.asarray(image),
            )  # fmt: skip

        explain.__signature__ = signature.replace(return_annotation=Attribution)
        explain.method = Method(find.__name__, explain, family, needs_gradients, sliders or {})
        return explain

    return decorate


def require(classifier, needs_gradients, name):
    """Raise TypeError in one sentence where the classifier is none, or has no gradients and the technique needs them."""
    if not isinstance(classifier, Classifier):
        raise TypeError(f"{name} got {type(classifier).__name__}: wrap the model first, Classifier(model, ...).")
    if needs_gradients and not classifier.has_gradients:
        raise TypeError(f"{name} needs gradients, and a plain function has none: give a Keras model, or use a technique "
                        "that only asks questions (occlusion, rise, lime, anchors).")  # fmt: skip


def _announce(*sentences):
    """Warn about each sentence that there is; return them as a tuple."""
    said = tuple(sentence for sentence in sentences if sentence)
    for sentence in said:
        warnings.warn(sentence, DiagnosticWarning, stacklevel=3)
    return said
