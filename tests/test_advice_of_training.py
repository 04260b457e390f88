"""Advice about training data, groups and backbones is followed, as in test_advice.py; the result is right."""

import io

import keras
import numpy as np
import pytest
from PIL import Image
from test_advice import RGB, _train, is_right, numbers

import xaihelpers as xh
from xaihelpers.training import train
from xaihelpers.training.data import images_and_labels
from xaihelpers.training.splitting import checked_groups, held_back_part

L = keras.layers
SMALL = RGB[:4, :16, :16]
FLAT = np.broadcast_to(np.linspace(10, 200, 12).astype(np.uint8)[:, None, None, None], RGB.shape)  # nothing in them to compare
AB = list("abab")
PATIENTS = [1, 1, 2, 3]


def data(images, labels, names=None):
    """What `train_classifier` reads of a pair: (images, labels, class names)."""
    return images_and_labels((images, labels), names, 16, False)


def reads(images, labels, expected, names=None):
    """Whether a pair is read, with these class indices."""
    found = data(images, labels, names)
    return np.array_equal(found[0], images) and found[1].tolist() == expected


def loaded(edge, **options):
    """Images as `load_image` gives them, from files of several sizes."""
    files = []
    for size in (20, 24, 40, 32):
        buffer = io.BytesIO()
        Image.fromarray(np.resize(RGB, (size, size + 4, 3))).save(buffer, format="PNG")
        files.append(buffer.getvalue())
    return np.stack([xh.load_image(file, edge, **options) for file in files])


def backbone(edge, *layers):
    return keras.Sequential([keras.Input((edge, edge, 3)), *(layers or [L.Rescaling(1 / 255), L.Conv2D(2, 3, padding="same")])])


def taken(model, image_size, edge):
    """A backbone as `train_classifier` takes it, for images of so many pixels an edge."""
    return train._backbone(model, "auto", image_size, edge)


def gives(model, image_size, edge, *shape):
    return taken(model, image_size, edge)(np.zeros((1, edge, edge, 3), np.float32)).shape == (1, *shape)


def learned(images=RGB, labels=tuple("ab" * 6), *given, **options):
    """Whether a training runs to its end and knows its two classes."""
    found = _train(images, list(labels), *given, **options)
    return list(found.class_names) == ["a", "b"] and found.probabilities(images).shape == (len(images), 2)


def split(labels, groups, names="ab"):
    return held_back_part(np.array(labels), np.array(groups), list(names), 0.25, 0)


def held_back(labels, groups, names="ab"):
    """Whether every class has images on both sides, and no group is on both."""
    rest, held = split(labels, groups, names)
    labels, groups = np.array(labels), np.array(groups)
    sides = [set(labels[rows]) == set(labels) for rows in (rest, held)]
    return all(sides) and not set(groups[rest]) & set(groups[held])


