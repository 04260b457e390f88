"""Transfer learning in one call: a classifier of your own classes from a folder of images."""

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._quiet import announce
from .._validation import one_of, whole_number, yes_or_no
from ..classifier.keras_model import KerasClassifier
from ..classifier.names import checked_names
from ..folders import SMALLEST
from ..results import DiagnosticWarning
from ..zoo.backbones import BACKBONES, build_backbone, check_backbone, check_weights, with_head
from .chance import LearnedNothing, chance_of, surely_little
from .data import images_and_labels
from .evaluation import evaluation
from .groups import check_groups, groups_of, overlap_warning
from .splitting import checked_share, folds, held_back_part, stopping_part
from .steps import fine_tune_top, outputs_of, train_head

# Fine-tuning trains what comes after this layer.
TOP_BLOCK = {"xception": "block13_add", "efficientnet-lite0": "block6d_add"}
_DEFAULT_SIZE = {"xception": 128, "efficientnet-lite0": 224}  # pixels, what each backbone reads best
_MANY = 10  # images of every class held back: with fewer, every image is held back once, by cross-validation
_AFFORDABLE = 2000  # images: five more heads on more would take minutes


class TrainedClassifier(KerasClassifier):
    """A `Classifier` that was trained here. Its preprocessing is part of `model`.

    history: {"loss", "accuracy", "val_loss", "val_accuracy"}: one number an epoch; "val" is of the images that stop it.
    evaluation: `Evaluation` on the images held back, which neither trained nor stopped the training.
    cross_validation: `Evaluation` in which every image was held back once, from another head each time; or None.
    said: (N,) int64: the class that each image was taken for while it was held back; -1 where it never was.
    training, stopping, validation: indices of the images used for each (validation: held back; None with validation_data).
    groups: (N,) which images were kept together. split: that in words. chance: how often guessing does as well, 0 to 1.
    seconds: how long it took. interrupted: by the learner.
    """

    history = evaluation = cross_validation = training = stopping = validation = groups = said = split = chance = seconds = None
    interrupted = False
    _travels = ("history", "evaluation", "cross_validation", "training", "stopping", "validation")
    _travels += ("groups", "said", "split", "chance", "seconds", "interrupted")

    def __repr__(self):
        if self.history is None:
            return super().__repr__()
        how = "interrupted after" if self.interrupted else "trained in"
        lines = [
            f"TrainedClassifier: {len(self.training)} images, {how} {self.seconds:.0f} s and {len(self.history['loss'])} epochs",
            f"  {self.split}",
            f"On {int(self.evaluation.confusion.sum())} images held back: {self.evaluation!r}",
        ]
        if self.cross_validation is not None:
            lines.append(f"Every image held back once (cross-validation): {self.cross_validation!r}")
        return "\n".join(lines)


