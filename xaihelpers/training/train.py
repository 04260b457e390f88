"""Transfer learning in one call: a classifier of your own classes from a folder of images."""

import time
from collections.abc import Sequence
from typing import Any

from .._quiet import announce
from .._validation import whole_number
from ..classifier.keras_model import KerasClassifier
from ..zoo.backbones import BACKBONES, build_backbone, with_head
from .data import images_and_labels
from .evaluation import evaluation
from .steps import fine_tune_top, outputs_of, stratified_split, train_head

# Fine-tuning trains what comes after this layer.
TOP_BLOCK = {"xception": "block13_add", "efficientnet-lite0": "block6d_add"}


class TrainedClassifier(KerasClassifier):
    """A `Classifier` that was trained here. Its preprocessing is part of `model`, which `model.save(path)` keeps whole.

    history: {"loss", "accuracy", "val_loss", "val_accuracy"}: one number an epoch; the losses weigh every class the same.
    evaluation: `Evaluation` on the images held back: confusion matrix, recall of each class, balanced accuracy.
    training, validation: indices of the images used for each. seconds: how long it took. interrupted: by the learner.
    """

    history = evaluation = training = validation = seconds = None
    interrupted = False
    _travels = ("history", "evaluation", "training", "validation", "seconds", "interrupted")

    def __repr__(self):
        if self.history is None:
            return super().__repr__()
        how = "interrupted after" if self.interrupted else "trained in"
        return (
            f"TrainedClassifier: {len(self.training)} images, {how} {self.seconds:.0f} s and "
            f"{len(self.history['loss'])} epochs; on the images held back:\n{self.evaluation!r}"
        )


def train_classifier(
    data: Any,
    *,
    backbone: Any = "xception",
    weights: Any = "auto",
    image_size: int | None = None,
    class_names: Sequence[str] | None = None,
    validation_split: float = 0.2,
    epochs: int = 100,
    fine_tune: int = 0,
    seed: int = 0,
    progress: bool = True,
) -> TrainedClassifier:
    """Return a `TrainedClassifier` of the classes in `data`: a frozen backbone, global average pooling, one Dense layer.

    data: a folder with one subfolder of images a class; or (images (N, H, H, 3) 0 to 255, N labels); or what
        `images_from_folder` and `make_rashes` return. Labels are names, or indices 0 to C - 1.
    backbone: "xception", "efficientnet-lite0" (small, works offline), or a Keras model of yours from images 0 to 255 to
        activation maps (N, h, w, channels); it is not changed.
    weights: of a named backbone: "auto", "skin", "imagenet", None (random) or a path, as in `build_backbone`.
    image_size: edge in pixels at which the backbone looks. None: that of the images given, of the model given, or 128.
    class_names: C names, where the labels are indices. validation_split: share of every class held back, drawn by `seed`.
    epochs: at most so many; it stops when the validation loss no longer falls. An interrupt keeps the best epoch.
    fine_tune: epochs, 0 for none, of training the named backbone's top block too, after the head.
    Raises ValueError in one sentence for a folder, images or labels that can't be trained on.
    """
    start = time.perf_counter()
    epochs, seed = whole_number(epochs, "epochs"), whole_number(seed, "seed", 0)
    fine_tune = whole_number(fine_tune, "fine_tune", 0)
    if fine_tune and not isinstance(backbone, str):
        raise ValueError(f"fine_tune is {fine_tune} for a model of your own: it works for {' and '.join(BACKBONES)} only.")
    images, labels, names = images_and_labels(data, class_names, _reading_size(backbone, image_size), progress)
    parts = stratified_split(labels, names, validation_split, seed)
    network = _backbone(backbone, weights, image_size, images.shape[1])

    common = dict(seed=seed, progress=progress)
    maps_mean = _with_pooling(network)
    features = outputs_of(maps_mean, images, progress, "features")
    kernel, bias, history, interrupted = train_head(features, labels, len(names), *parts, epochs=epochs, **common)
    model = with_head(network, kernel, bias)
    predicted = (features @ kernel + bias).argmax(axis=1)
    if fine_tune and not interrupted:
        more, interrupted = fine_tune_top(model, TOP_BLOCK[backbone], images, labels, *parts, epochs=fine_tune, **common)
        history = {key: history[key] + more[key] for key in history}
        predicted = outputs_of(model, images, progress, "checking").argmax(axis=1)

    trained = TrainedClassifier(model, class_names=names)
    trained.history, trained.interrupted = history, interrupted
    trained.training, trained.validation = parts
    trained.evaluation = evaluation(labels[parts[1]], predicted[parts[1]], names)
    trained.seconds = time.perf_counter() - start
    return trained


def _reading_size(backbone, image_size):
    """Return the edge at which the images of a folder are read."""
    if image_size is not None:
        return image_size
    fixed = None if isinstance(backbone, str) else _edge(backbone)
    return fixed or 128


# -- the network ------------------------------------------------------------------------------------------------------


def _backbone(backbone, weights, image_size, input_size):
    """Return a Keras model from images of `input_size` pixels to activation maps."""
    if isinstance(backbone, str):
        size = int(image_size or input_size)
        if backbone in BACKBONES and image_size is None and size < BACKBONES[backbone][1]:
            raise ValueError(
                f"The images are {size} x {size} pixels and {backbone} needs {BACKBONES[backbone][1]}: "
                "give image_size=128 to have them enlarged."
            )
        return build_backbone(backbone, weights, image_size=size, input_size=input_size)
    if weights != "auto":
        raise ValueError(f"weights is {weights!r} for a model of your own, which has its weights: leave it out.")
    if _shape(backbone, "output_shape") is None and callable(backbone):
        backbone = _built(backbone, image_size or input_size)
    if len(_shape(backbone, "output_shape") or ()) != 4:
        raise ValueError(
            f"The backbone gives shape {_shape(backbone, 'output_shape')}: expected a Keras model without "
            "a head, which ends in activation maps (batch, height, width, channels)."
        )
    taken = image_size if image_size not in (None, input_size) else _edge(backbone)
    if taken not in (None, input_size):
        raise ValueError(f"The images are {input_size} pixels an edge and the backbone takes {taken}: give that size.")
    return backbone


def _shape(model, name):
    """Return the shape of a model's input or output, None where it has none: unbuilt, subclassed, or no model at all."""
    try:
        return getattr(model, name)
    except (AttributeError, ValueError):
        return None


def _edge(backbone):
    """Return the edge of the images that a backbone takes, None for any."""
    shape = _shape(backbone, "input_shape")
    return shape[1] if isinstance(shape, tuple) and len(shape) == 4 else None


def _built(backbone, edge):
    """Return a functional model around one that does not know its shapes yet: a subclassed one, or one that is not built."""
    import keras

    if not isinstance(backbone, keras.Layer):
        raise TypeError(f"backbone is {type(backbone).__name__}: give a name, {' or '.join(BACKBONES)}, or a Keras model.")
    if not backbone.built:
        announce(
            "The backbone was never built, so that its weights are random: only the head is trained on what they give. Load "
            "trained weights into it first."
        )
    inputs = keras.Input((edge, edge, 3))
    try:
        return keras.Model(inputs, backbone(inputs), name=f"built_{backbone.name}")
    except Exception as error:
        line = str(error).strip().split("\n")[0][:120].rstrip(".")
        raise ValueError(
            f"The backbone can't take images of {edge} x {edge} pixels ({line}): give a Keras model from images to maps."
        ) from None


def _with_pooling(network):
    import keras

    return keras.Model(network.inputs, keras.layers.GlobalAveragePooling2D(name="avg_pool")(network.outputs[0]))
