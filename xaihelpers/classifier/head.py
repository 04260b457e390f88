"""The end of a model: where its logits are, and what makes probabilities of them.

Nothing is known from names of layers. In the graph of the model the output is followed back, through whatever only moves
numbers, to the operation that made probabilities; what went into it are the logits, and `prove` compares. Where none
agrees the head is closed, and log p (or the log-odds) stands for the logit: log p is the logit up to a term that is the
same for all classes, and its gradient is exact.
"""

import numpy as np
import tensorflow as tf

from .._validation import as_array, one_of
from .base import Refused

OUTPUTS = ("logits", "softmax", "sigmoid", "sigmoid logits", "values")
_ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "log softmax", "Sigmoid": "sigmoid"}
# Operations that leave the numbers of one example as they are, or only in another form; the proof has the last word.
_MOVING = {"Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims", "Cast", "Mean", "Transpose", "StopGradient"}
_WEIGHTED = {"MatMul", "BatchMatMulV2", "Conv2D", "DepthwiseConv2dNative", "Einsum"}
_AFFINE = {"BiasAdd", "AddV2", "Add", "Sub", "Mul", "RealDiv", "Neg"}
_TINY = float(np.finfo(np.float32).tiny)


class Head:
    """What a model's output is, and how logits and probabilities come from it.

    kind: "softmax", "sigmoid", "log softmax" (of logits that are reached), "logits", "sigmoid logits", "values" (a
        regression). closed: the logits can't be reached. binary: one number that stands for two classes.
    summed: the output has a place axis, and the score is summed over a region of it. error: of the proof.
    """

    def __init__(self, outputs=None, region=None):
        self.told = None if outputs is None else one_of(outputs, "outputs", OUTPUTS)
        self.region = _checked_region(region)
        self.kind, self.closed, self.error, self.linear = None, False, None, False
        self.binary = self.summed = self.reached = False
        self.width = None

    @property
    def score_name(self):
        """What `logits` gives, in words."""
        if self.kind == "values":
            return "value"
        if self.closed:
            return "log p" if self.kind == "softmax" else "log-odds"
        return "logit"

    def __str__(self):
        of = "one of each class"
        kinds = {
            "softmax": "softmax",
            "sigmoid": "one sigmoid, for the second of two classes" if self.binary else "a sigmoid for each class",
            "log softmax": "log softmax",
            "logits": "logits; softmax makes probabilities of them",
            "sigmoid logits": "one logit, for the second of two classes" if self.binary else f"logits, {of}; sigmoid for each",
            "values": "values (a regression), explained as they are",
        }
        text = kinds[self.kind]
        if self.closed:
            return f"{text}; its logits can't be reached, so {self.score_name} is explained"
        summed = f", summed over {int(self.region.sum())} places" if self.summed else ""
        return text + summed + (f"; logits reached, off by {self.error:.0e} on a probe" if self.error is not None else "")

    @property
    def n_classes(self):
        """Number of classes."""
        return 2 if self.binary else self.width

    # -- in the graph ----------------------------------------------------------------------------------------------

    def split(self, output):
        """Return (logits (N, C), probabilities (N, C)), float32 tensors, for the model's own output."""
        output = self._with_classes(output)
        found, before = activation_behind(output)
        if self.kind is None:
            self._guess(output, found)
        output = tf.cast(output, tf.float32)
        if found == self.kind and not self.closed:
            # Not by the output's own shape: that would put the activation on the way to the logits.
            logits = tf.cast(before, tf.float32)
            logits = logits if before.shape.rank == output.shape.rank else tf.reshape(logits, [-1, *output.shape[1:]])
        else:
            logits = self._opened(output)
        probabilities = self._activated(output)
        if self.summed:
            inside = tf.cast(self.region, tf.float32)[None, :, :, None]
            logits = tf.reduce_sum(logits * inside, axis=(1, 2))
            probabilities = tf.reduce_mean(probabilities * inside, axis=(1, 2)) / tf.reduce_mean(inside)
        if not self.binary:
            return logits, probabilities
        return tf.concat([-logits, logits], axis=1), tf.concat([1 - probabilities, probabilities], axis=1)

    def activation(self, logits):
        """Return the probabilities (N, C) for logits (N, C); tensors."""
        if self.summed:
            raise TypeError("The logits of this classifier are sums over a region, which no softmax turns into probabilities.")
        if self.kind == "values":
            return logits
        return tf.sigmoid(logits) if self.kind in ("sigmoid", "sigmoid logits") else tf.nn.softmax(logits)

    def _with_classes(self, output):
        """Return the output as (N, C), or (N, h, w, C) where it is summed over a region; raise where it is neither."""
        shape = tuple(output.shape)
        if len(shape) == 1:
            return output[:, None]
        if len(shape) not in (2, 4) or shape[-1] is None or (len(shape) == 4) != (self.region is not None):
            raise Refused(
                f"The model's output has shape {shape}: expected (batch, classes); for a network without a head add pooling and "
                "a Dense layer, for one that segments say where the score is summed, region='all' or a mask (h, w)."
            )
        if len(shape) == 4:
            self.summed = True
            if isinstance(self.region, str):
                self.region = np.ones(shape[1:3], bool) if None not in shape[1:3] else np.ones((1, 1), bool)
            elif self.region.shape != shape[1:3]:
                raise Refused(
                    f"region has shape {self.region.shape} and the model's output {shape[1:3]}: give one number a place."
                )
        return output

    def _guess(self, output, found):
        """Settle the kind from the graph; `revise` corrects it from the answers."""
        self.width, self.reached = output.shape[-1], found is not None
        self.linear = found is None and weighted(output)
        self.kind = found if self.told is None or found == self.told else self.told
        if self.kind is None:
            self.kind = "logits"
        self.closed = self.kind in ("softmax", "sigmoid") and found != self.kind
        self.binary = self.width == 1 and self.kind in ("sigmoid", "logits", "sigmoid logits")
        if self.binary and self.kind == "logits":
            self.kind = "sigmoid logits"

    def _opened(self, output):
        """Return what stands for the logits of the model's output, where they were not found before it."""
        if not self.closed:
            return output
        p = tf.clip_by_value(output, _TINY, 1.0)
        return tf.math.log(p) - (tf.math.log1p(-tf.minimum(p, 1 - 1e-7)) if self.kind == "sigmoid" else 0)

    def _activated(self, output):
        """Return the probabilities that the model's output stands for."""
        if self.kind == "logits":
            return tf.nn.softmax(output)
        if self.kind == "sigmoid logits":
            return tf.sigmoid(output)
        return tf.exp(output) if self.kind == "log softmax" else output

    # -- on the probe ------------------------------------------------------------------------------------------------

    def revise(self, output, logits, tolerance):
        """Compare what was taken for the head with the model's own answers; return whether another kind must be tried.

        output: the model's own, (n, ..., C). logits: what `split` gave for them. tolerance: of the model's number type.
        """
        output, before = np.asarray(output, np.float64), (self.kind, self.closed)
        adds_up = self.width > 1 and output.min() >= -tolerance and np.abs(output.sum(-1) - 1).max() < 3 * tolerance
        between = output.min() >= -tolerance and output.max() <= 1 + tolerance
        if self.kind in _ACTIVATIONS.values() and not self.closed:
            self.error = self._missed(output, np.asarray(logits, np.float64))
            if self.error > tolerance:
                self.kind, self.closed = ("softmax" if adds_up else "sigmoid" if between else "logits"), adds_up or between
        elif self.told is None and self.kind in ("logits", "sigmoid logits"):
            if adds_up:
                self.kind, self.closed = "softmax", True
            elif between and not self.linear:
                self.kind, self.closed = "sigmoid", True
        self.binary = self.width == 1 and self.kind in ("sigmoid", "sigmoid logits")
        return (self.kind, self.closed) != before

    def _missed(self, output, logits):
        """Return the largest difference between the activation of the logits and the model's own output."""
        if self.summed:
            return 0.0
        if self.kind == "sigmoid":
            z = logits[:, 1:] if self.binary else logits
            return float(np.abs(1 / (1 + np.exp(-z)) - output).max())
        p = np.exp(logits - logits.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        return float(np.abs(p - (np.exp(output) if self.kind == "log softmax" else output)).max())


def _checked_region(region):
    """Return a region as a mask (h, w), "all" or None; raise ValueError for anything else."""
    if region is None or (isinstance(region, str) and region == "all"):
        return region
    mask = as_array(region, "region")
    if mask.ndim != 2 or mask.dtype.kind not in "biuf" or not mask.any():
        raise ValueError("region is no mask: give 'all', or an array (h, w) of the model's output that is true somewhere.")
    return mask.astype(bool)


def activation_behind(tensor):
    """Return (kind, the tensor that went in) of the activation that made a tensor, or (None, None)."""
    while True:
        op = tensor.op
        if op.type in _ACTIVATIONS:
            return _ACTIVATIONS[op.type], op.inputs[0]
        if op.type not in _MOVING or not op.inputs or not _as_many(op.inputs[0], tensor):
            return None, None
        tensor = op.inputs[0]


def weighted(tensor):
    """Return whether a tensor is a weighted sum of what went in, without an activation: then its values have no bounds."""
    op = tensor.op
    if op.type in _WEIGHTED:
        return True
    if op.type not in _MOVING | _AFFINE:
        return False
    signals = [each for each in op.inputs if each.shape.rank != 0 and not _is_constant(each.op)]
    return bool(signals) and all(weighted(each) for each in signals)


def _is_constant(op):
    """Return whether an operation gives the same whatever the image is: a weight, or a number."""
    return op.type in ("Const", "ReadVariableOp", "Placeholder") or (
        op.type in ("Identity", "Cast", "Reshape", "ExpandDims", "Pack") and all(_is_constant(each.op) for each in op.inputs)
    )


def _as_many(a, b):
    """Return whether two tensors have the same count of numbers for one example, as far as the graph tells."""
    if a.shape.rank is None or b.shape.rank is None:
        return True
    counts = [None if None in each.shape.as_list()[1:] else int(np.prod(each.shape.as_list()[1:])) for each in (a, b)]
    return None in counts or counts[0] == counts[1]