def train_classifier(
    data: Any,
    *,
    backbone: Any = "efficientnet-lite0",
    weights: Any = "auto",
    image_size: int | None = None,
    class_names: Sequence[str] | None = None,
    groups: Any = "families",
    validation_data: Any = None,
    validation_split: float = 0.2,
    cross_validate: bool | None = None,
    class_weights: bool = True,
    epochs: int = 100,
    fine_tune: int = 0,
    on_chance: str = "error",
    seed: int = 0,
    progress: bool = True,
) -> TrainedClassifier:
    """Return a `TrainedClassifier` of the classes in `data`: a frozen backbone, global average pooling, one Dense layer.

    data: a folder with one subfolder of images a class; or (images (N, H, H, 3) 0 to 255, N labels); or what
        `images_from_folder` and `make_rashes` return. Labels are names, or indices 0 to C - 1.
    backbone: "efficientnet-lite0" (small, works offline), "xception", or a Keras model of yours from images 0 to 255 to
        activation maps (N, h, w, channels); it is not changed. Of 120 drawn rashes the first has a balanced accuracy of 0.908
        at 224 pixels and 0.892 at 128, Xception with skin weights 0.833 at 128: the first is at least as good, and five splits
        do not show that it is better (benchmarks/BACKBONES.md).
    weights: of a named backbone: "auto", "skin", "imagenet", None (random) or a path, as in `build_backbone`.
    image_size: edge in pixels at which the backbone looks. None: that of the model given, or 224 for EfficientNet-Lite0
        and, for Xception, that of the images given (128 for a folder).
    class_names: C names, where the labels are indices.
    groups: what is never divided between training and judging. "families": copies of one photograph, found by their
        looks; "images": every image stands for itself; or N values of yours, such as the number of the patient.
    validation_data: images to judge by, in any form of `data`, with the same classes; None holds some of `data` back:
    validation_split: the share of every class, drawn by `seed`.
    cross_validate: train five more heads so that every image is held back once; None: where a class has fewer than ten
        images held back, among up to 2,000.
    class_weights: whether every class weighs the same in the loss, however many images it has; or every image.
    epochs: at most so many; it stops when the loss on some more images, which are used for nothing else, no longer falls.
        An interrupt keeps the best epoch.
    fine_tune: epochs, 0 for none, of training the named backbone's top block too, after the head.
    on_chance: where guessing does as well in more than one of twenty times, "error" raises `LearnedNothing` if there are
        images enough to be sure, or if the head is nothing but zeros; else, and with "warn", it warns.
    Raises ValueError in one sentence for a folder, images or labels that can't be trained on.
    """
    start = time.perf_counter()
    epochs, seed = whole_number(epochs, "epochs"), whole_number(seed, "seed", 0)
    fine_tune, class_weights = whole_number(fine_tune, "fine_tune", 0), yes_or_no(class_weights, "class_weights")
    one_of(on_chance, "on_chance", ("error", "warn"))
    progress = yes_or_no(progress, "progress")
    cross_validate = None if cross_validate is None else yes_or_no(cross_validate, "cross_validate")
    validation_split = checked_share(validation_split)
    checked_names(class_names)
    check_groups(groups)
    check_backbone(backbone)
    check_weights(backbone, weights)
    if fine_tune and not isinstance(backbone, str):
        raise ValueError(f"fine_tune is {fine_tune} for a model of your own: it works for {' and '.join(BACKBONES)} only.")
    image_size = None if image_size is None else whole_number(image_size, "image_size", SMALLEST)
    size = _reading_size(backbone, image_size)
    images, labels, names = images_and_labels(data, class_names, size, progress)
    network = _backbone(backbone, weights, image_size, images.shape[1])
    groups, split = groups_of(groups, images, labels, names, progress)
    others = None if validation_data is None else _other_images(validation_data, names, size, images, progress)
    rest, held = _held_back(validation_data, labels, groups, names, validation_split, seed)
    training, stopping = stopping_part(labels, groups, rest, seed)

    common = dict(balanced=class_weights, seed=seed, progress=progress)
    maps_mean = _with_pooling(network)
    features = outputs_of(maps_mean, images, progress, "features")
    head = dict(epochs=epochs, **common)
    kernel, bias, history, interrupted = train_head(features, labels, len(names), training, stopping, **head)
    model = with_head(network, kernel, bias)
    if fine_tune and not interrupted:
        parts = (training, stopping)
        more, interrupted = fine_tune_top(model, TOP_BLOCK[backbone], images, labels, *parts, **{**head, "epochs": fine_tune})
        history = {key: history[key] + more[key] for key in history}

    trained = TrainedClassifier(model, class_names=names)
    trained.history, trained.interrupted = history, interrupted
    trained.training, trained.stopping, trained.validation = training, stopping, held
    trained.groups, trained.split, trained.said = groups, split, np.full(len(labels), -1)
    if validation_data is None:
        said = (labels[held], outputs_of(model, images, progress, "checking", held).argmax(axis=1), groups[held])
        trained.said[held] = said[1]
    else:
        said = (others[1], outputs_of(model, others[0], progress, "checking").argmax(axis=1), np.arange(len(others[1])))
    trained.evaluation = evaluation(*said[:2], names)
    if not interrupted and _worth_it(cross_validate, trained.evaluation, len(labels), validation_data):
        said = (labels, _cross_validated(features, labels, groups, len(names), head), groups)
        trained.said = said[1]
        trained.cross_validation = evaluation(*said[:2], names)
    trained.chance = chance_of(*said)
    _require_more_than_chance(trained, on_chance, said, empty=not np.any(kernel))
    trained.seconds = time.perf_counter() - start
    return trained


def _held_back(validation_data, labels, groups, names, share, seed):
    """Return (indices to train and stop on, indices held back); all and None where there are other images to judge by."""
    if validation_data is None:
        return held_back_part(labels, groups, names, share, seed)
    return np.arange(len(labels)), None


