"""The one head that every attribution technique has: what is checked before, what is written down after."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, ParamSpec

import numpy as np

from ..._quiet import announce
from ..._validation import is_number, is_whole, require_finite, shown, whole_number, yes_or_no
from ...classifier import Classifier
from ...images import as_uint8, check_image
from ...results import Attribution, Cost, Visualization, title_of
from .budget import ASKED, Budget, seconds_each, within

Parameters = ParamSpec("Parameters")
_IMAGES = ("fill", "baseline", "background", "guide")  # parameters that may be images, 0 to 255


@dataclass(frozen=True)
class Slider:
    """One control of a technique. Numbers: low, high, step. A choice: options, or a function of the classifier.

    default: where the control starts; None is the technique's own default. usual: where that is None, what the technique then
    takes, in words, or a function of the classifier that returns them.
    """

    low: float | None = None
    high: float | None = None
    step: float | None = None
    options: object = None
    default: object = None
    usual: object = ""

    def usual_words(self, classifier):
        """Return what the technique takes where this parameter is left to it, for a reader."""
        return str(self.usual(classifier) if callable(self.usual) else self.usual)


@dataclass(frozen=True)
class Method:
    """An entry of the registry. family: gradient, CAM, perturbation or feature visualization.

    takes_image: False for a technique that draws its picture from noise, `method(classifier, target, ...)`.
    title: its name for a reader; None makes it from the name.
    lesson: file name of the notebook that teaches it; the registry's table knows it.
    prepare: a function of a classifier that does what can be done before there is an image, and raises where it can't.
    pixelwise: as in `Attribution`. price: a function as `cost_of`, None where the technique declares no budget.
    needs_layers: it looks inside a network, though it takes no gradient.
    signed: whether values below zero speak against the class: True, False, or a function of its parameters that tells; None
        leaves it to the values. above_mean: what speaks for the class is above the mean of its map, wherever zero is.
    """

    name: str
    function: object
    family: str
    needs_gradients: bool
    sliders: dict = field(default_factory=dict)
    takes_image: bool = True
    title: str | None = None
    lesson: str = ""
    prepare: object = None
    pixelwise: bool = False
    price: object = None
    needs_layers: bool = False
    signed: object = None
    above_mean: bool = False

    def __post_init__(self):
        if self.title is None:
            object.__setattr__(self, "title", title_of(self.name))  # the class is frozen for everybody else

    def takes(self, classifier):
        """Return whether a classifier is of the kind that this technique explains: a Keras model, or any function."""
        return classifier.has_gradients or not (self.needs_gradients or self.needs_layers)

    def gives_signed(self, parameters):
        """Return whether its map is signed with some parameters, None where its values tell; what is not given is its own."""
        if not callable(self.signed):
            return self.signed
        given = inspect.signature(self.function).parameters
        defaults = {name: each.default for name, each in given.items() if each.default is not inspect.Parameter.empty}
        return bool(self.signed({**defaults, **parameters}))

    def why_not(self, classifier):
        """Return the sentence that says why this technique does not work on a classifier, None where it does."""
        try:
            require(classifier, self.needs_gradients, self.name, self.needs_layers)
            if self.prepare:
                self.prepare(classifier)
        except (TypeError, ValueError) as error:
            return str(error)
        return None


class Finding(NamedTuple):
    """What a technique itself has to say: the map, and what only it knows.

    heatmap: (H, W). target: the class index explained. details: a dict. diagnostics: sentences, each a reason to
    distrust the map and what to do. note, full_scale: as in `Attribution`.
    title: the name for a reader where these settings have one of their own, such as SmoothGrad; empty: the technique's.
    """

    heatmap: np.ndarray
    target: int
    details: dict = {}
    diagnostics: tuple = ()
    note: str = ""
    full_scale: float | None = None
    title: str = ""


def technique(
    *,
    family: str,
    needs_gradients: bool,
    sliders: dict[str, Slider] | None = None,
    prepare: Callable | None = None,
    pixelwise: bool = False,
    budget: Budget | None = None,
    title: str | None = None,
    needs_layers: bool = False,
    signed: bool | Callable[[dict], bool] | None = None,
    above_mean: bool = False,
) -> Callable[[Callable[Parameters, Finding]], Callable[Parameters, Attribution]]:
    """Turn `find(classifier, image, target, *, ...) -> Finding` into a technique that returns an Attribution.

    The image is checked before any network runs, the class is looked up, the passes and seconds are counted, every
    named argument is kept in `parameters`, and diagnostics become DiagnosticWarnings. prepare, pixelwise, title, needs_layers,
    signed, above_mean: see Method.
    budget: what it costs; where `seconds` and `questions` are among its arguments they are kept to here.
    """

    def decorate(find):
        signature = inspect.signature(find)

        def checked(classifier, image, target, parameters):
            bound = _bound(find.__name__, signature, classifier, image, target, **parameters)
            parameters = dict(list(bound.arguments.items())[3:])
            require(classifier, needs_gradients, find.__name__, needs_layers)
            _check_kinds(signature, parameters)
            return classifier.check(image), None if target is None else classifier.class_index(target), parameters

        def measured(classifier, pixels, index, parameters):
            with classifier.measure() as cost:
                found = find(classifier, pixels, index, **parameters)
            return found, cost()

        @functools.wraps(find)
        def explain(classifier, image, target=None, **parameters):
            pixels, index, parameters = checked(classifier, image, target, parameters)
            over = ()
            if any(parameters.get(name) is not None for name in ASKED):
                run = lambda tried: measured(classifier, pixels, index, tried)[1]  # noqa: E731
                parameters, over = within(budget, find.__name__, run, pixels.shape, index, parameters)
            parameters = {name: value for name, value in parameters.items() if name not in ASKED}
            found, cost = measured(classifier, pixels, index, parameters)
            require_finite(found.heatmap, "Somewhere the map is")
            scaled = (classifier.looks_preprocessed(pixels), *_scaled(classifier, parameters))
            diagnostics = announce(*scaled, *over, *found.diagnostics)
            # What shows in a progress bar does not belong to what makes the map.
            kept = {k: v for k, v in parameters.items() if k != "progress"}
            return Attribution(
                method=find.__name__,
                target=found.target,
                class_name=classifier.class_names[found.target],
                parameters=kept,
                cost=cost,
                details=found.details,
                diagnostics=diagnostics,
                heatmap=np.asarray(found.heatmap, dtype=np.float32),
                image=np.asarray(image),
                note=found.note,
                full_scale=found.full_scale,
                pixelwise=pixelwise,
                signed=explain.method.gives_signed(parameters),
                title=found.title or explain.method.title,
            )

        def price(classifier, image, target=None, **parameters):
            pixels, index, parameters = checked(classifier, image, target, parameters)
            run = lambda tried: measured(classifier, pixels, index, tried)[1]  # noqa: E731
            parameters, _ = within(budget, find.__name__, run, pixels.shape, index, parameters)
            forward, questions = budget.cost(pixels.shape, parameters, index), budget.questions(pixels.shape, parameters)
            seconds = forward * seconds_each(budget, run, pixels.shape, index, parameters)[0]
            return Cost(forward, questions if needs_gradients else 0, seconds)

        explain.__signature__ = signature.replace(return_annotation=Attribution)
        explain.method = Method(
            find.__name__,
            explain,
            family,
            needs_gradients,
            sliders or {},
            prepare=prepare,
            pixelwise=pixelwise,
            price=price if budget else None,
            title=title,
            needs_layers=needs_layers,
            signed=signed,
            above_mean=above_mean,
        )
        return explain

    return decorate


class Seen(NamedTuple):
    """What a technique of feature visualization has to say: a picture that a network made, and how it grew.

    image: (H, W, 3), 0 to 255. name: what was driven up, in words. target: the class index, None where it is no class.
    activation: one number a step. frames: pictures on the way. details, diagnostics: as in `Finding`.
    """

    image: np.ndarray
    name: str
    target: int | None
    activation: np.ndarray
    frames: list = []
    details: dict = {}
    diagnostics: tuple = ()


def visualization(
    *,
    sliders: dict[str, Slider] | None = None,
    prepare: Callable | None = None,
    title: str | None = None,
) -> Callable[[Callable[Parameters, Seen]], Callable[Parameters, Visualization]]:
    """Turn `find(classifier, [image,] target, *, ...) -> Seen` into a technique that returns a Visualization.

    The sibling of `technique` for what a network has learned. A technique that takes an image takes one of any size.
    prepare, title: see Method.
    """

    def decorate(find):
        signature = inspect.signature(find)
        takes_image = "image" in signature.parameters

        @functools.wraps(find)
        def visualize(classifier, *given, **parameters):
            bound = _bound(find.__name__, signature, classifier, *given, **parameters)
            arguments = dict(list(bound.arguments.items())[1:])
            require(classifier, True, find.__name__)
            _check_kinds(signature, arguments)
            if takes_image:
                arguments["image"] = check_image(arguments["image"], (None, None, classifier.input_shape[-1]))
            if arguments["target"] is not None:
                arguments["target"] = classifier.class_index(arguments["target"])
            with classifier.measure() as cost:
                seen = find(classifier, **arguments)
            require_finite(seen.activation, "The activation is")
            scaled = (takes_image and classifier.looks_preprocessed(arguments["image"]), *_scaled(classifier, arguments))
            diagnostics = announce(*scaled, *seen.diagnostics)
            kept = {k: v for k, v in arguments.items() if k not in ("image", "target", "progress")}
            return Visualization(
                method=find.__name__,
                target=seen.target,
                class_name=seen.name,
                parameters=kept,
                cost=cost(),
                details=seen.details,
                diagnostics=diagnostics,
                image=as_uint8(seen.image),
                frames=[as_uint8(frame) for frame in seen.frames],
                activation=np.asarray(seen.activation, dtype=np.float32),
                title=visualize.method.title,
            )

        visualize.__signature__ = signature.replace(return_annotation=Visualization)
        kind = "feature visualization"
        visualize.method = Method(find.__name__, visualize, kind, True, sliders or {}, takes_image, title, prepare=prepare)
        return visualize

    return decorate


def require(classifier, needs_gradients, name, needs_layers=False):
    """Raise TypeError in one sentence where the classifier is none, or lacks the gradients or layers that the technique needs."""
    if not isinstance(classifier, Classifier):
        raise TypeError(f"{name} got {type(classifier).__name__}: wrap the model first, Classifier(model, ...).")
    if (needs_gradients or needs_layers) and not classifier.has_gradients:
        what = "gradients" if needs_gradients else "layers"
        raise TypeError(
            f"{name} needs {what}, and a plain function has none: give a Keras model, or use a technique "
            "that only asks questions (occlusion, rise, lime, anchors)."
        )


def _bound(name, signature, *given, **named):
    """Return the arguments bound to their names, defaults included; TypeError, in one sentence, where they do not fit."""
    try:
        bound = signature.bind(*given, **named)
    except TypeError as error:
        known = ", ".join(list(signature.parameters)[1:])
        raise TypeError(f"{name} does not take these arguments ({error}): after the classifier it takes {known}.") from None
    bound.apply_defaults()
    return bound


def _check_kinds(signature, given):
    """Raise ValueError for a value that is not of its default's kind: yes or no, a whole number, a number.

    What else a parameter must be only its technique knows.
    """
    for name, value in given.items():
        kind = type(signature.parameters[name].default)
        if kind is bool:
            yes_or_no(value, name)
        if kind is int and not is_whole(value):
            raise ValueError(f"{name} is {shown(value)}: expected a whole number.")
        if kind is float and not is_number(value):
            raise ValueError(f"{name} is {shown(value)}: expected a number.")
    for name, least in (("seed", 0), ("batch_size", 1)):
        if name in given:
            whole_number(given[name], name, least)


def _scaled(classifier, given):
    """Yield a sentence for each image beside the explained one that seems to have been preprocessed already."""
    for name in _IMAGES:
        if not isinstance(given.get(name), str) and np.ndim(given.get(name)) >= 3:
            sentence = classifier.looks_preprocessed(given[name])
            yield sentence and sentence.replace("The image has", f"{name} has", 1)


def strongest_channel(gradient):
    """Return (H, W): for each pixel the largest absolute value of the channels of a gradient (H, W, C)."""
    # Channel by channel: numpy takes twenty times as long to go along an axis of three.
    return functools.reduce(np.maximum, np.moveaxis(np.abs(gradient), -1, 0))
