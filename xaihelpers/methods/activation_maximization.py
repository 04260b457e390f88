"""Activation maximization: the picture that a class, or one channel of one layer, would like to see most.

Erhan and others, "Visualizing Higher-Layer Features of a Deep Network", University of Montreal, 2009.
Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", ICLR workshop, 2014.
Olah, Mordvintsev and Schubert, "Feature Visualization", Distill, 2017.
Fel and others, "Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained Optimization", NeurIPS 2023.
"""

from typing import Any

import numpy as np

from .._quiet import tf
from .._types import Target
from .._validation import number, one_of
from ..classifier import Classifier
from .shared import gradient_ascent as ascent
from .shared.contract import Seen, Slider, visualization, whole_number
from .shared.picture_space import Fourier, Phases, Pixels

_SLIDERS = {
    "target": Slider(options=lambda classifier: classifier.class_names),
    "steps": Slider(low=16, high=256, step=16, default=64),
    "step_size": Slider(low=0.01, high=0.2, step=0.01, default=0.05),
    "total_variation": Slider(low=0.0, high=20.0, step=1.0, default=0.0),
}
_ANY_SIZE = 224
_LARGEST = 4096


@visualization(sliders=_SLIDERS, prepare=lambda classifier: classifier.require_in_graph())
def activation_maximization(
    classifier: Classifier,
    target: Target = None,
    *,
    layer: str | None = None,
    channel: int | None = None,
    steps: int = 256,
    step_size: float = 0.05,
    space: str = "fourier",
    optimizer: str = "adam",
    jitter: int = 8,
    scale: float = 0.0,
    rotation: float = 0.0,
    negative: bool = False,
    l2: float = 0.0,
    total_variation: float = 0.0,
    radius: float | None = None,
    size: int | tuple[int, int] | None = None,
    frames: Any = 8,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Seen:
    """Return the picture that drives up a class's logit, or the mean of one channel, found by gradient ascent from noise.

    target: class index or name; or layer and channel: a layer with a spatial output (None: the last one), 0..k-1.
    steps, step_size: how often, and how far in picture units, in which black is -1, white 1; with "maco" in radians.
    space: "fourier" changes waves and independent colours, "pixels" changes pixels, "maco" only where waves lie: each stays
        as strong as in photographs. optimizer: "adam", or "plain": the gradient divided by its root mean square.
    jitter: each step looks at the picture rolled by up to so many pixels; scale, rotation: enlarged or shrunk by up to this
        share, and turned by up to so many degrees. negative: drive down instead. l2, total_variation: weights of the two
        penalties. radius: the picture's root mean square is kept under it (pixels only).
    size: edge in pixels; None is the classifier's input, 224 where it takes any. frames: pictures kept on the way.
    details: "frame_steps", and "probability" of the class for the finished picture (of classifier's size only).
    Raises ValueError for an unknown class or layer, a channel out of range, zero steps.
    """
    classifier.require_in_graph()
    layer, index, name = _goal(classifier, target, layer, channel)
    steps, shape = whole_number(steps, "steps"), _shape(classifier, size)
    one_of(optimizer, "optimizer", _DIRECTIONS)
    settings = {
        "step_size": number(step_size, "step_size", above=0),
        "l2": number(l2, "l2", least=0),
        "total_variation": number(total_variation, "total_variation", least=0),
        "jitter": whole_number(jitter, "jitter", 0),
        "scale": number(scale, "scale", least=0),
        "rotation": number(rotation, "rotation", least=0),
        "index": index,
        "sign": -1.0 if negative else 1.0,
    }
    picture = _space(space, (*shape, classifier.input_shape[-1]), radius)
    # What takes time even where its numbers are zero.
    extra = (settings["l2"] > 0 or settings["total_variation"] > 0, settings["scale"] > 0 or settings["rotation"] > 0)
    key = ("activation_maximization", layer, optimizer, space, radius, shape, extra)
    draw, step = classifier.compiled(key, lambda: _functions(classifier, layer, picture, optimizer, *extra))
    settings = {name: tf.constant(value) for name, value in settings.items()}
    kept = np.unique(np.linspace(0, steps, whole_number(frames, "frames", 0), dtype=int, endpoint=False)).tolist()
    state, seen = _State(picture.start(whole_number(seed, "seed", 0))), []

    def advance(i):
        if i in kept:
            seen.append(draw(state.x).numpy()[0])
        value, after = step(*state.all, tf.constant(i), tf.constant(seed), settings)
        value = value.numpy()
        classifier.count(forward=1, backward=1)
        state.all = after
        return value

    values = ascent.climb(advance, steps, progress=progress, name=f"{name}: steps")
    image = draw(state.x).numpy()[0]
    said = ascent.what_happened(values, steps)
    details = {"frame_steps": [*kept[: len(seen)], len(values)]}
    if target is not None and all(want in (None, have) for have, want in zip(shape, classifier.input_shape)):
        details["probability"] = float(classifier.probabilities(np.clip(np.rint(image), 0, 255))[0, index])
    return Seen(image, name, target, values, [*seen, image], details, said)


class _State:
    """Everything that one step changes, in one tuple, so that an interruption never leaves half a step."""

    def __init__(self, start):
        start = tf.constant(start)
        self.all = (start, tf.zeros_like(start), tf.zeros_like(start))

    @property
    def x(self):
        return self.all[0]


def _functions(classifier, layer, picture, optimizer, penalised, askew):
    """Compile (draw, step) for one goal: x -> image; x, two running means, step, seed, settings -> value, the same three.

    penalised: whether the step takes off the two penalties. askew: whether it looks at the picture enlarged and turned.
    """

    @tf.function(autograph=False)
    def draw(x):
        return 127.5 + 127.5 * picture.draw(x)

    @tf.function(autograph=False)
    def step(x, mean, square, i, seed, settings):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            drawn = picture.draw(x)
            seen = ascent.jitter(drawn, settings["jitter"], tf.stack([seed, i]))
            if askew:
                seen = ascent.seen_askew(seen, settings["scale"], settings["rotation"], tf.stack([i, seed]))
            value = ascent.activation(classifier, 127.5 + 127.5 * seen, {layer: 1.0} if layer else {}, settings["index"])
            score = settings["sign"] * value
            if penalised:
                score -= settings["l2"] * ascent.l2(drawn) + settings["total_variation"] * ascent.total_variation(drawn)
        gradient = tape.gradient(score, x, unconnected_gradients="zero")
        direction, mean, square = _DIRECTIONS[optimizer](gradient, mean, square, tf.cast(i, tf.float32) + 1)
        return value[0], (picture.bound(x + settings["step_size"] * direction), mean, square)

    return draw, step


def _plain(gradient, mean, square, i):
    """Return the gradient divided by its root mean square."""
    return gradient / (tf.sqrt(tf.reduce_mean(gradient**2)) + 1e-12), mean, square


def _adam(gradient, mean, square, i):
    """Return Adam's direction: every number moves about one unit, however large its gradient. Kingma and Ba, ICLR 2015."""
    mean = 0.9 * mean + 0.1 * gradient
    square = 0.99 * square + 0.01 * gradient**2
    return mean / (1 - 0.9**i) / (tf.sqrt(square / (1 - 0.99**i)) + 1e-8), mean, square


_DIRECTIONS = {"adam": _adam, "plain": _plain}


def _goal(classifier, target, layer, channel):
    """Return (layer path or None, class or channel index, name) of what is to be driven up."""
    if target is not None:
        if layer is not None or channel is not None:
            raise ValueError("Both a class and a channel were given: give target, or layer and channel.")
        return None, target, classifier.class_names[target]
    if layer is None and channel is None:
        raise ValueError("Nothing was given to drive up: give a class (target), or a layer and a channel.")
    path = classifier.spatial_layer(layer)
    channel = ascent.check_channel(channel, path, classifier.n_channels(path))
    return path, channel, f"{path.split('/')[-1]}, channel {channel}"


def _shape(classifier, size):
    """Return (height, width) of the picture."""
    if size is not None:
        if whole_number(size, "size") > _LARGEST:
            raise ValueError(f"size is {size}: give {_LARGEST} pixels an edge or fewer.")
        return (int(size),) * 2
    return tuple(edge or _ANY_SIZE for edge in classifier.input_shape[:2])


def _space(space, shape, radius):
    """Return the way in which the picture is written down."""
    one_of(space, "space", ("fourier", "pixels", "maco"))
    if space == "pixels":
        return Pixels(*shape, None if radius is None else number(radius, "radius", above=0))
    if radius is not None:
        raise ValueError("radius bounds pixels: choose space='pixels', or leave it out.")
    if space == "maco":
        if shape[-1] != 3:
            raise ValueError(f"space='maco' knows the waves of colour photographs; this network takes {shape[-1]} channel(s).")
        return Phases(*shape[:2])
    return Fourier(*shape)