def _other_images(validation_data, names, size, images, progress):
    """Return (images, labels) of the learner's own validation data, at the size of the training images."""
    pair = isinstance(validation_data, (tuple, list))
    others, labels, theirs = images_and_labels(validation_data, names if pair else None, size, progress, "validation_data")
    if unknown := [name for name in theirs if name not in names]:
        raise ValueError(f"validation_data has the class {unknown[0]!r}, and the training data has {', '.join(names)}.")
    labels = np.array([names.index(name) for name in theirs])[labels]
    if others.shape[1:] != images.shape[1:]:
        raise ValueError(
            f"The images of validation_data are {others.shape[1]} pixels an edge and those to train on {images.shape[1]}: "
            "give both at one size."
        )
    overlap_warning(images, others)
    return others, labels


def _worth_it(cross_validate, found, n, validation_data):
    """Return whether to cross-validate: as asked for, or where a class is too small to be judged by what is held back."""
    if cross_validate is not None:
        return cross_validate
    few = min(found.counts.values()) < _MANY
    return validation_data is None and few and n <= _AFFORDABLE


def _cross_validated(features, labels, groups, n_classes, head):
    """Return the class predicted for each image, (N,), by a head that has seen neither it nor any image of its group."""
    predicted, everything = np.zeros(len(labels), int), np.arange(len(labels))
    for held in folds(labels, groups, head["seed"]):
        training, stopping = stopping_part(labels, groups, np.setdiff1d(everything, held), head["seed"])
        kernel, bias, _, _ = train_head(features, labels, n_classes, training, stopping, **{**head, "progress": False})
        predicted[held] = (features[held] @ kernel + bias).argmax(axis=1)
    return predicted


def _require_more_than_chance(trained, on_chance, said, empty):
    """Raise or warn where images that were held back are recognised no better than guessing would.

    said: true classes, predicted ones, and groups of the images held back. empty: whether the head is nothing but zeros.
    """
    found = trained.cross_validation or trained.evaluation
    if trained.chance <= 0.001 or found.balanced_accuracy == 1:
        return
    right, n = int(np.trace(found.confusion)), int(found.confusion.sum())
    sentence = (
        f"The network may have learned nothing: of {n} images held back it recognised {right} (balanced accuracy "
        f"{found.balanced_accuracy:.2f}), and guessing does as well {trained.chance:.1%} of the time: check the labels, or "
        "give more images."
    )
    clear = empty or surely_little(found.balanced_accuracy, len(found.class_names), len(np.unique(said[2])))
    if trained.chance > 0.05 and clear and on_chance == "error" and not trained.interrupted:
        sentence = sentence.replace("may have learned", "learned", 1)
        raise LearnedNothing(f"{sentence[:-1]}, or use on_chance='warn' to have it all the same.")
    warnings.warn(sentence, DiagnosticWarning, stacklevel=3)


def _reading_size(backbone, image_size):
    """Return the edge at which the images of a folder are read."""
    if image_size is not None:
        return image_size
    fixed = _DEFAULT_SIZE.get(backbone) if isinstance(backbone, str) else _edge(backbone)
    return fixed or 128


# -- the network ------------------------------------------------------------------------------------------------------


def _backbone(backbone, weights, image_size, input_size):
    """Return a Keras model from images of `input_size` pixels to activation maps."""
    if isinstance(backbone, str):
        size = int(image_size or (_DEFAULT_SIZE[backbone] if backbone == "efficientnet-lite0" else input_size))
        if backbone in BACKBONES and image_size is None and size < BACKBONES[backbone][1]:
            raise ValueError(
                f"The images are {size} x {size} pixels and {backbone} needs {BACKBONES[backbone][1]}: "
                "give image_size=128 to have them enlarged."
            )
        return build_backbone(backbone, weights, image_size=size, input_size=input_size)
    if _shape(backbone, "output_shape") is None:
        backbone = _built(backbone, image_size or input_size)
    if len(_shape(backbone, "output_shape") or ()) != 4:
        raise ValueError(
            f"The backbone gives shape {_shape(backbone, 'output_shape')}: expected a Keras model without "
            "a head, which ends in activation maps (batch, height, width, channels)."
        )
    _require_size(image_size, input_size, _edge(backbone))
    return backbone


def _require_size(image_size, input_size, edge):
    """Raise ValueError where images of `input_size` pixels do not fit a model of one's own, which takes `edge`, None for any."""
    if edge is not None and image_size not in (None, edge):
        raise ValueError(f"image_size is {image_size} and the backbone takes {edge}: leave image_size out.")
    if edge not in (None, input_size):
        raise ValueError(f"The images are {input_size} pixels an edge and the backbone takes {edge}: give that size.")
    if image_size not in (None, input_size):
        raise ValueError(
            f"The images are {input_size} pixels an edge and image_size is {image_size}: leave image_size out, or give images "
            "of that size."
        )


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
