"""The classifier around a Keras model: logits, layers and gradients, through functions compiled once."""

import difflib

import keras
import numpy as np
import tensorflow as tf

from .._validation import one_of, shown
from . import graph
from .base import Classifier, Gradients
from .inference_twin import InferenceTwin


def is_keras_model(model):
    """Return whether `model` is a Keras 3 model; say what to do with one of tf.keras (Keras 2)."""
    if isinstance(model, keras.Model):
        return True
    if any(cls.__module__.split(".")[0] == "tf_keras" for cls in type(model).__mro__):
        raise TypeError("This is a Keras 2 model (tf_keras): save it as .keras and load it with Keras 3.")
    return False


class KerasClassifier(Classifier):
    """A Keras model that is never changed: it is replayed layer by layer, up to the logits."""

    has_gradients = True

    def __init__(self, model, *, class_names=None, preprocess=None, input_shape=None):
        if not model.built and input_shape is not None:
            model.build((None, *input_shape))
        shape = _input_shape(model) if input_shape is None else input_shape
        super().__init__(model, class_names=class_names, preprocess=preprocess, input_shape=shape)
        self._head = _Head(model)
        if class_names is None and self._head.n_classes:
            self._names = [f"class {i}" for i in range(self._head.n_classes)]
        elif self._head.n_classes and len(self._names) != self._head.n_classes:
            raise ValueError(f"The model has {self._head.n_classes} classes and {len(self._names)} class names were given.")
        self._compiled = {}

    # -- inside the network -----------------------------------------------------------------------------------------

    @property
    def layers(self):
        """{path: layer} of every layer in the order of computation; "outer/inner/name" inside nested models."""
        if not graph.is_network(self.model):
            raise TypeError(
                f"{type(self.model).__name__} is a subclassed model, whose layers can't be replayed one by one: "
                "build it with keras.Model(inputs, outputs) or keras.Sequential."
            )
        if "layers" not in self._compiled:
            self._compiled["layers"] = graph.layers_by_path(self.model)
        return self._compiled["layers"]

    def layer_path(self, layer):
        """Return the full path of a layer given by path or by name; the outermost of that name, as seen from outside."""
        if isinstance(layer, keras.layers.Layer):
            layer = next((path for path, known in self.layers.items() if known is layer), layer.name)
        if not isinstance(layer, str):
            raise TypeError(f"layer is {shown(layer)}: give the name of a layer.")
        if layer in self.layers:
            return layer
        named = [path for path in self.layers if path.split("/")[-1] == layer or path.endswith("/" + layer)]
        if named:
            return min(named, key=lambda path: path.count("/"))
        near = difflib.get_close_matches(layer, [path.split("/")[-1] for path in self.layers], 4, 0.4)
        listed = near or [path.split("/")[-1] for path in self.layers][-4:]
        raise ValueError(f"There is no layer {shown(layer)}: did you mean {', '.join(listed)}? list(classifier.layers) has all.")

    def spatial_layers(self):
        """Return the paths of the layers whose output is a stack of maps, (H, W, channels), first to last."""
        shapes = {path: _output_shape(layer) for path, layer in self.layers.items()}
        return [path for path, shape in shapes.items() if shape is not None and len(shape) == 4]

    def network(self, inputs, capture=(), around=None, on_capture=None):
        """Return (logits, {path: output}) for preprocessed inputs; tensors in, tensors out, for use in a tf.function.

        inputs: (N, H, W, 3), preprocessed. capture: paths of layers whose outputs are kept.
        around: called instead of every layer, as in `graph.replay`. on_capture: called with each captured output.
        """
        captured = {}
        wanted = set(capture)

        def visit(path, layer, call):
            outputs = around(path, layer, call) if around else call()
            name = "/".join(path)
            if name in wanted:
                captured[name] = outputs
                if on_capture:
                    on_capture(outputs)
            return outputs

        return self._head.logits(self.model, inputs, visit if (wanted or around) else None), captured

    def activation(self, logits):
        """Return the probabilities for logits; tensors."""
        return self._head.activation(logits)

    def compiled(self, key, build):
        """Return the function that `build()` made for `key`, made once and kept for this classifier."""
        if key not in self._compiled:
            self._compiled[key] = build()
        return self._compiled[key]

    # -- asking -------------------------------------------------------------------------------------------------------

    @property
    def batch_signature(self):
        """The tf.TensorSpec of a batch of images: any number of them, so that a shorter last batch retraces nothing."""
        return tf.TensorSpec((None, *self.input_shape), tf.float32)

    @property
    def twin(self):
        """The compiled function that answers questions; its `note` says in a sentence what it does."""
        return self.compiled("forward", lambda: InferenceTwin(self, keep=(self._head.path,)))

    def _ask(self, images, batch_size, checked=False):
        logits, probabilities = [], []
        for batch in self._batches(images, batch_size, checked):
            z, p = self.twin(tf.constant(batch))
            self.count(forward=len(batch))
            logits.append(z.numpy())
            probabilities.append(self._check_probabilities(p, len(batch)))
        return np.concatenate(logits), np.concatenate(probabilities)

    def require_logits(self):
        """Raise TypeError, in one sentence, where the logits of this model can't be reached."""
        self._head.require_logits()

    def logits(self, images, batch_size=32, checked=False):
        """Return the logits, (N, C) float32: what the softmax (or sigmoid) was given."""
        self.require_logits()
        return super().logits(images, batch_size, checked)

    def _gradient_function(self, layer, of, around=None):
        """Compile: images, class indices (-1: the predicted class) -> logits, index, values, gradients."""

        @tf.function(input_signature=[self.batch_signature, tf.TensorSpec((None,), tf.int32)], autograph=False)
        def function(images, targets):
            inputs = self.preprocess(images)
            # Watching nothing but the layer asked for keeps the backward pass as short as it can be.
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                if layer is None:
                    tape.watch(inputs)
                logits, captured = self.network(inputs, (layer,) if layer else (), around, tape.watch)
                predicted = tf.argmax(logits, axis=1, output_type=tf.int32)
                index = tf.where(targets < 0, predicted, targets)
                scores = logits if of == "logit" else self.activation(logits)
                score = tf.gather(scores, index, axis=1, batch_dims=1)
            values = captured[layer] if layer else inputs
            return logits, index, values, tape.gradient(score, values, unconnected_gradients="zero")

        return function.get_concrete_function()

    def gradients(self, images, target=None, *, layer=None, of="logit", around=None, key=None, batch_size=32, checked=False):
        """Return Gradients: of the class's logit with respect to the preprocessed input or to a layer's output.

        images: (N, H, W, 3) or (H, W, 3), 0 to 255. target: one class for all, None for each image's predicted class.
        layer: path or name of a layer; None is the model's input after preprocessing.
        of: "logit", or "probability" to see what the softmax does to it.
        around, key: replace layers as in `graph.replay`; `key` names the replacement, so that it is compiled once.
        checked: the images were made from one that passed the checks, and may leave 0..255 (SmoothGrad's noise does).
        """
        one_of(of, "of", ("logit", "probability"))
        self.require_logits()
        layer = None if layer is None else self.layer_path(layer)
        index = -1 if target is None else self.class_index(target)
        function = self.compiled(("gradients", layer, of, key), lambda: self._gradient_function(layer, of, around))
        parts = []
        for batch in self._batches(images, batch_size, checked):
            parts.append([t.numpy() for t in function(tf.constant(batch), tf.fill(len(batch), index))])
            self.count(forward=len(batch), backward=len(batch))
        return Gradients(*(np.concatenate(part) for part in zip(*parts)))


