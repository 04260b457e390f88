"""What a comparison has to do: images, techniques and metrics, checked before any network runs."""

import inspect
from functools import partial
from typing import NamedTuple

import numpy as np

from .. import metrics as measures
from .._validation import listed, require_arguments, shown, written
from ..methods import METHODS
from ..metrics.maps import checked_mask
from .controls import CONTROLS


def technique(given):
    """Return the function of a technique or a control given by its name; a function is taken as it is."""
    if not isinstance(given, str):
        return given
    return CONTROLS[given] if given in CONTROLS else METHODS[given].function


def _again(found):
    """Return the technique as it was called: bound first, since some of its parameters are named like the metric's."""
    return partial(technique(found.method), **found.parameters)


def _stability(classifier, found, mask):
    return measures.stability(classifier, _again(found), found.image, found.target)


def _randomisation(classifier, found, mask):
    done = measures.model_randomisation(classifier, _again(found), found.image, found.target, stages=1)
    return float(done.correlations[-1])


def _inside(metric, classifier, found, mask):
    if mask is None:
        raise ValueError("There is no mask for this image: give masks=, or leave this metric out.")
    return metric(found, mask)


def _area(curve, classifier, found, mask):
    return curve(classifier, found, steps=20).area


def _sparseness(classifier, found, mask):
    return measures.sparseness(found)


# metric: what it measures, as a function of classifier, Attribution and mask.
METRICS = {
    "pointing_game": partial(_inside, measures.pointing_game),
    "mass_inside": partial(_inside, measures.mass_inside),
    "rank_inside": partial(_inside, measures.rank_inside),
    "roc_area": partial(_inside, measures.roc_area),
    "deletion": partial(_area, measures.deletion),
    "insertion": partial(_area, measures.insertion),
    "sparseness": _sparseness,
    "stability": _stability,
    "randomisation": _randomisation,
}
NEED_MASKS = ("pointing_game", "mass_inside", "rank_inside", "roc_area")
EVERY_TIME = ("pointing_game", "mass_inside", "rank_inside", "deletion", "insertion", "sparseness")


class Job(NamedTuple):
    """One image to explain."""

    name: object
    image: np.ndarray
    mask: object
    target: object


class Plan(NamedTuple):
    """All that there is to do. methods: {label: (function, parameters)}; metrics: {label: function}."""

    jobs: list
    methods: dict
    metrics: dict


def make_plan(classifier, images, masks, methods, metrics, targets):
    """Return the Plan, or raise in one sentence for what can't be done; no network runs before that."""
    if not images:
        raise ValueError("There are no images to compare on: give (N, H, W, 3), a list or {name: image}.")
    checked = [classifier.check(image) for image in images.values()]
    masks = [None] * len(images) if masks is None else _of_each(masks, images, "masks", "masks")
    if len(masks) != len(images):
        raise ValueError(f"There are {len(images)} images and {len(masks)} masks: give one mask an image.")
    one = targets is None or isinstance(targets, (str, int, np.integer))
    targets = [targets] * len(images) if one else _of_each(targets, images, "targets", "classes")
    if len(targets) != len(images):
        raise ValueError(f"There are {len(images)} images and {len(targets)} targets: give one for all, or one an image.")
    targets = [target if target is None else classifier.class_index(target) for target in targets]
    if metrics is None:
        metrics = [name for name in EVERY_TIME if any(mask is not None for mask in masks) or name not in NEED_MASKS]
    listed(metrics, "metrics", "names", least=1)
    metrics = metrics if isinstance(metrics, dict) else {name if isinstance(name, str) else shown(name): name for name in metrics}
    metrics = {written(label, "The name of a metric"): _metric(given, label) for label, given in metrics.items()}
    if any(metrics.get(name) is METRICS[name] for name in NEED_MASKS):
        for image, mask in zip(checked, masks):
            if mask is not None:
                checked_mask(mask, image.shape[:2])
    return Plan([Job(*each) for each in zip(images, checked, masks, targets)], _functions(classifier, methods), metrics)


def _of_each(given, images, name, of):
    """Return what was given of each image as a list in the order of the images; a dict has their names."""
    if isinstance(given, (set, frozenset)):
        raise TypeError(f"{name} is {shown(given)}, a set, which has no order: give a list.")
    if not isinstance(given, dict):
        return listed(given, name, of)
    if set(given) != set(images):
        raise ValueError(f"{name} has {shown(list(given))} and the images are {shown(list(images))}: give it the same names.")
    return [given[image] for image in images]


def _metric(given, label):
    """Return the function of a metric, given as a function or by a name of METRICS."""
    if callable(given):
        require_arguments(given, f"The metric {label!r}", "classifier", "attribution", "mask")
        return given
    if not isinstance(given, str) or given not in METRICS:
        raise ValueError(f"There is no metric {shown(given)}: choose from {', '.join(METRICS)}.")
    return METRICS[given]


def _functions(classifier, methods):
    """Return {label: (name or function, parameters)}."""
    if methods is None:
        maps = {name: method for name, method in METHODS.items() if method.family != "feature visualization"}
        methods = [name for name, method in maps.items() if method.takes(classifier)]
        methods += CONTROLS
    if not isinstance(methods, dict):
        methods = dict(map(_labelled, listed(methods, "methods", "names", least=1)))
    listed(methods, "methods", "names", least=1)
    methods = {written(label, "The label of a technique"): given for label, given in methods.items()}
    found = {label: given if isinstance(given, tuple) else (label, given) for label, given in methods.items()}
    for given in found.values():
        if len(given) != 2 or not isinstance(given[1], dict):
            raise TypeError(f"A technique is {shown(given)}: give its name, {{name: parameters}}, or (function, parameters).")
        function, parameters = given
        if isinstance(function, str):
            _check_names(function, parameters)
        elif not callable(function):
            raise TypeError(f"A technique is {type(function).__name__}: give its name, or (function, parameters).")
    return found


def _labelled(given):
    """Return (label, what a dict would hold) of a technique in a list: a name, or a function."""
    if callable(given):
        return getattr(given, "__name__", shown(given)), (given, {})
    return (given if isinstance(given, str) else shown(given)), {}


def _check_names(function, parameters):
    """Raise TypeError, in one sentence, for parameters that a technique does not have."""
    if function not in METHODS and function not in CONTROLS:
        raise ValueError(f"There is no technique {function!r}: choose from {', '.join([*METHODS, *CONTROLS])}.")
    if function in METHODS and METHODS[function].family == "feature visualization":
        raise ValueError(f"{function} draws a picture and gives no map: leave it out of a comparison.")
    known = inspect.signature(technique(function)).parameters
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise TypeError(f"{function} has no parameter {shown(unknown[0])}: it has {', '.join(list(known)[3:])}.")
