"""What the package says of values that people give by mistake is followed: it works, and the result is the right one."""

import re
from dataclasses import replace

import keras
import networks
import numpy as np
import pytest
from test_advice import is_right
from test_what_people_give import IMAGE, LABELS, LARGE, plain

import xaihelpers as xh
from xaihelpers.auditing import probes
from xaihelpers.evidence.cutouts import OBJECTS
from xaihelpers.reporting.kept import place_of
from xaihelpers.training.data import images_and_labels

MODEL = networks.gap_network()
INSIDE = np.arange(64).reshape(8, 8) > 40
NUMBERS = [7, 10**9] * 4


@pytest.fixture(autouse=True)
def no_forests(monkeypatch):
    monkeypatch.setattr(probes, "WORDS", {})


def in_red(classifier, image, target):
    """A technique of one's own: what is red."""
    return image[..., 0]


def board(technique=None, name="mine", rows=("Grad-CAM",)):
    return xh.board(technique, name, questions=["wired"], rows=list(rows), progress=False)


def same(one, other):
    """Whether two classifiers give the same of an image."""
    return np.allclose(one.probabilities(IMAGE), other.probabilities(IMAGE))


def images_of(labels, names=None):
    """Return (labels, class names) as the training takes them."""
    return images_and_labels((LARGE, labels), names, 32, False)[1:]


class Mine(keras.layers.ReLU):
    """A layer of one's own."""


def of_mine(folder):
    """Return the path of the model with such a layer in it."""
    path, x = folder / "mine.keras", MODEL.get_layer("maps").output
    x = MODEL.get_layer("scores")(MODEL.get_layer("pool")(Mine()(x)))
    keras.Model(MODEL.input, x).save(path)
    return path


def inside(classifier, image, target, **_):
    """A technique that is right of the first image, and wrong of the second."""
    return replace(xh.saliency(classifier, image, target), heatmap=INSIDE * 1.0)


def compared(**options):
    """The table of two images by name."""
    given = {"methods": [inside], "metrics": ["pointing_game"], "masks": [INSIDE, ~INSIDE], "targets": 0, **options}
    return xh.compare(xh.Classifier(MODEL), {"one": IMAGE, "two": IMAGE}, progress=False, **given)


def cat():
    """A function that takes every picture for a cat."""
    names = sorted({name for _, each in OBJECTS.values() for name in each})
    answers = np.full(len(names), 1 / len(names))
    answers[names.index("Egyptian_cat")] += 0.5
    return xh.Classifier(lambda images: np.tile(answers / 1.5, (len(images), 1)), class_names=names, input_shape=(224, 224, 3))


def saved(folder):
    """Return the path of a classifier in a file."""
    return xh.Classifier(MODEL, class_names=list("abc")).save(folder / "mine.keras")


