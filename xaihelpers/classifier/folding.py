"""Batch normalization, folded into the convolution beside it: the same function of the image, in fewer steps.

A normalization that has been trained multiplies every channel by a number and adds another. A convolution does both as well,
so that its kernel and its bias can take the two numbers over, exactly, where nothing stands between and nobody else looks at
what is between. Jacob and others, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018, section 3.2.
"""

from collections import defaultdict
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from . import graph

_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense")
_AFFINE = ("BatchNormalization", "Normalization", "Rescaling")
_NOTHING_AT_INFERENCE = ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "Identity")


class Fold(NamedTuple):
    """A convolution (or Dense), and the layers that it takes over: those before it, and those behind it, in their order."""

    layer: keras.layers.Layer
    before: tuple = ()
    behind: tuple = ()


def plan(model, keep=()):
    """Return ({path: Fold}, paths of the layers that are taken over) for a model that `graph.replay` can go through.

    keep: paths that stay as they are.
    """
    calls = _Calls(model)
    folds, gone = {}, set(keep)
    for path in calls.paths(_CONVOLUTIONS):
        if path not in keep and _is_linear(calls.layer(path)):
            behind = calls.chain(path, calls.next, gone)
            folds[path] = Fold(calls.layer(path), behind=tuple(map(calls.layer, behind)))
            gone.update(behind)
    for path in calls.paths(_CONVOLUTIONS):
        if path not in keep and _sees_no_padding(calls.layer(path)):
            before = calls.chain(path, calls.previous, gone)[::-1]
            folds[path] = folds.get(path, Fold(calls.layer(path)))._replace(before=tuple(map(calls.layer, before)))
            gone.update(before)
    return {path: fold for path, fold in folds.items() if fold.before or fold.behind}, gone - set(keep)


def folded_weights(fold, read):
    """Return the kernels and the bias, (channels,), of a convolution that has taken over what is beside it.

    read: a function from a weight of a layer to its values, numpy.
    """
    kernels = [np.asarray(read(kernel)) for kernel in kernels_of(fold.layer)]
    bias = np.asarray(read(fold.layer.bias), float) if fold.layer.use_bias else 0.0
    for layer in fold.before[::-1]:
        kernels, bias = _after(*_scale_and_shift(layer, read), fold.layer, kernels, bias)
    for layer in fold.behind:
        scale, shift = _scale_and_shift(layer, read)
        kernels[-1] = kernels[-1] * _along_outputs(scale, fold.layer, kernels[-1].shape)
        bias = bias * scale + shift
    bias = np.broadcast_to(bias, (_channels(fold.layer, kernels[-1].shape),))
    return [np.float32(kernel) for kernel in kernels], np.float32(bias)


def kernels_of(layer):
    """Return the kernels of a convolution, the last of which decides the output channels."""
    if type(layer).__name__ == "SeparableConv2D":
        return [layer.depthwise_kernel, layer.pointwise_kernel]
    return [layer.kernel]


def weights_of(fold):
    """Return the weights, Keras variables, that `folded_weights` reads."""
    own = [*kernels_of(fold.layer), *([fold.layer.bias] if fold.layer.use_bias else [])]
    normalizations = [layer for layer in (*fold.before, *fold.behind) if type(layer).__name__ == "BatchNormalization"]
    return own + [weight for layer in normalizations for weight in layer.weights]


def adaptable(fold):
    """Return the layers of a fold that hold no variables but tensors, for which `adapt` puts other ones."""
    return [layer for layer in (*fold.before, *fold.behind) if type(layer).__name__ == "Normalization"]


def call(layer, inputs, kernels, bias):
    """Return what a convolution would give with these kernels and this bias, its own activation included; tensors."""
    kind, ops = type(layer).__name__, keras.ops
    if kind == "Dense":
        outputs = ops.matmul(inputs, kernels[0])
    else:
        function = {"Conv2D": ops.conv, "DepthwiseConv2D": ops.depthwise_conv, "SeparableConv2D": ops.separable_conv}
        more = {"output_padding": layer.output_padding} if kind == "Conv2DTranspose" else {}
        outputs = function.get(kind, ops.conv_transpose)(
            inputs,
            *kernels,
            strides=layer.strides,
            padding=layer.padding,
            data_format=layer.data_format,
            dilation_rate=layer.dilation_rate,
            **more,
        )
    outputs = tf.nn.bias_add(outputs, bias)
    return outputs if layer.activation is None else layer.activation(outputs)


