"""The network that answers questions: the caller's own with its normalizations folded away, proven to give the same."""

import threading
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from . import folding, graph
from .capture import first_line

TOLERANCE = 1e-5  # of the spread of the logits


class InferenceTwin:
    """A function from images to (logits, probabilities), compiled once, that is quicker than the model and never stale.

    The model runs with its layers' calls intercepted, and what `folding.plan` names runs with folded weights. Those are kept
    here, beside the model's own, which are not changed; before every batch they are made anew if the model's have changed since.

    note: one sentence that says whether questions go to the twin, and why not where they don't.
    """

    def __init__(self, classifier, keep=()):
        """keep: paths of layers that must run as they are."""
        self._classifier, self._lock, self._function = classifier, threading.Lock(), None
        self._folds, self._gone = folding.plan(classifier.model, keep) if graph.is_network(classifier.model) else ({}, ())
        self._weights, self._made_from, self._watched = {}, None, _Watched(self._folds.values())
        self.note = "Nothing was asked yet: the first batch of questions makes a quicker twin and compares it with the model."

    def __call__(self, images):
        """Return (logits, probabilities), (N, C) tensors, for images 0 to 255, a float32 tensor (N, H, W, 3)."""
        with self._lock:
            if self._function is None:
                self._make(images.shape[1:])
            elif self._folds:
                self._fold_anew()
        return self._function(images)

    def _make(self, shape):
        """Compile the twin and prove it, or compile the model as it is."""
        try:
            function, self.note = self._proven(shape)
        except Exception as error:  # whatever is wrong with a shortcut, the model itself can still be asked
            self.note = f"Questions go to the model as it is: {_reason(error)}."
            self._folds, self._gone, self._weights, self._made_from = {}, (), {}, None
            function = self._classifier.forward
        self._function = function  # last, so that a twin whose proof was interrupted is never used

    def _proven(self, shape):
        """Return the compiled twin and a sentence about it, or raise _NoTwinError."""
        if not self._folds:
            raise _NoTwinError("no normalization stands where its neighbour could take it over")
        if not self._watched.in_reach:
            raise _NoTwinError("its weights are not in the processor's memory, where their changes would be seen")
        self._fold_anew()
        function, images = self._compile(), _probe(shape)
        theirs = self._classifier.forward(images)[0].numpy()
        miss, spread = np.abs(function(images)[0].numpy() - theirs).max(), np.ptp(theirs)
        if not miss <= TOLERANCE * spread:
            raise _NoTwinError(f"on a probe the twin's logits miss by {miss:.1e}, too much for a spread of {spread:.1e}")
        taken_over = sum(len(fold.before) + len(fold.behind) for fold in self._folds.values())
        return function, (
            f"Questions go to a twin in which {len(self._folds)} layers take over {taken_over} that normalize beside them; "
            f"on a probe its logits miss the model's by {miss / (spread or 1):.0e} of their spread."
        )

    def _fold_anew(self):
        """Make the folded weights from those that the model has now, unless that was done before."""
        now = self._watched.now()
        if self._made_from is not None and now.places == self._made_from.places:
            return
        for path, fold in self._folds.items():
            kernels, bias = folding.folded_weights(fold, now.values_of)
            if path not in self._weights:
                self._weights[path] = [tf.Variable(values, trainable=False) for values in (*kernels, bias)]
            for variable, values in zip(self._weights[path], (*kernels, bias)):
                variable.assign(values)
        self._made_from = now

    def _compile(self):
        classifier = self._classifier

        @tf.function(input_signature=[classifier.batch_signature], autograph=False)
        def forward(images):
            logits, probabilities, _ = classifier.answer(classifier.inside(images), self._around)
            return logits, probabilities

        # The concrete function: traced now, once, and never again.
        return forward.get_concrete_function()

    def _around(self, path, layer, call):
        """Call a layer of the twin: with folded weights, or not at all where its neighbour does its work."""
        if path in self._gone:
            return call.inputs
        if path in self._folds:
            *kernels, bias = map(tf.convert_to_tensor, self._weights[path])
            return folding.call(layer, call.inputs, kernels, bias)
        return call()


class _Watched:
    """The weights that folded ones are made from, and how to see whether they have changed.

    A tensor that was read from a variable never changes, and as long as it is kept, nothing else can lie where it lies. So a
    variable that is read again and lies at the same place still has the same values, and none of them has to be compared.
    """

    def __init__(self, folds):
        weights = {id(weight): weight.value for fold in folds for weight in folding.weights_of(fold)}
        self._ids, self._handles = list(weights), [variable.handle for variable in weights.values()]
        self._layers = [layer for fold in folds for layer in folding.adaptable(fold)]
        self.in_reach = all("CPU" in handle.device for handle in self._handles)

    def now(self):
        """Return the weights as they are at this moment."""
        # The plain operation: this is done before every batch, for hundreds of variables.
        tensors = [tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32) for handle in self._handles]
        constants = [tensor for layer in self._layers for tensor in (layer.mean, layer.variance)]
        arrays = [np.asarray(memoryview(tensor)) for tensor in (*tensors, *constants)]
        places = [array.__array_interface__["data"][0] for array in arrays]
        return _Snapshot(arrays, places, dict(zip(self._ids, arrays)))


class _Snapshot(NamedTuple):
    """The weights at one moment. places: where they lie in memory, which says what they are for as long as this is kept."""

    arrays: list
    places: list
    by_id: dict

    def values_of(self, weight):
        """Return the values of a Keras variable, numpy."""
        return self.by_id[id(weight)]


class _NoTwinError(Exception):
    """Why there is no twin, as the end of a sentence."""


def _probe(shape):
    """Return two images, (2, H, W, 3): noise, and large patches of colour."""
    noise = np.random.default_rng(0).uniform(0, 255, shape)
    height, width = (np.arange(edge) * 4 // edge for edge in shape[:2])
    return tf.constant(np.stack([noise, noise[height][:, width]]), tf.float32)


def _reason(error):
    """Return why there is no twin, as the end of a sentence."""
    if isinstance(error, _NoTwinError):
        return str(error)
    return f"no twin could be made ({type(error).__name__}: {first_line(error)[:100]})"