# {name: (what is refused, what the sentence says, whether what it says to do is right, given the sentence)}
CASES = {
    "images that are too small": (
        lambda: data(RGB[:4, :8, :8], AB),
        "The images are 8 x 8 pixels: expected at least 16 x 16",
        lambda m: (edge := int(numbers(m, "at least")[0])) == 16 and reads(RGB[:4, :edge, :edge], AB, [0, 1, 0, 1]),
    ),
    "images that are not square": (
        lambda: data(RGB[:4, :20], AB),
        r"expected square RGB images of one size, \(N, H, H, 3\); load_image\(path, size\) makes them so",
        lambda m: loaded(16).shape == (4, 16, 16, 3) and reads(loaded(16), AB, [0, 1, 0, 1]),
    ),
    "images of several sizes": (
        lambda: data([RGB[0], RGB[1, :16, :16]], list("ab")),
        r"expected square RGB images of one size, .*; load_image\(path, size\) makes them so",
        lambda m: reads(list(loaded(24)), AB, [0, 1, 0, 1]),
    ),
    "labels that are no whole numbers": (
        lambda: data(SMALL, [0.5, 1, 0, 1]),
        "The labels are of type float64: expected class names, or whole numbers from 0",
        lambda m: reads(SMALL, AB, [0, 1, 0, 1]) and reads(SMALL, [0, 1, 0, 1], [0, 1, 0, 1]),
    ),
    "labels that count from one": (
        lambda: data(SMALL, [1, 2, 1, 2], ["a", "b"]),
        "go from 1 to 2 and there are 2 class names: expected indices from 0 to one less than the number of names",
        lambda m: reads(SMALL, np.array([1, 2, 1, 2]) - 1, [0, 1, 0, 1], ["a", "b"]),
    ),
    "labels for other images": (
        lambda: data(SMALL, AB[:3]),
        r"There are 4 images and labels of shape \(3,\): give one label for each image",
        lambda m: reads(SMALL, AB, [0, 1, 0, 1]),
    ),
    "labels as rows of zeros and ones": (
        lambda: data(SMALL, np.eye(2)[[0, 1, 0, 1]]),
        r"labels of shape \(4, 2\): give one label for each image",
        lambda m: reads(SMALL, np.eye(2)[[0, 1, 0, 1]].argmax(axis=1), [0, 1, 0, 1]),
    ),
    "too few images of a class": (
        lambda: split([0, 0, 0, 1, 1, 2, 2, 2], range(8), "abc"),
        "The class 'b' has 2 images: .* needs at least 3; add images, or leave the class out",
        lambda m: (
            held_back([0, 0, 0, 1, 1, 2, 2, 2] + [1] * (int(numbers(m, "at least")[0]) - 2), range(9), "abc")
            and held_back([0, 0, 0, 1, 1, 1], range(6), "ac")
        ),
    ),
    "many copies of few photographs": (
        lambda: split([0] * 6 + [1] * 6, [0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4]),
        "The class 'b' has 6 images of 2 groups, such as copies of one photograph: .* at least 3; add images, or leave the",
        lambda m: held_back([0] * 6 + [1] * 7, [0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5]),
    ),
    "groups that are NaN": (
        lambda: checked_groups([1, 1, np.nan, 2], 4),
        "groups has values that are NaN or None: give every image a group, of its own if it belongs to none",
        lambda m: checked_groups([1, 1, 3, 2], 4).tolist() == [0, 0, 2, 1],
    ),
    "groups for other images": (
        lambda: checked_groups(PATIENTS[:3], 4),
        r"groups is an array of shape \(3,\), int64 for 4 images: give one for each image, such as the number of the patient",
        lambda m: (
            checked_groups(PATIENTS, 4).tolist() == [0, 0, 1, 2]
            and held_back([0, 0, 0, 1, 1, 1], checked_groups([7, 8, 9] * 2, 6))
        ),
    ),
    # backbones
    "a backbone that takes no images": (
        lambda: taken(keras.Sequential([L.Reshape((7, 7))]), None, 16),
        r"The backbone can't take images of 16 x 16 pixels .*: give a Keras model from images to maps",
        lambda m: gives(keras.Sequential([L.Conv2D(2, 3)]), None, 16, 14, 14, 2),
    ),
    "images of another size than the backbone's": (
        lambda: taken(backbone(24), None, 16),
        "The images are 16 pixels an edge and the backbone takes 24: give that size",
        lambda m: gives(backbone(24), None, size := int(numbers(m, "takes")[0]), size, size, 2),
    ),
    "a folder read at another size than the backbone's": (
        lambda: taken(backbone(24), 16, train._reading_size(backbone(24), 16)),
        "image_size is 16 and the backbone takes 24: leave image_size out",
        lambda m: (size := train._reading_size(backbone(24), None)) == 24 and gives(backbone(24), None, size, 24, 24, 2),
    ),
    "images of another size than image_size": (
        lambda: taken(backbone(None), 24, 16),
        "The images are 16 pixels an edge and image_size is 24: leave image_size out, or give images of that size",
        lambda m: gives(backbone(None), None, 16, 16, 16, 2) and gives(backbone(None), 24, 24, 24, 24, 2),
    ),
    "validation data of another size": (
        lambda: _train(FLAT, list("ab" * 6), validation_data=(255 - FLAT[:4, :16, :16], AB)),
        "validation_data are 16 pixels an edge and those to train on 32: give both at one size",
        lambda m: learned(FLAT, validation_data=(255 - FLAT[:4], AB)),
    ),
    "a backbone that is a number": (
        lambda: learned(backbone=lambda images: images),
        "backbone is function: give a name, .*, or a Keras model",
        lambda m: taken("efficientnet-lite0", 32, 32).output_shape[-1] == 1280 and gives(backbone(32), None, 32, 32, 32, 2),
    ),
    "weights for a model of one's own": (
        lambda: xh.train_classifier((RGB, list("ab") * 6), backbone=backbone(32), weights="imagenet"),
        "weights is 'imagenet' for a model of your own, which has its weights: leave it out",
        lambda m: gives(backbone(32), None, 32, 32, 32, 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name):
    is_right(*CASES[name])


def test_validation_data_are_looked_at_before_the_training(monkeypatch):
    monkeypatch.delattr(train, "train_head")
    with pytest.raises(ValueError, match="give both at one size"):
        _train(FLAT, list("ab" * 6), validation_data=(FLAT[:4, :16, :16], AB))