# -- which layers --------------------------------------------------------------------------------------------------------


class _Calls:
    """All calls of layers in a model, nested models opened: which layer, on what, and who else uses what it gives."""

    def __init__(self, model):
        self._layers, self._calls = {}, defaultdict(list)  # {path: layer}, {path: [(inputs, output)]}
        self._users, self._makers = defaultdict(list), {}  # {value: paths that take it}, {value: path that gave it}
        outputs = self._walk(model, [object() for _ in model.inputs], ())
        for value in outputs:
            self._users[value].append(None)  # whoever asked the model

    def paths(self, kinds):
        return [path for path, layer in self._layers.items() if type(layer).__name__ in kinds and _is_plain(layer)]

    def layer(self, path):
        return self._layers[path]

    def chain(self, path, step, gone):
        """Return the paths that `step` leads to from `path`, as long as they can be taken over, up to the last that pays."""
        found = []
        while (path := step(path)) is not None and path not in gone and _can_go(self.layer(path)):
            found.append(path)
        while found and type(self.layer(found[-1])).__name__ not in _AFFINE:
            found.pop()
        return found

    def next(self, path):
        """Return the path that alone takes what `path` gives, at every call; None where there is none."""
        return self._only(users for _, output in self._calls[path] for users in [self._users[output]])

    def previous(self, path):
        """Return the path whose output `path` takes, and nobody else, at every call; None where there is none."""
        before = self._only([self._makers.get(inputs[0])] if len(inputs) == 1 else [] for inputs, _ in self._calls[path])
        return before if before is not None and self.next(before) == path else None

    def _only(self, several):
        """Return the one path that all of these lists hold, once each, if it is called just as often."""
        several = [tuple(each) for each in several]
        if len(set(several)) != 1 or len(several[0]) != 1 or several[0][0] is None:
            return None
        path = several[0][0]
        called = self._calls[path]
        return path if len(called) == len(several) and all(len(inputs) == 1 for inputs, _ in called) else None

    def _walk(self, model, values, path):
        """Note every call in a model that is given these values; return the values that it gives."""
        if isinstance(model, keras.Sequential):
            for layer in model.layers:
                values = self._visit(layer, values, 1, path)
            return values
        known = {id(symbol): value for symbol, value in zip(model.inputs, values)}
        for node in graph._nodes_in_order(model):
            inputs = [known[id(symbol)] for symbol in node.arguments.keras_tensors]
            outputs = self._visit(node.operation, inputs, len(node.outputs), path, by_name=not node.arguments.args)
            known.update((id(symbol), value) for symbol, value in zip(node.outputs, outputs))
        return [known[id(symbol)] for symbol in model.outputs]

    def _visit(self, layer, values, n_outputs, path, by_name=False):
        path = (*path, layer.name)
        if graph.is_network(layer) and len(layer.inputs) == len(values):
            return self._walk(layer, values, path)
        outputs = [object() for _ in range(n_outputs)]
        # What a layer was given as a keyword, a replay does not show: such a layer stays as it is.
        self._layers[path] = None if by_name else layer
        self._calls[path].append((values, outputs[0]))
        for value in values:
            self._users[value].append(path)
        self._makers.update(dict.fromkeys(outputs, path))
        return outputs


def _is_plain(layer):
    """Return whether a layer is Keras' own, does nothing but what its class does, and computes in float32."""
    ours = getattr(keras.layers, type(layer).__name__, None) is type(layer) and "call" not in vars(layer)
    changed = getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False)
    last = getattr(layer, "data_format", None) in (None, "channels_last")
    return ours and not changed and last and layer.compute_dtype == layer.variable_dtype == "float32"


