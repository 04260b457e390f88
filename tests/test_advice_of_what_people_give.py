"""What the package says of values that people give by mistake is followed: it works, and the result is the right one."""

import re

import networks
import numpy as np
import pytest
from test_advice import is_right
from test_what_people_give import IMAGE, LABELS, LARGE, plain

import xaihelpers as xh
from xaihelpers.auditing import probes
from xaihelpers.training.data import images_and_labels

MODEL = networks.gap_network()
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


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name, tmp_path):
    refused, words, follow = CASES[name]
    is_right(lambda: refused(tmp_path), words, lambda message: follow(tmp_path, message))
