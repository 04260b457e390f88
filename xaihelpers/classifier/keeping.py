"""A classifier in one file: a `.keras` file with its class names and its preprocessing beside the model."""

import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from .._validation import one_of, shown
from .model_files import load_model

MEMBER = "xaihelpers.json"  # Keras reads past it: the file is a Keras model like any other
_LABELS = "labels.txt"  # beside the model that Teachable Machine exports
_TEACHABLE = ("keras_model.h5", "keras_model.keras")
RANGES = {"0 to 255": None, "0 to 1": (1 / 255, 0.0), "-1 to 1": (1 / 127.5, -1.0)}  # what a model was trained on


class Affine:
    """A preprocessing in numbers: every pixel's channels times a matrix (C, D), plus an offset (D,)."""

    def __init__(self, matrix, offset):
        self.matrix, self.offset = np.asarray(matrix, np.float32), np.asarray(offset, np.float32)

    def __call__(self, images):
        scales = np.diag(self.matrix)
        if self.matrix.shape == (len(scales), len(scales)) and np.array_equal(np.diag(scales), self.matrix):
            return images * scales + self.offset
        return images @ self.matrix + self.offset

    def __repr__(self):
        return f"Affine({self.matrix.tolist()}, {self.offset.tolist()})"


def in_range(values, channels=3):
    """Return the preprocessing for a range of RANGES, None for 0 to 255."""
    one_of(values, "values", RANGES)
    if RANGES[values] is None:
        return None
    scale, offset = RANGES[values]
    return Affine(np.eye(channels) * scale, np.full(channels, offset))


def save(classifier, path):
    """Write a classifier to a `.keras` file; see `Classifier.save`."""
    path = Path(path).expanduser()
    if not classifier.has_gradients:
        raise TypeError("This classifier is a plain function, which can't be kept in a file: keep its code.")
    if path.suffix.lower() != ".keras" or not path.resolve().parent.is_dir():
        raise ValueError(f"{shown(str(path))} can't be written: give a name that ends in .keras, in a folder that there is.")
    options = {
        name: value for name, value in classifier.options.items() if name not in ("class_names", "preprocess", "input_shape")
    }
    kept = {
        "class_names": list(classifier.class_names),
        "input_shape": list(classifier.input_shape),
        "preprocess": _in_numbers(classifier),
        "options": {name: value for name, value in options.items() if value is not None},
    }
    try:
        text = json.dumps(kept, ensure_ascii=False)
    except TypeError as error:
        raise TypeError(f"The classifier's options can't be written to a file ({error}): keep the code that makes it.") from None
    _write(classifier.model, path, text)
    return path


def _write(model, path, text):
    import keras

    with tempfile.TemporaryDirectory(dir=path.resolve().parent) as folder:
        temporary = Path(folder) / path.name
        keras.saving.save_model(model, temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(MEMBER, text)
        os.replace(temporary, path)


def _in_numbers(classifier):
    """Return a preprocessing as {"matrix", "offset"}, None where there is none; it is tried out on noise, and must agree."""
    preprocess = classifier.options.get("preprocess")
    if preprocess is None:
        return None
    height, width, channels = (edge or 16 for edge in classifier.input_shape)
    images = np.random.default_rng(0).uniform(0, 255, (2, height, width, channels)).astype(np.float32)
    images[1] *= 0.4  # a darker one, asked by itself: nothing may depend on the other pixels
    result = np.concatenate([np.asarray(preprocess(each[None].copy()), dtype=np.float64) for each in images])
    if result.shape[:3] == images.shape[:3]:
        pixels = np.concatenate([images.reshape(-1, channels), np.ones((images[..., 0].size, 1))], axis=1).astype(np.float64)
        found, *_ = np.linalg.lstsq(pixels, result.reshape(len(pixels), -1), rcond=None)
        found[np.abs(found) < 1e-7 * np.abs(found).max()] = 0
        miss = np.abs(pixels @ found - result.reshape(len(pixels), -1)).max()
        if miss <= 1e-5 * max(np.ptp(result), 1e-12):
            return {"matrix": found[:-1].tolist(), "offset": found[-1].tolist()}
    raise TypeError(
        "This preprocess can't be kept in a file, since it does more than scale, shift and mix the channels of each pixel: put "
        "it into the model as layers (Rescaling, Resizing, Normalization), or keep its code."
    )


def load(path, *, class_names=None, values=None, custom_objects=None):
    """Return the Classifier in a model file; see `zoo.load_classifier`."""
    from . import Classifier

    model = load_model(path, custom_objects=custom_objects)
    path = Path(path).expanduser()
    kept = _kept(path)
    options = kept.get("options", {})
    if class_names is None:
        class_names = kept.get("class_names") or _labels_beside(path)
    if kept.get("input_shape"):
        options["input_shape"] = tuple(kept["input_shape"])
    if values is not None:
        options["preprocess"] = in_range(values, _channels(model))
    elif kept.get("preprocess"):
        options["preprocess"] = Affine(**kept["preprocess"])
    return Classifier(model, class_names=class_names, **options)


def is_kept(path):
    """Return whether a file was written by `save`: then it knows its range and names itself."""
    return bool(_kept(Path(path).expanduser()))


def _channels(model):
    shape = getattr(model, "input_shape", None)
    return shape[-1] if isinstance(shape, tuple) and len(shape) == 4 and isinstance(shape[-1], int) else 3


def _kept(path):
    """Return what `save` has written beside the model, {} for a plain model."""
    if path.suffix.lower() != ".keras":
        return {}
    with zipfile.ZipFile(path) as archive:
        if MEMBER not in archive.namelist():
            return {}
        try:
            kept = json.loads(archive.read(MEMBER))
        except (UnicodeDecodeError, json.JSONDecodeError):
            kept = None
    if not isinstance(kept, dict) or not isinstance(kept.get("options", {}), dict):
        raise ValueError(f"{path.name} is damaged, its class names can't be read: save the classifier again.")
    return kept


def _labels_beside(path):
    """Return the class names in Teachable Machine's labels.txt ("0 cat", a line each) beside its model, or None."""
    labels = path.parent / _LABELS
    if path.name not in _TEACHABLE or not labels.is_file():
        return None
    lines = [line.split(maxsplit=1) for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    if [line[0] for line in lines] != [str(i) for i in range(len(lines))] or any(len(line) < 2 for line in lines):
        return None
    return [line[1] for line in lines]
