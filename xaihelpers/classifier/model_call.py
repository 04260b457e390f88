"""One way of calling a Keras model: which input takes the image, what the others are held at, which output is looked at."""

import keras
import numpy as np
import tensorflow as tf

from .._validation import is_whole, shown
from .base import Refused


class ModelCall:
    """A function from a batch of images to one output of a model that may have several inputs and outputs.

    inputs: {name or position: value} of every input but the image; a number, or an array of the shape of one example.
    output: name or position of the output, None where there is one only.
    """

    def __init__(self, model, inputs=None, output=None):
        self.model, self._output = model, output
        self.names, self._symbols, self._container = _inputs_of(model)
        self._held = self._checked(dict(inputs or {}) if _is_mapping(inputs) else _refuse_inputs(inputs))
        self.image = self._image_input()

    def __call__(self, images):
        """Return the output for a batch of images, a tensor."""
        if not self._held:
            given = images
        else:
            n = tf.shape(images)[0]
            each = [self._held.get(name) for name in self.names]
            each = [images if value is None else tf.repeat(value[None], n, axis=0) for value in each]
            given = dict(zip(self.names, each)) if self._container is dict else each
        return self._chosen(self.model(given, training=False))

    @property
    def shape(self):
        """The image's shape as the model declares it, without the batch; None where it declares none."""
        if self.image is not None:
            return tuple(self._symbols[self.image].shape[1:])
        return _built_shape(self.model)

    @property
    def held(self):
        """{name: value} of the inputs that are held."""
        return {name: value.numpy() for name, value in self._held.items()}

    def _image_input(self):
        """Return the name of the one input that is left for the image."""
        if self._symbols is None:
            return None
        free = [name for name in self.names if name not in self._held]
        images = [name for name in free if len(self._symbols[name].shape) == 4]
        if len(free) == 1 and images:
            return free[0]
        if not free and self._held:
            raise ValueError(f"inputs holds every input, {_listed(self._symbols)}: leave the one that takes the image out.")
        if not images:
            raise ValueError(f"The model has no input for images (N, H, W, C): its inputs are {_listed(self._symbols)}.")
        others = [name for name in free if name != images[0]]
        example = ", ".join(f"{name!r}: 0" for name in others)
        raise ValueError(
            f"The model has {len(self.names)} inputs, {_listed(self._symbols)}: hold all but the image at a value, "
            f"Classifier(model, inputs={{{example}}})."
        )

    def _checked(self, inputs):
        """Return {name: tensor} of the values that inputs are held at."""
        if inputs and self._symbols is None:
            raise ValueError(
                f"{type(self.model).__name__} is a subclassed model, which does not name its inputs: give a model whose "
                "call takes the image alone and fills in the rest."
            )
        held = {}
        for key, value in inputs.items():
            name = self.names[key] if is_whole(key) and 0 <= key < len(self.names) else key
            if name not in self.names:
                raise ValueError(f"The model has no input {shown(key)}: its inputs are {_listed(self._symbols)}.")
            held[name] = _held_at(name, value, self._symbols[name])
        return held

    def _chosen(self, outputs):
        """Return the output that was asked for."""
        if isinstance(outputs, dict):
            named = outputs
        elif isinstance(outputs, (list, tuple)):
            names = getattr(self.model, "output_names", None) or []
            names = names if len(names) == len(outputs) == len(set(names)) else range(len(outputs))
            named = dict(zip(names, outputs))
        else:
            named = {0: outputs}
        wanted, listed = self._output, list(named)
        if wanted is None and len(named) == 1:
            return next(iter(named.values()))
        if is_whole(wanted) and wanted not in named and 0 <= wanted < len(listed):
            wanted = listed[wanted]
        if not (isinstance(wanted, str) or is_whole(wanted)) or wanted not in named:
            there_are = ", ".join(map(repr, listed))
            none = "" if wanted is None else f", and no {shown(wanted)}"
            raise Refused(
                f"The model has {len(named)} output{'s' * (len(named) != 1)}, {there_are}{none}: say which one is explained, "
                f"output={listed[0]!r}."
            )
        return named[wanted]


def _inputs_of(model):
    """Return (names, {name: symbolic input}, kind of container) of a model's inputs; names alone for a subclassed one."""
    symbols, given = _attribute(model, "inputs"), _attribute(model, "input")
    if not symbols:
        return ["image"], None, None
    if isinstance(given, dict) and all(isinstance(value, keras.KerasTensor) for value in given.values()):
        return list(given), dict(given), dict
    names = [symbol.name for symbol in symbols]
    return names, dict(zip(names, symbols)), list


def _attribute(model, name):
    """Return an attribute of a model, None where it has none; Keras raises several errors for that."""
    try:
        return getattr(model, name)
    except (AttributeError, ValueError):
        return None


def _held_at(name, value, symbol):
    """Return the value of a held input as a tensor without a batch, or say what was expected."""
    shape, dtype = tuple(symbol.shape[1:]), keras.backend.standardize_dtype(symbol.dtype)
    given = value
    try:
        value = np.asarray(value)
        if value.ndim and value.shape != shape and value.shape[1:] == shape and len(value) == 1:
            value = value[0]  # a batch of one
        fits = all(want in (None, have) for want, have in zip(shape, value.shape)) and value.ndim == len(shape)
        if not fits and value.ndim == 0 and None not in shape:
            value, fits = np.full(shape, value), True
        if fits and dtype != "string":
            value = value.astype(tf.as_dtype(dtype).as_numpy_dtype)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"Input {name!r} is held at {shown(given)}: expected {dtype} of shape {shape}, or one number.")
    return tf.constant(value)


def _built_shape(model):
    """Return the image shape that a subclassed model was built with, None where nobody knows."""
    try:
        shape = list((model.get_build_config() or {}).get("input_shape") or ())
    except Exception:  # whatever a model's own method does
        return None
    return tuple(shape[1:]) if len(shape) == 4 and all(edge is None or is_whole(edge) for edge in shape) else None


def _listed(symbols):
    return ", ".join(f"{name!r} {tuple(symbol.shape[1:])}" for name, symbol in symbols.items())


def _is_mapping(inputs):
    return inputs is None or isinstance(inputs, dict)


def _refuse_inputs(inputs):
    raise TypeError(f"inputs is {shown(inputs)}: give {{name of an input: the value it is held at}}.")