class _Head:
    """The end of a model: where its logits are, and the activation that makes probabilities of them."""

    def __init__(self, model):
        self.path, self.kind, self.n_classes = None, "unknown", None
        if not graph.is_network(model):
            return
        if len(model.outputs) != 1:
            raise ValueError(f"The model has {len(model.outputs)} outputs: give a model with one, the class scores.")
        self.path, layer = graph.last_layer(model)
        shape = tuple(model.outputs[0].shape)
        if len(shape) != 2 or shape[1] is None:
            raise ValueError(
                f"The model's output has shape {shape}: expected (batch, classes); "
                "for a network without a head add pooling and a Dense layer."
            )
        self.kind = _activation_of(layer)
        # One sigmoid output is two classes: its log-odds speak for the second and against the first.
        self.binary = shape[1] == 1
        if self.binary and self.kind != "sigmoid":
            raise ValueError("The model has one output without a sigmoid: expected one number a class.")
        self.n_classes = 2 if self.binary else int(shape[1])

    def require_logits(self):
        """Raise where the logits can't be reached."""
        if self.kind == "unknown":
            raise TypeError(
                "The logits of this model can't be reached (it is subclassed, or ends in a custom layer): "
                "end it in Dense or Activation('softmax'), built with keras.Model(inputs, outputs)."
            )

    def logits(self, model, inputs, around):
        """Return the logits, (N, C) tensor; of an unknown head what the model gives."""
        if self.path is None:
            return model(inputs, training=False)

        def visit(path, layer, call):
            layer_call = call
            if path == self.path and self.kind in ("softmax", "sigmoid"):
                if not _is_pure_activation(layer):
                    linear = graph.with_activation(layer, keras.activations.linear)
                    layer_call = lambda: call(linear)  # noqa: E731
                else:
                    layer_call = lambda: call.inputs  # noqa: E731
            return around(path, layer, layer_call) if around else layer_call()

        logits = tf.cast(graph.replay(model, inputs, visit), tf.float32)
        return tf.concat([-logits, logits], axis=1) if self.binary else logits

    def activation(self, logits):
        """Return probabilities, (N, C) tensor."""
        if self.kind == "unknown":
            return logits
        return tf.sigmoid(logits) if self.kind == "sigmoid" else tf.nn.softmax(logits)


def _is_pure_activation(layer):
    return type(layer).__name__ in ("Activation", "Softmax", "Sigmoid")


def _activation_of(layer):
    """Return "softmax", "sigmoid", "linear" or "unknown" for a model's last layer or operation."""
    if type(layer).__name__ in ("Softmax", "Sigmoid"):
        return type(layer).__name__.lower()
    if isinstance(layer, keras.layers.Lambda) or type(layer).__module__.split(".")[0] != "keras":
        return "unknown"
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", "linear")
    return name if name in ("softmax", "sigmoid", "linear") else "unknown"


def _input_shape(model):
    """Return (H, W, 3) as the model has it, with None where it takes any size."""
    shape = getattr(model, "input_shape", None)
    if shape is None or isinstance(shape, list) or (shape and isinstance(shape[0], (tuple, list))):
        raise ValueError("The model's input is not one image batch: give input_shape=(H, W, 3), and a model with one input.")
    return tuple(shape[1:])


def _output_shape(layer):
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):
        return None
    return tuple(shape)
