"""The classifier around a Keras model: logits, layers and gradients, through functions compiled once."""

import keras
import numpy as np
import tensorflow as tf

from .._quiet import announce
from .._validation import one_of, require_finite
from ..images import as_batch
from .base import Classifier, Gradients
from .capture import Calls
from .describe import describe_model
from .head import Head
from .inference_twin import InferenceTwin
from .layers import Layers, joined
from .model_call import ModelCall
from .proof import Proof, settled_input


def is_keras_model(model):
    """Return whether `model` is a Keras 3 model; say what to do with one of tf.keras (Keras 2)."""
    if isinstance(model, keras.Model):
        return True
    if any(cls.__module__.split(".")[0] == "tf_keras" for cls in type(model).__mro__):
        raise TypeError("This is a Keras 2 model (tf_keras): save it, model.save('name.h5'), and give load_model('name.h5').")
    return False


class KerasClassifier(Classifier, Layers):
    """A Keras model that is never changed: it runs as it is, and its layers' calls are intercepted on the way."""

    has_gradients = True

    def __init__(
        self,
        model,
        *,
        class_names=None,
        preprocess=None,
        input_shape=None,
        outputs=None,
        output=None,
        inputs=None,
        region=None,
    ):
        self._compiled, self._heard = {}, None
        shape, self._preprocessing, probe = settled_input(model, preprocess, input_shape, inputs)
        super().__init__(model, class_names=class_names, preprocess=preprocess, input_shape=shape)
        self._call = ModelCall(model, inputs, output)
        self._head = Head(outputs, region)
        self._proof = Proof(self, probe)
        announce(*self._proof.diagnostics)

    @property
    def score_name(self):
        """What `logits` gives, in words: "logit", or "log p" or "log-odds" where those can't be reached, or "value"."""
        return self._head.score_name

    def describe(self):
        """Return what was found out about this classifier: head, range, preprocessing, layers, and which techniques work."""
        return describe_model(self)

    def looks_preprocessed(self, image):
        """Return a sentence when an image seems to have been preprocessed already, and that is wrong here; else None."""
        return None if self._proof.range.small else super().looks_preprocessed(image)

    # -- inside the network -----------------------------------------------------------------------------------------

    def inside(self, images):
        """Return what the model is given, for images as `outside` returned them; tensors, for use in a tf.function."""
        return self._preprocessing.inside(images)

    def outside(self, images):
        """Return images (N, H, W, C) as compiled functions take them: a preprocessing written in numpy is run here."""
        return tf.constant(self._preprocessing.outside(np.asarray(images, np.float32)))

    def require_way_back(self):
        """Raise ValueError, in one sentence, where no gradient comes back to the image."""
        self._preprocessing.require_way_back()

    def require_in_graph(self):
        """Raise ValueError, in one sentence, where a picture can't be changed by its gradient: the preprocessing is numpy."""
        self._preprocessing.require_in_graph()

    def opened(self, images):
        """Return (source, inputs): where a gradient is taken, and what the model is given; tensors, in a tf.function.

        The source is the model's input, where each pixel of it belongs to one pixel of the image; else (a preprocessing
        that resizes, or moves channels to the front) the image itself, 0 to 255.
        """
        inputs = self.inside(images)
        return (inputs if self._preprocessing.explains_input else images), inputs

    def network(self, inputs, capture=(), around=None):
        """Return (logits, {path: output}) for preprocessed inputs; tensors, in a tf.function or outside of one.

        inputs: (N, H, W, C), preprocessed; other sizes than the model's own are fine where its layers take them.
        capture: paths of layers whose outputs are kept. around: called instead of every layer, as in `capture.Calls`.
        """
        if tf.executing_eagerly():
            inputs = tf.convert_to_tensor(inputs)
            key = ("network", tuple(capture), inputs.dtype, inputs.shape[-1])
            spec = tf.TensorSpec((None, None, None, inputs.shape[-1]), inputs.dtype)
            run = lambda: tf.function(  # noqa: E731
                lambda x: self.network(x, capture, around), input_signature=[spec], autograph=False
            )
            return (run() if around else self.compiled(key, run))(inputs)
        logits, _, heard = self.answer(inputs, around)
        return logits, {path: joined(self.outputs_of(path, heard)) for path in capture}

    def answer(self, inputs, around=None):
        """Return (logits, probabilities, Calls) for preprocessed inputs; tensors, for use in a tf.function."""
        with Calls(around).listening() as heard:
            output = self._call(inputs)
        return *self._head.split(output), heard

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
        shape = self.input_shape if self._preprocessing.traced else self._preprocessing.shape
        return tf.TensorSpec((None, *shape), tf.float32)

    def _forward(self):
        """Compile the model as it is: images -> logits, probabilities; what is heard on the way is kept."""

        @tf.function(input_signature=[self.batch_signature], autograph=False)
        def forward(images):
            inputs = self.inside(images)
            logits, probabilities, heard = self.answer(inputs)
            self._heard = self._heard or heard.ended(inputs, logits)
            return logits, probabilities

        # The concrete function: traced now, once, and never again.
        return forward.get_concrete_function()

    def forward(self, images):
        """Return (logits, probabilities), tensors, of the model as it is, for images as `outside` returns them."""
        return self.compiled("model", self._forward)(images)

    @property
    def twin(self):
        """The compiled function that answers questions; its `note` says in a sentence what it does."""
        return self.compiled("twin", lambda: InferenceTwin(self))

    def _ask(self, images, batch_size, checked=False):
        logits, probabilities = [], []
        images = as_batch(images)
        # One image alone goes to the model itself, compiled when it was proven: a twin pays off only over many questions. The
        # form of the question decides, not what was asked before, so that the same question always has the same answer.
        grey_ones = self.input_shape[-1] == 1 and images.ndim == 3 and images.shape[-1] > 4  # a batch (N, H, W)
        alone = images.ndim in (2, 3) and not grey_ones
        function = self.forward if alone else self.twin
        for batch in self._batches(images, batch_size, checked):
            z, p = function(self.outside(batch))
            self.count(forward=len(batch))
            logits.append(z.numpy())
            probabilities.append(self._check_probabilities(p, len(batch)))
        return np.concatenate(logits), np.concatenate(probabilities)

    def _check_probabilities(self, p, n):
        return super()._check_probabilities(p, n, bounded=self._head.kind != "values")

    def class_index(self, target=None, image=None):
        """Return the index of a class given as an index, a name, or None for the class predicted for `image`."""
        if target is None:
            self._has_prediction()
        return super().class_index(target, image)

    def _has_prediction(self):
        """Return True where one of the outputs is the predicted class; raise ValueError where they are values."""
        if self._head.kind == "values" and self.n_classes > 1:
            raise ValueError(
                f"This network gives {self.n_classes} values, and none of them is its prediction: give target, one of "
                f"{', '.join(map(repr, self.class_names[:12]))}."
            )
        return True

    def _gradient_function(self, layer, of, around=None):
        """Compile: images, class indices (-1: the predicted class) -> logits, probabilities, index, values, gradients."""

        @tf.function(input_signature=[self.batch_signature, tf.TensorSpec((None,), tf.int32)], autograph=False)
        def function(images, targets):
            source, inputs = self.opened(images)
            logits, probabilities, heard = self.answer(inputs, around)
            values = [source] if layer is None else self.outputs_of(layer, heard)
            index = tf.where(targets < 0, tf.argmax(logits, axis=1, output_type=tf.int32), targets)
            score = tf.gather(logits if of == "logit" else probabilities, index, axis=1, batch_dims=1)
            gradients = tf.gradients(score, values, unconnected_gradients="zero")
            values, gradients = (tf.cast(joined(each), tf.float32) for each in (values, gradients))
            return logits, probabilities, index, values, gradients

        return function.get_concrete_function()

    def gradients(self, images, target=None, *, layer=None, of="logit", around=None, key=None, batch_size=8, checked=False):
        """Return Gradients, float32: of the class's logit with respect to the model's input or to a layer's output.

        images: (N, H, W, C) or (H, W, C), 0 to 255. target: one class for all, None for each image's predicted class.
        layer: path or name of a layer; None is what `opened` calls the source. A layer that is called several times has
            its outputs side by side, as more channels; "name#2" is the second call alone.
        of: "logit", or "probability" to see what the softmax does to it.
        around, key: replace layers as in `network`; `key` names the replacement, so that it is compiled once.
        checked: the images were made from one that passed the checks, and may leave 0..255 (SmoothGrad's noise does).
        """
        one_of(of, "of", ("logit", "probability"))
        layer = None if layer is None else self.layer_path(layer)
        self._preprocessing.require_way_back(layer)
        index = -1 if target is None and self._has_prediction() else self.class_index(target)
        function = self.compiled(("gradients", layer, of, key), lambda: self._gradient_function(layer, of, around))
        parts = []
        for batch in self._batches(images, batch_size, checked):
            parts.append([t.numpy() for t in function(self.outside(batch), tf.fill(len(batch), index))])
            self.count(forward=len(batch), backward=len(batch))
        logits, p, index, values, gradients = (np.concatenate(part) for part in zip(*parts))
        if not np.isfinite(gradients.sum()):  # in a tenth of the time
            require_finite(gradients, "The gradient is")
        return Gradients(logits, index, values, gradients, p)
