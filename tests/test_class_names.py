"""The right name for every output, or a refusal: names come as lists and as dicts, either way round."""

import re
from collections import OrderedDict, UserDict
from itertools import permutations

import numpy as np
import pytest
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers.classifier.names import checked_names

NAMES = ["cat", "dog", "eel"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("kind", [dict, OrderedDict, UserDict])
@pytest.mark.parametrize("number", [int, np.int64, str])
def test_a_dict_is_read_by_its_indices_whatever_the_order_it_was_written_in(order, kind, number):
    assert checked_names(kind({number(i): NAMES[i] for i in order})) == NAMES
    assert checked_names(kind({NAMES[i]: number(i) for i in order})) == NAMES


@pytest.mark.parametrize(
    "given",
    [
        NAMES, tuple(NAMES), np.array(NAMES), np.array(NAMES, object), np.array(NAMES, "S"), [b"cat", b"dog", b"eel"],
        dict.fromkeys(NAMES).keys(), iter(NAMES), {"0": ["n01", "cat"], "1": ["n02", "dog"], "2": ["n03", "eel"]},
    ],
)  # fmt: skip
def test_everything_that_has_an_order(given):
    assert checked_names(given) == NAMES


def test_numbers_are_names_of_digits():
    assert checked_names(range(10)) == [str(i) for i in range(10)]
    assert checked_names({i: i for i in range(10)}) == [str(i) for i in range(10)]


BAD = [
    ({"cat", "dog"}, "a set, which has no order"),
    ({0: "cat", 2: "dog"}, "must be 0 to 1"),
    ({1: "cat", 2: "dog"}, "must be 0 to 1"),
    ({"cat": 1, "dog": 2}, "must be 0 to 1"),
    ({"cat": 0, "dog": 0}, "must be 0 to 1"),
    ({"cat": True, "dog": False}, "must be 0 to 1"),
    ({"cat": "a", "dog": "b"}, "must be 0 to 1"),
    ({0: 1, 1: 0}, "both ways round"),
    (["cat", "cat", "dog"], "'cat' more than once (0 and 1)"),
    ({0: "cat", 1: "cat"}, "'cat' more than once"),
    (["cat", None], "The name of class 1 is None"),
    (["cat", ""], "The name of class 1 is ''"),
    (["cat", float("nan")], "The name of class 1 is nan"),
    (["cat", ["dog", "eel", "fly"]], "The name of class 1 is ["),
    ([], "is empty"),
    ({}, "is empty"),
    ("cat", "give a list"),
    (3, "give a list"),
]


@pytest.mark.parametrize(("given", "words"), BAD)
def test_what_can_not_be_known_is_refused_in_one_sentence(given, words):
    with pytest.raises((ValueError, TypeError), match=re.escape(words)) as refused:
        checked_names(given)
    assert "\n" not in str(refused.value) and str(refused.value).endswith(".")


def test_the_classifier_gives_each_output_its_name():
    """The output that the model itself rates highest gets the name with its index, from a shuffled dict."""
    model = gap_network()
    p = model.predict(image()[None], verbose=0)[0]
    names = {f"number {i}": i for i in np.argsort(p)}
    classifier = xh.Classifier(model, class_names=names)
    assert classifier.predict(image())[0][0] == f"number {p.argmax()}"
    assert [classifier.class_index(name) for name in names] == list(names.values())
    with pytest.raises(ValueError, match=f"has {len(p)} classes and 2 class names"):
        xh.Classifier(model, class_names={0: "a", 1: "b"})
    with pytest.raises(ValueError, match="2 classes and has 3 class names"):
        xh.Classifier(lambda images: np.full((len(images), 2), 0.5), class_names=NAMES).probabilities(image())


def test_training_takes_a_dict_of_names():
    from xaihelpers.training.data import images_and_labels

    images, labels = np.full((4, 16, 16, 3), 200, np.uint8), [0, 1, 1, 0]
    assert images_and_labels((images, labels), {"dog": 1, "cat": 0}, 16, False)[2] == ["cat", "dog"]
    assert images_and_labels((images, ["dog", "cat", "cat", "dog"]), {1: "cat", 0: "dog"}, 16, False)[1].tolist() == labels