def _can_go(layer):
    """Return whether a layer does nothing but multiply each channel and add to it, so that its neighbour can do it."""
    kind = type(layer).__name__
    if not _is_plain(layer):
        return False
    if kind == "BatchNormalization":
        return layer.axis in (-1, layer.input_spec.ndim - 1)
    if kind == "Normalization":
        return tf.is_tensor(layer.mean) and hasattr(layer.mean, "numpy") and set(layer.mean.shape[:-1]) <= {1}
    return kind in _NOTHING_AT_INFERENCE or (kind == "Rescaling" and np.ndim(layer.scale) < 2 and np.ndim(layer.offset) < 2)


def _is_linear(layer):
    return layer.activation in (None, keras.activations.linear)


def _sees_no_padding(layer):
    """Return whether a constant added to the input adds one number to a channel of the output, at its border too."""
    if type(layer).__name__ == "Dense":
        return True
    # Zeros that pad the image are put there after the normalization: they would be shifted as well.
    return type(layer).__name__ != "Conv2DTranspose" and (layer.padding == "valid" or set(layer.kernel_size) == {1})


# -- the numbers ---------------------------------------------------------------------------------------------------------


def _scale_and_shift(layer, read):
    """Return the two numbers, or (channels,) of them, float64: what a channel is multiplied by, and what is added then."""
    kind = type(layer).__name__
    if kind == "Rescaling":
        return np.asarray(layer.scale, float), np.asarray(layer.offset, float)
    if kind == "Normalization":
        mean = np.ravel(np.asarray(layer.mean, float))
        deviation = np.maximum(np.sqrt(np.ravel(np.asarray(layer.variance, float))), keras.backend.epsilon())
        return (deviation, mean) if layer.invert else (1 / deviation, -mean / deviation)
    if kind != "BatchNormalization":
        return 1.0, 0.0
    with np.errstate(all="ignore"):  # a broken network gives NaN here as it does there, and the classifier says so
        scale = 1 / np.sqrt(np.asarray(read(layer.moving_variance), float) + layer.epsilon)
    if layer.scale:
        scale = scale * read(layer.gamma)
    return scale, (read(layer.beta) if layer.center else 0.0) - read(layer.moving_mean) * scale


def _channels(layer, shape):
    """Return the number of output channels of a convolution whose last kernel has this shape."""
    kind = type(layer).__name__
    return shape[2] * shape[3] if kind == "DepthwiseConv2D" else shape[2] if kind == "Conv2DTranspose" else shape[-1]


def _along_outputs(scale, layer, shape):
    """Return one factor for each output channel, in a shape that multiplies the last kernel."""
    scale = np.broadcast_to(scale, (_channels(layer, shape),))
    if type(layer).__name__ == "DepthwiseConv2D":
        scale = scale.reshape(shape[2:])
    return np.float32(scale[:, None] if type(layer).__name__ == "Conv2DTranspose" else scale)


def _after(scale, shift, layer, kernels, bias):
    """Return (kernels, bias) of a convolution that is given x, for one that is given scale * x + shift."""
    kind, first = type(layer).__name__, kernels[0]
    if kind in ("DepthwiseConv2D", "SeparableConv2D"):
        scale, shift = (np.broadcast_to(each, (first.shape[2],))[:, None] for each in (scale, shift))
        added = (first.sum(axis=(0, 1), dtype=float) * shift).ravel()
        kernels = [first * np.float32(scale), *kernels[1:]]
        return kernels, bias + (added @ kernels[1][0, 0] if len(kernels) > 1 else added)
    # A group of filters sees its own part of the channels.
    groups = getattr(layer, "groups", 1)
    scale, shift = (
        np.repeat(np.broadcast_to(each, (groups * first.shape[-2],)).reshape(groups, -1).T, first.shape[-1] // groups, axis=1)
        for each in (scale, shift)
    )
    added = (first.sum(axis=tuple(range(first.ndim - 2)), dtype=float) * shift).sum(axis=0)
    return [first * np.float32(scale)], bias + added
