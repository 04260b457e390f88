"""A learner's own network: a model file, of which nothing is run that could do anything but compute."""

import tempfile
from pathlib import Path

import numpy as np

from ...classifier.keeping import RANGES, is_kept, load

FIND_OUT = "find out"
# A layer that multiplies by less, or subtracts more, was made for 0..255.
_SCALES_DOWN, _MEAN_OF_PIXELS = 0.1, 2.0


def own_classifier(path_or_bytes, name="", class_names=None, values=FIND_OUT):
    """Return (Classifier, sentence) for a model file, loaded in Keras' safe mode; the sentence says what was found out.

    path_or_bytes: a path, or the content of a file called `name`. class_names: a list, or None.
    values: the range of pixel values that the model was trained on, one of RANGES; FIND_OUT where the file may tell.
    Raises FileNotFoundError or ValueError in one sentence for what is no such file, for one that carries code, and where
    the range can't be found out.
    """
    if not isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        return _from_path(Path(path_or_bytes).expanduser(), class_names, values)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name).name or "model.keras")
        path.write_bytes(path_or_bytes)
        return _from_path(path, class_names, values)


def _from_path(path, class_names, values):
    classifier = load(path, class_names=class_names or None, values=None if values == FIND_OUT else values)
    if values == FIND_OUT and is_kept(path):
        return classifier, "It brings its class names and its range of values along."
    scaling = _own_scaling(classifier.model)
    if values == FIND_OUT and scaling is None:
        raise ValueError(
            f"{path.name} does not say on what values it was trained, and a wrong guess gives confident nonsense: choose "
            f"{', '.join(RANGES)} yourself, as in your training code."
        )
    if values == FIND_OUT:
        return classifier, f"It is given 0 to 255, and its layer {scaling!r} brings that to its own range."
    twice = f" Its layer {scaling!r} scales 0 to 255 itself, so choose that or '{FIND_OUT}' unless you know better."
    return classifier, f"It is given values from {values}." + (twice if scaling and RANGES[values] else "")


def _own_scaling(model):
    """Return the name of the layer with which a model brings 0..255 to its own range, or None where there is none."""
    for layer in _flat(model):
        if type(layer).__name__ == "Rescaling":
            return layer.name if np.max(np.abs(layer.scale)) < _SCALES_DOWN else None
        if type(layer).__name__ == "Normalization":
            return layer.name if np.max(layer.mean) > _MEAN_OF_PIXELS else None
        if layer.weights:
            return None
    return None


def _flat(model):
    """Yield the layers of a model, those of inner models in their place."""
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from _flat(layer)
        else:
            yield layer
