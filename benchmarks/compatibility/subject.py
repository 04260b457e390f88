"""One network, the classifier around it, and its own answers by TensorFlow alone."""

import contextlib
import itertools
import unittest.mock
import warnings

import numpy as np
import tensorflow as tf

import xaihelpers as xh


class Subject:
    """A model with a classifier around it, and an image.

    image: (H, W, C). prepare: from images (N, H, W, C), 0 to 255, to what the model takes; None is nothing.
    close: how far numbers may differ, of the largest. rounding: of the type that the network computes in, for one operation.
    options: for Classifier.
    """

    def __init__(self, model, image, prepare=None, close=1e-3, rounding=2**-24, **options):
        self.model, self.image, self.close, self.rounding = model, np.asarray(image, np.float32), close, rounding
        self.prepare = prepare or (lambda x: x)
        self._held, self._output = options.get("inputs"), options.get("output")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is said of untrained networks is no news here
            self.classifier = xh.Classifier(model, preprocess=prepare, **options)
        self.kind = self.classifier._head.kind
        self.diagnostics = []  # what techniques said of their own results
        self.targets = (0, 1) if self.classifier.n_classes > 1 else (0,)

    def own(self, x):
        """Return the model's own output (N, C) for prepared images."""
        if self._held:
            x = [x, *(tf.fill((tf.shape(x)[0], 1), float(value)) for value in self._held.values())]
        y = self.model(x, training=False)
        y = y if self._output is None else y[self._output]
        return tf.reduce_sum(y, axis=(1, 2)) if len(y.shape) == 4 else y

    def score(self, x):
        """Return what the difference of the two targets' logits must be, (N,), from the model's own output alone."""
        y = tf.cast(self.own(x), tf.float64)
        if self.kind in ("logits", "log softmax", "values") or (self.kind == "sigmoid logits" and y.shape[1] > 1):
            return y[:, 0] - y[:, 1] if y.shape[1] > 1 else y[:, 0]
        if y.shape[1] == 1:  # the logits of its two classes are -z and z
            return -2 * (y[:, 0] if self.kind == "sigmoid logits" else tf.math.log(y[:, 0]) - tf.math.log1p(-y[:, 0]))
        log = tf.math.log(y[:, :2]) - (tf.math.log1p(-y[:, :2]) if self.kind == "sigmoid" else 0)
        return log[:, 0] - log[:, 1]

    def seen(self, share=1):
        """Return where `gradient` is taken: the model's input, or the image where that is of another shape, (H, W, C)."""
        x = tf.constant(share * self.image[None])
        inputs = tf.cast(self.prepare(x), tf.float32)
        return (inputs if inputs.shape == x.shape else x).numpy()[0]

    def gradient(self, share=1):
        """Return the gradient of `score` at the model's input (at the image, where that is of another shape), (H, W, C).

        share: of the image's brightness.
        """
        return self._gradients(tf.constant(share * self.image[None])).numpy()[0]

    def compiled_gradients(self, shares):
        """Return the same for several shares, together and by TensorFlow's graph, which rounds otherwise: (shares, H, W, C)."""
        images = np.asarray(shares, np.float32)[:, None, None, None] * self.image
        return tf.function(self._gradients, autograph=False)(tf.constant(images)).numpy()

    def _gradients(self, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            inputs = tf.cast(self.prepare(x), tf.float32)
            tape.watch(inputs)
            score = self.score(inputs)
        return tape.gradient(score, inputs if inputs.shape == x.shape else x)

    def gradient_of_layer(self, path):
        """Return [(output, gradient of `score`)] of a layer, one for each of its calls."""
        seen = []
        with tf.GradientTape() as tape, self.watching(path, seen, tape):
            score = self.score(tf.cast(self.prepare(tf.constant(self.image[None])), tf.float32))[0]
        return [
            (np.asarray(tf.cast(a, tf.float32)), np.asarray(tf.cast(b, tf.float32)))
            for a, b in zip(seen, tape.gradient(score, seen))
        ]

    @contextlib.contextmanager
    def watching(self, path, seen, tape=None):
        """Add to `seen` what one layer gives."""

        def watched(output):
            if tape is not None:
                tape.watch(output)
            seen.append(output)
            return output

        with self._changed(path, watched):
            yield

    def without(self, path, channel):
        """Take one channel out of what a layer gives; those of its second call come behind those of its first."""
        places, calls = self.classifier.places(path), itertools.count()
        axis = places.axes()[1]

        def silenced(output):
            number = channel - next(calls) * places.channels
            shape = [1] * len(output.shape)
            shape[axis] = places.channels
            return output * tf.cast(tf.reshape(tf.range(places.channels) != number, shape), output.dtype)

        return self._changed(path, silenced)

    @contextlib.contextmanager
    def _changed(self, path, change):
        """Let a layer give `change(output)`: its `call` is put aside for a while."""
        layer = self.classifier.layers[path]
        call = layer.call
        object.__setattr__(layer, "call", lambda *args, **kwargs: change(call(*args, **kwargs)))
        try:
            yield
        finally:
            object.__delattr__(layer, "call")

    def guided(self):
        """Return the guided gradient of the last logit, (H, W, C): ReLUs changed where TensorFlow has them, the head left out."""

        def through(function):
            @tf.custom_gradient
            def guided(x):
                y = function(x)
                # Read off the gradient of the function itself: where it is open, ReLU6 closes again at its cap.
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    again = function(x)
                is_open = tape.gradient(again, x)
                return y, lambda g: tf.maximum(g, 0) * is_open

            return lambda x, **_: guided(tf.convert_to_tensor(x))

        return self._with_activations({"relu": through(tf.nn.relu), "relu6": through(tf.nn.relu6)})

    def passed_through(self):
        """Return the gradient of the last logit, (H, W, C), where each activation's slope is its output over its input."""

        def through(function):
            @tf.custom_gradient
            def passing(x):
                y = function(x)
                return y, lambda g: g * tf.math.divide_no_nan(y, x)

            return lambda x, **_: passing(tf.convert_to_tensor(x))

        return self._with_activations({name: through(getattr(tf.nn, name)) for name in ("relu6", "tanh", "elu", "selu")})

    def _with_activations(self, changed):
        """Return the gradient of the last logit with TensorFlow's activations changed, {name: function}, the head left out."""
        x = tf.constant(self.image[None])
        plain = dict.fromkeys(("softmax", "log_softmax", "sigmoid"), lambda z, *_, **__: z) | changed
        with contextlib.ExitStack() as patched, tf.GradientTape() as tape:
            for name, function in plain.items():
                for place in (tf.nn, tf.math):  # TensorFlow has its tanh in both, and Keras takes it from the second
                    if hasattr(place, name):
                        patched.enter_context(unittest.mock.patch.object(place, name, function))
            tape.watch(x)
            inputs = tf.cast(self.prepare(x), tf.float32)
            tape.watch(inputs)
            score = self.own(inputs)[0, -1]
        return tape.gradient(score, inputs if inputs.shape == x.shape else x).numpy()[0]

    def probabilities(self, images):
        """Return the model's own answers to images 0 to 255, as probabilities (N, C)."""
        inputs = tf.convert_to_tensor(np.asarray(self.prepare(np.asarray(images, np.float32))))
        y = tf.cast(tf.function(self.own, autograph=False)(inputs), tf.float32)
        y = {"logits": tf.nn.softmax, "sigmoid logits": tf.sigmoid, "log softmax": tf.exp}.get(self.kind, tf.identity)(y).numpy()
        return np.concatenate([1 - y, y], axis=1) if y.shape[1] == 1 and self.kind != "values" else y
