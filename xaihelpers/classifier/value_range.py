"""On which values a network was trained: 0 to 255, or something else that nobody preprocesses here.

A network does not say so, but three things give it away: the values that reach its first weights; its first batch
normalisation, which has kept mean and variance of what it saw in training; and answers out of all proportion, since without
normalisation inputs 255 times too large make logits 255 times too large.
"""

import numpy as np

from .capture import Calls

_RAW = 20.0  # values above this at the first weights were not scaled
_FLAT = 0.02  # a spread below this at the first weights was scaled twice
_TOO_WIDE, _TOO_NARROW = 15.0, 0.05  # spread over that seen in training, by the first batch normalisation
_TOO_FAR_APART = 80.0  # logits; the probability of any other class is then below 1e-34
_WAY_OUT = "give it, Classifier(model, preprocess=lambda x: x / 255), with images of 0 to 255"


class ValueRange:
    """What reaches a network's first weights for pictures of 0 to 255, and whether it looks like what it was trained on.

    low, high: values at the first weights, None where no layer has any. layer: its name. spread: of what the first batch
    normalisation gets, over that of its training; None without one. gap: from the median logit to the one farthest from it.
    doubt: a sentence, or None. small: images of 0 to 1 are right for this network as it is wrapped.
    """

    def __init__(self, classifier, images, logits):
        self.low = self.high = self.layer = self.spread = None
        self.gap = float(np.abs(logits - np.median(logits, axis=1, keepdims=True)).max(axis=1).min())
        self._classifier, self._deviation = classifier, None
        self._look(images)
        self.trained, self._scored = _is_trained(classifier.model), classifier._head.kind != "values"
        self.doubt, self.small = None, False
        if self.trained and self.high is not None:
            self._judge()

    def __str__(self):
        if self.high is None:
            return "not known: no layer with weights was seen"
        reached = f"{self.low:.3g} to {self.high:.3g} at the first weights ({self.layer!r})"
        if self.spread is not None:
            return f"{reached}; {self.spread:.2g} times the spread that its first batch normalisation saw in training"
        return f"{reached}; logits up to {self.gap:.3g} from their median"

    def _look(self, images):
        """Run the first layers only, and see what reaches the first weights and the first batch normalisation."""
        classifier = self._classifier

        def around(path, layer, call):
            output = call()
            weights = () if getattr(layer, "_layers", ()) else getattr(layer, "weights", ())  # of the innermost layers only
            kernel = max((len(weight.shape) for weight in weights), default=0) >= 2
            if self.high is None and kernel and hasattr(call.inputs, "numpy"):
                values = np.asarray(call.inputs, np.float32)
                self.low, self.high, self.layer = float(values.min()), float(values.max()), "/".join(path)
                self._deviation = float(values.std())
            elif self.high is not None and hasattr(layer, "moving_variance") and hasattr(call.inputs, "numpy"):
                self.spread = _spread(layer, np.asarray(call.inputs, np.float32))
                raise _SeenEnough
            elif self.high is not None and kernel:
                raise _SeenEnough
            return output

        inputs = classifier.inside(classifier.outside(images))
        try:
            with Calls(around).listening():
                classifier._call(inputs)
        except _SeenEnough:
            pass

    def _judge(self):
        raw = max(abs(self.low), abs(self.high)) > _RAW
        preprocessed = self._classifier._preprocessing.function is not None
        if self.spread is not None:
            too_wide, too_narrow = self.spread > _TOO_WIDE, self.spread < _TOO_NARROW
            evidence = f"its first batch normalisation gets {self.spread:.2g} times the spread that it saw in training"
        else:
            too_wide, too_narrow = self.gap > _TOO_FAR_APART and self._scored, self._deviation < _FLAT
            evidence = f"on noise its logits are {self.gap:.3g} apart, out of all proportion"
            if too_narrow:
                evidence = f"values from {self.low:.3g} to {self.high:.3g} reach its first weights ({self.layer!r})"
        if raw and too_wide:
            self.small = not preprocessed
            does = "With this preprocessing values up to" if preprocessed else "Nothing scales the images: values up to"
            self.doubt = (
                f"{does} {self.high:.3g} reach the network, and {evidence}. It was probably trained on other values: use the "
                f"preprocessing of its training; if that was x / 255, {_WAY_OUT}."
            )
        elif not raw and too_narrow:
            scaled = "preprocess and the network's own first layers both scale" if preprocessed else "The network scales"
            self.doubt = (
                f"The images may be scaled twice: {evidence}; {scaled} them. If the network takes 0 to 255 itself, leave "
                "preprocess out."
            )


class _SeenEnough(BaseException):
    """The rest of the network need not run. No Exception: Keras would write to each layer's caller what it was called with."""


def _spread(layer, values):
    """Return the spread of what a batch normalisation gets, over that of its training; None where it was never trained."""
    mean, variance = np.asarray(layer.moving_mean, np.float32), np.asarray(layer.moving_variance, np.float32)
    if len(mean) != values.shape[-1] or (np.ptp(mean) == 0 and np.ptp(variance) == 0):
        return None
    if values.ndim == 4:  # the border, where zeros are padded, is not what the images are like
        down, across = (edge // 4 for edge in values.shape[1:3])
        values = values[:, down : values.shape[1] - down, across : values.shape[2] - across]
    spread = values.std(axis=tuple(range(values.ndim - 1))) / np.sqrt(np.maximum(variance, 0) + layer.epsilon)
    return float(np.median(spread))


def _is_trained(model):
    """Return whether anything was learned: a bias, or a mean, that is no longer the same for all channels."""
    vectors = (np.asarray(weight, np.float32) for weight in model.weights if len(weight.shape) == 1 and "float" in weight.dtype)
    return any(vector.size > 1 and np.ptp(vector) > 0 for vector in vectors)