# {name: (what is refused, what the sentence says, whether what it says to do is right, given the sentence)}
CASES = {
    "a board without a name": (
        lambda f: board(in_red, ""), "name is '': give a text that is not empty", lambda f, m: board(in_red, "red").own == "red",
    ),
    "a board with a name that is taken": (
        lambda f: board(in_red, "Grad-CAM"),
        "name is 'Grad-CAM', as one of the stored rows is called: give your technique a name of its own",
        lambda f, m: {"red", "Grad-CAM"} <= set(board(in_red, "red").table.index),
    ),
    "a row that is misspelt": (
        lambda f: board(rows=["Grad-Cam++"]),
        r"There is no stored row 'Grad-Cam\+\+': choose labels such as",
        lambda f, m: set(given := re.findall("'([^']+)'", m)[1:]) <= set(board(rows=given).table.index) and "Grad-CAM++" in given,
    ),
    "labels beside labels": (
        lambda f: xh.audit((LARGE, LABELS), LABELS),
        "labels are given for data that have labels of their own: leave labels out",
        lambda f, m: xh.audit((LARGE, LABELS)).counts == xh.audit(LARGE, LABELS).counts,
    ),
    "labels that are one-hot": (
        lambda f: images_of(np.eye(2, dtype=int)[[0, 1] * 4]),
        r"give one label for each image, such as labels.argmax\(axis=1\) of what is one-hot",
        lambda f, m: images_of(np.eye(2, dtype=int)[[0, 1] * 4].argmax(axis=1))[0].tolist() == [0, 1] * 4,
    ),
    "labels that are numbers of something": (
        lambda f: images_of(NUMBERS),
        r"The labels go up to 1000000000 for 8 images: expected indices of classes, such as np.unique\(labels, return_inverse=",
        lambda f, m: (
            images_of(eval(re.search(r"np\.unique\(.*?\)\[1\]", m)[0], {"np": np, "labels": NUMBERS}))[0].tolist() == [0, 1] * 4
        ),
    ),
    "a label that no class has": (
        lambda f: images_of(LABELS, ["a", "c"]),
        "The label 'b' is not one of class_names: a, c; correct it or them",
        lambda f, m: images_of(LABELS, ["a", "b"])[1] == images_of(["a", "c"] * 4, ["a", "b", "c"])[1][:2],
    ),
    "a model that is a path": (
        lambda f: xh.Classifier(str(saved(f))),
        r"Classifier got .*: load a file with load_classifier\(path\)",
        lambda f, m: same(xh.load_classifier(saved(f)), xh.Classifier(MODEL)),
    ),
    "a name too few": (
        lambda f: xh.Classifier(MODEL, class_names=["a", "b"]),
        "The model has 3 classes and 2 class names were given: give as many, in the order of its outputs",
        lambda f, m: same(xh.Classifier(MODEL, class_names=["a", "b", "c"]), xh.Classifier(MODEL)),
    ),
    "a name too many": (
        lambda f: plain(class_names=["a", "b", "c"]).predict(IMAGE),
        "The classifier returned 2 classes and has 3 class names: give as many names",
        lambda f, m: plain(class_names=["a", "b"]).predict(IMAGE, 1) == [("b", 0.75)],
    ),
    "a preprocessing that returns nothing": (
        lambda f: plain(preprocess=lambda x: None).predict(IMAGE),
        "preprocess returned None: end it with return and the images",
        lambda f, m: plain(preprocess=lambda x: x / 255).predict(IMAGE, 1) == [("class 1", 0.75)],
    ),
    "a preprocessing that fails": (
        lambda f: plain(preprocess=lambda x, y: x).predict(IMAGE),
        r"preprocess can't take images .*Write it for a batch \(N, H, W, C\), such as lambda x: x / 255",
        lambda f, m: plain(preprocess=eval(re.search("lambda x: x / 255", m)[0])).predict(IMAGE, 1) == [("class 1", 0.75)],
    ),
    "a preprocessing that divides by zero": (
        lambda f: xh.Classifier(MODEL, preprocess=lambda x: x * np.nan),
        "preprocess makes NaN or infinity of every pixel: correct it, such as lambda x: x / 255",
        lambda f, m: same(xh.Classifier(MODEL, preprocess=lambda x: x * 1.0), xh.Classifier(MODEL)),
    ),
    "no dict of layers": (
        lambda f: xh.load_classifier(saved(f), custom_objects=[Mine]),
        r"custom_objects is .*: give \{name: class\} of the layers, such as \{'Mine': Mine\}",
        lambda f, m: same(xh.load_classifier(of_mine(f), custom_objects={"Mine": Mine}), xh.Classifier(MODEL)),
    ),
    "a picture among maps": (
        lambda f: compared(methods=["saliency", "deep_dream"]),
        "deep_dream draws a picture and gives no map: leave it out of a comparison",
        lambda f, m: compared(methods=["saliency"]).note.eq("").all(),
    ),
    "masks of other images": (
        lambda f: compared(masks={"one": INSIDE, "three": ~INSIDE}),
        r"masks has \['one', 'three'\] and the images are \['one', 'two'\]: give it the same names",
        lambda f, m: compared(masks={"two": ~INSIDE, "one": INSIDE}).value.tolist() == [1.0, 0.0],
    ),
    "classes of other images": (
        lambda f: compared(targets={"one": 0}),
        r"targets has \['one'\] and the images are \['one', 'two'\]: give it the same names",
        lambda f, m: set(compared(targets={"two": 1, "one": 0}).image) == {"one", "two"},
    ),
    "a set of classes": (
        lambda f: compared(targets={0, 1}),
        r"targets is \{0, 1\}, a set, which has no order: give a list",
        lambda f, m: compared(targets=[0, 1]).note.eq("").all(),
    ),
    "work among the images": (
        lambda f: place_of(f / "photos" / "work", f / "photos"),
        "work is .*, where the images are, and would be a class: give another folder, or None",
        lambda f, m: place_of(f / "work", f / "photos") == f / "work" and place_of(None, f) is None,
    ),
    "a classifier of small images": (
        lambda f: xh.composites(n=1, classifier=xh.Classifier(MODEL)),
        r"Composites are 224 x 224 pixels, and the classifier takes \(8, 8, 3\): give one for images of that size, or leave",
        lambda f, m: len(xh.composites(n=1)) == 1 and len(xh.composites(n=1, classifier=cat())) == 1,
    ),
    "every input held": (
        lambda f: xh.Classifier(MODEL, inputs={0: 1}),
        "inputs holds every input, .*: leave the one that takes the image out",
        lambda f, m: same(xh.Classifier(MODEL, inputs={}), xh.Classifier(MODEL)),
    ),
    "an output that there is not": (
        lambda f: xh.Classifier(MODEL, output="logits"),
        "The model has 1 output, 0, and no 'logits': say which one is explained, output=0",
        lambda f, m: same(xh.Classifier(MODEL, output=0), xh.Classifier(MODEL)),
    ),
}  # fmt: skip


def test_a_function_that_returns_no_map_is_said_in_its_row():
    def bare(classifier, image, target, **_):
        return image[..., 0]

    failed = compared(methods={"bare": (bare, {})})
    assert failed.note.eq("failed: TypeError: it returned ndarray: give a function that returns an Attribution.").all()
    assert compared(methods={"bare": (inside, {})}).note.eq("").all()


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name, tmp_path):
    refused, words, follow = CASES[name]
    is_right(lambda: refused(tmp_path), words, lambda message: follow(tmp_path, message))
