"""What `train_classifier` is given, checked: a folder, or images with labels."""

import os

import numpy as np

from .._on_disk import parts
from .._validation import as_array, shown
from ..classifier.names import checked_names
from ..folders import SMALLEST, images_from_folder


def images_and_labels(data, class_names, size, progress, name="data"):
    """Return (images uint8 or float, labels (N,) int64, class names) from all that `train_classifier` takes."""
    if isinstance(data, (str, os.PathLike)):
        data = images_from_folder(data, size, progress=progress)
        if progress:
            print(data)
    if hasattr(data, "images") and hasattr(data, "labels"):
        images, labels, class_names = _in_its_order(data, class_names)
    elif isinstance(data, (tuple, list)) and len(data) == 2:
        images, labels = data
    else:
        raise TypeError(f"{name} is {type(data).__name__}: give a folder, or a pair (images, labels).")
    images = _checked_images(images)
    labels, names = _checked_labels(labels, class_names, len(images))
    return images, labels, names


def _in_its_order(data, class_names):
    """Return (images, labels, class names) of a folder; its own names in another order come with labels in that order."""
    own = getattr(data, "class_names", None)
    if class_names is None:
        return data.images, data.labels, own
    names = checked_names(class_names)
    if own is None or set(names) != set(own):
        return data.images, data.labels, names
    return data.images, np.array([names.index(name) for name in own])[data.labels], names


def _checked_images(images):
    try:
        images = np.asarray(images)
        what = f"have shape {images.shape} and type {images.dtype}"
    except (ValueError, TypeError):
        images, what = np.zeros(0), "have several shapes"
    square = images.ndim == 4 and images.shape[-1] == 3 and images.shape[1] == images.shape[2]
    if not square or not np.issubdtype(images.dtype, np.number):
        raise ValueError(
            f"The images {what}: expected square RGB images of one size, (N, H, H, 3); load_image(path, size) makes them so."
        )
    edge = images.shape[1]
    if edge < SMALLEST:
        raise ValueError(f"The images are {edge} x {edge} pixels: expected at least {SMALLEST} x {SMALLEST}.")
    extremes = [(images[rows].min(initial=0), images[rows].max(initial=0)) for rows in parts(images)] or [(0, 0)]
    low, high = np.min(extremes), np.max(extremes)
    if not (low >= 0 and high <= 255):  # false for NaN too
        raise ValueError(f"The images have values from {low:g} to {high:g}: expected 0 to 255.")
    if high <= 1 and len(images):
        raise ValueError(f"The images have no value above {high:g}: expected 0 to 255; the preprocessing is done inside.")
    return images


def _checked_labels(labels, class_names, n):
    """Return (labels (N,) int64, class names); names are put into alphabetical order where no order is given."""
    labels, class_names = as_array(labels, "labels"), checked_names(class_names)
    if labels.shape != (n,):
        classes = ", such as labels.argmax(axis=1) of what is one-hot" if labels.ndim == 2 and len(labels) == n else ""
        raise ValueError(f"There are {n} images and labels of shape {labels.shape}: give one label for each image{classes}.")
    if labels.dtype.kind == "O" and (strange := [label for label in labels.tolist() if not isinstance(label, str)]):
        raise ValueError(f"The label of an image is {shown(strange[0])}: expected class names, or whole numbers from 0.")
    if labels.dtype.kind in "UO":
        names = sorted(set(labels.tolist())) if class_names is None else class_names
        unknown = sorted(set(labels.tolist()) - set(names))
        if unknown:
            raise ValueError(
                f"The label {unknown[0]!r} is not one of class_names: {', '.join(map(str, names))}; correct it or them."
            )
        labels = np.array([names.index(label) for label in labels.tolist()], dtype=np.int64)
    elif labels.dtype.kind in "iu":
        if class_names is None and labels.max(initial=0) >= max(n, 2):
            raise ValueError(
                f"The labels go up to {labels.max()} for {n} images: expected indices of classes, such as "
                "np.unique(labels, return_inverse=True)[1] makes of any numbers."
            )
        names = class_names if class_names is not None else [f"class {i}" for i in range(labels.max(initial=0) + 1)]
        if n and not 0 <= labels.min() <= labels.max() < len(names):
            raise ValueError(
                f"The labels go from {labels.min()} to {labels.max()} and there are {len(names)} class names: "
                "expected indices from 0 to one less than the number of names."
            )
    else:
        raise ValueError(f"The labels are of type {labels.dtype}: expected class names, or whole numbers from 0.")
    if len(set(labels.tolist())) < 2:
        raise ValueError(f"The images are of {len(set(labels.tolist()))} class: give images of two classes or more.")
    return labels.astype(np.int64), [str(name) for name in names]
