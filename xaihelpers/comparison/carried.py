"""A classifier that travels to other processes."""

import cloudpickle
import numpy as np

from ..classifier import Classifier

_ARRIVED = {}  # the classifier that came to this process last, so that it is built and compiled once


class Carried:
    """A classifier that can travel to another process; compiled functions can't, and are made again there."""

    def __init__(self, classifier):
        if not isinstance(classifier, (Classifier, str)):
            raise TypeError(f"compare got {type(classifier).__name__}: wrap the model first, Classifier(model, ...).")
        self._classifier, self._packed = classifier, None
        self.token = f"{id(self)}-{np.random.default_rng().integers(2**62)}"

    def classifier(self):
        """Return the Classifier, in whichever process this is."""
        if self.token not in _ARRIVED:
            _ARRIVED.clear()
            _ARRIVED[self.token] = self._unpacked()
        return _ARRIVED[self.token]

    def _unpacked(self):
        if isinstance(self._classifier, str):
            from ..zoo import load_classifier

            return load_classifier(self._classifier)
        if self._classifier is not None:
            return self._classifier
        model, options = cloudpickle.loads(self._packed)
        return Classifier(model, **options)

    def __getstate__(self):
        if isinstance(self._classifier, Classifier) and self._packed is None:
            each = self._classifier
            options = {"class_names": each.class_names, "preprocess": each.preprocess, "input_shape": each.input_shape}
            self._packed = cloudpickle.dumps((each.model, options))
        name = self._classifier if isinstance(self._classifier, str) else None
        return {"token": self.token, "_classifier": name, "_packed": self._packed}
