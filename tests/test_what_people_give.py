"""Values that a person gives by mistake: each draws one clear sentence, or a doubt; none goes on to a map that is wrong.

What is given at random is in test_bad_input.py.
"""

import keras
import networks
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_bad_input import is_ours, same_every_time, try_it

import xaihelpers as xh
from xaihelpers._quiet import without_warnings
from xaihelpers.auditing import probes
from xaihelpers.training.data import images_and_labels
from xaihelpers.zoo import backbones

IMAGES = np.stack([networks.image(seed=i) for i in range(8)])
IMAGE = IMAGES[0]
LARGE = np.stack([networks.image(size=32, seed=i) for i in range(8)])
LABELS = list("aabbaabb")


@pytest.fixture(scope="module")
def classifier():
    return xh.Classifier(networks.gap_network(), class_names=["one", "two", "three"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of four images: those of "a" are black, those of "b" white."""
    folder = tmp_path_factory.mktemp("photos")
    for n, label in enumerate(LABELS):
        (folder / label).mkdir(exist_ok=True)
        Image.new("RGB", (32, 32), "black" if label == "a" else "white").save(folder / label / f"{n}.png")
    return folder


@pytest.fixture(autouse=True)
def no_forests(monkeypatch):
    """An audit here grows none: it takes seconds."""
    monkeypatch.setattr(probes, "WORDS", {})


def objects(*values):
    return np.array(values * 4, dtype=object)


def explained(classifier, name, **options):
    return getattr(xh, name)(classifier, IMAGE, **options)


# what is given -> the sentence
REFUSED = {
    "images of two sizes": (lambda c, f: xh.concepts(c, [IMAGE, IMAGE[:4]], 2), "images have several shapes: give one size"),
    "a probability of two sizes": (lambda c, f: c.probabilities([IMAGE, IMAGE[:4]]), "images have several shapes: give one size"),
    "maps of nothing": (
        lambda c, f: xh.concepts(dead(), IMAGES, 2),
        "The maps of layer 'maps' are zero everywhere: take another layer, or other images",
    ),
    "a label that is missing": (
        lambda c, f: xh.audit(LARGE, objects("a", None)),
        "The label of an image is None: expected class names, or whole numbers from 0",
    ),
    "a label that is NaN": (lambda c, f: xh.audit(LARGE, objects("a", np.nan)), "The label of an image is nan: expected class"),
    "names and numbers": (lambda c, f: xh.audit(LARGE, objects("a", 1)), "The label of an image is 1: expected class names"),
    "a patient that is missing": (
        lambda c, f: xh.audit(LARGE, LABELS, groups=objects("anna", None)),
        "groups has values that are NaN or None: give every image a group",
    ),
    "one patient": (lambda c, f: xh.audit(LARGE, LABELS, groups=[7] * 8), "groups is the same for all images: give one for each"),
    "no cost of no technique": (lambda c, f: xh.cost_of("rize", c, IMAGE), "method is 'rize': choose from 'saliency'"),
    "a cost of a function": (lambda c, f: xh.cost_of(xh.rise, c, IMAGE), "method is <function rise .*: choose from 'saliency'"),
    "a cost of no masks": (lambda c, f: xh.cost_of("rise", c, IMAGE, n_masks=0), "n_masks is 0: expected a whole number, 2 or"),
    "seconds for no masks": (lambda c, f: explained(c, "rise", n_masks=0, seconds=1), "n_masks is 0: expected a whole number, 2"),
    "questions for no masks": (lambda c, f: explained(c, "rise", n_masks=-1, questions=9), "n_masks is -1: expected a whole"),
    "a function of nothing": (
        lambda c, f: explained(c, "shapley", segments=lambda: IMAGE, n_samples=8),
        r"segments takes \(\): expected a function of one image",
    ),
    "a background of 16 bits": (
        lambda c, f: explained(c, "expected_gradients", background=257.0 * IMAGES),
        "An image of background has values up to 63993: expected 0 to 255",
    ),
    "a fill of NaN": (
        lambda c, f: explained(c, "extremal_perturbation", fill=np.full_like(IMAGE, np.nan, float)),
        "An image of fill has values that are NaN or infinite: expected 0 to 255",
    ),
    "composites for a model": (lambda c, f: xh.composites(n=1, classifier=c.model), "composites got Functional: wrap the model"),
    "weights that are a number": (
        lambda c, f: backbones.build_backbone("efficientnet-lite0", 3),
        "weights is 3, which is neither a file nor one of those of efficientnet-lite0",
    ),
    "no backbone": (lambda c, f: xh.explain_folder(f, backbone=None), "backbone is NoneType: give a name"),
    "backbones": (lambda c, f: xh.train_classifier(f, backbone=["xception"]), "backbone is list: give a name"),
    "a range in a list": (lambda c, f: load(f, values=["0 to 1"]), r"values is \['0 to 1'\]: choose from"),
    "a layer that is a number": (lambda c, f: load(f, custom_objects={"a": 3}), "custom_objects is {'a': 3}: give"),
    "no techniques": (lambda c, f: compared(c, methods=[]), r"methods is \[\]: give a list of names, 1 or more"),
    "no techniques in a dict": (lambda c, f: compared(c, methods={}), "methods is {}: give a list of names, 1 or more"),
    "a technique without a name": (lambda c, f: compared(c, methods={1: ("rise", {})}), "The label of a technique is 1: give"),
    "no metrics": (lambda c, f: compared(c, metrics={}), "metrics is {}: give a list of names, 1 or more"),
    "a metric that is a number": (lambda c, f: compared(c, metrics={"m": 3}), "There is no metric 3: choose from"),
    "a metric of one map": (
        lambda c, f: compared(c, metrics={"m": lambda one: 1.0}),
        r"The metric 'm' takes \(one\): expected \(classifier, attribution, mask\)",
    ),
    "a mask of another size": (lambda c, f: compared(c, masks=[np.eye(4)]), r"The map is \(8, 8\) and the mask \(4, 4\): both"),
    "a mask in words": (lambda c, f: compared(c, masks=["left"]), "The mask is .*left.*: expected true and false"),
    "a mask of NaN": (lambda c, f: compared(c, masks=[np.eye(8) * np.nan]), "The mask has values that are NaN: expected"),
    "a table in an empty text": (lambda c, f: compared(c, file=" "), "file is ' ': give the path of a CSV file, or None"),
    "a table in a photo": (lambda c, f: compared(c, file=f / "a" / "0.png"), "0.png was written for other images, networks"),
    "a backbone in many words": (
        lambda c, f: xh.train_classifier(f, backbone="x" * 5000), "There is no backbone 'xxx.*: choose from xception",
    ),
    "no data to judge by": (
        lambda c, f: xh.train_classifier((LARGE, LABELS), backbone=maps(), groups="images", validation_data=3),
        "validation_data is int: give a folder, or a pair",
    ),
    "groups that are a number": (lambda c, f: xh.explain_folder(f, groups=3), "groups is 3: give a list of values, one an image"),
    "work that is a number": (
        lambda c, f: xh.explain_folder(f, work=3, progress=False),
        "work is 3: give the path of a folder, or None",
    ),
    "a label among names that is missing": (
        lambda c, f: xh.audit(LARGE, ["a", float("nan")] * 4),
        "The label of an image is nan: expected class names, or whole numbers",
    ),
    "a group among names that is missing": (
        lambda c, f: xh.audit(LARGE, LABELS, groups=["anna", float("nan")] * 4),
        "groups has values that are NaN or None: give every image a group",
    ),
    "labels that are masked": (lambda c, f: xh.audit(LARGE, [pd.NA] * 8), "The label of an image is <NA>: expected class names"),
    "what can't be shown": (lambda c, f: xh.audit(LARGE, LABELS, seed=Secret()), "seed is an object of the class Secret"),
    "a model that is a class": (lambda c, f: xh.Classifier(type), "Classifier got <class 'type'>: give a Keras model"),
    "a model that is none": (lambda c, f: xh.Classifier(None, outputs="logits"), "Classifier got NoneType: give a Keras model"),
    "a preprocessing of nothing": (
        lambda c, f: plain(preprocess=lambda: 1).predict(IMAGE), r"preprocess can't take images \(1, 8, 8, 3\) float32: Type",
    ),
    "work among the images": (lambda c, f: xh.explain_folder(f, work=f, progress=False), "where the images are, and would be"),
    "work in an empty text": (
        lambda c, f: xh.explain_folder(f, work=" ", progress=False),
        "work is ' ': give the path of a folder, or None",
    ),
    "images in an empty text": (lambda c, f: xh.audit(""), "'' can't be a folder: give the path of one"),
    "work in a file": (
        lambda c, f: xh.explain_folder(f, work=__file__, progress=False),
        "There can be no folder .*: give the path of another one as work, or None",
    ),
    "a size in words": (lambda c, f: xh.explain_folder(f, size="large"), "size is 'large': expected a whole number, 16 or more"),
    "one name for two": (
        lambda c, f: xh.audit(f, class_names=["a"]), "labels go from 0 to 1 and there are 1 class names: expected indices",
    ),
}  # fmt: skip


class Secret:
    """Something that can't even be shown."""

    def __repr__(self):
        raise RuntimeError("no")


def compared(classifier, **options):
    """A comparison of one technique on one image."""
    given = {"methods": ["saliency"], "metrics": ["pointing_game"], "masks": [np.eye(8)], "targets": 0, **options}
    return xh.compare(classifier, [IMAGE], progress=False, **given)


def load(folder, **options):
    """The classifier of a file."""
    networks.gap_network().save(folder / "mine.keras")
    return xh.load_classifier(folder / "mine.keras", **options)


def maps():
    """A backbone: one convolution."""
    return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(2, 3)])


def plain(**options):
    """A classifier around a plain function."""
    return xh.Classifier(lambda images: np.tile([0.25, 0.75], (len(images), 1)), **options)


def dead():
    """A network whose ReLU is off for every image."""
    model = networks.gap_network()
    kernel, _ = model.get_layer("maps").get_weights()
    model.get_layer("maps").set_weights([0 * kernel, np.full(4, -1.0)])
    return xh.Classifier(model)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_good_is_one_sentence(name, classifier, folder):
    refused, words = REFUSED[name]
    with without_warnings(), pytest.raises((TypeError, ValueError, OSError), match=words) as told:
        refused(classifier, folder)
    assert is_ours(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("expected_gradients", {"background": IMAGES / 255}, "background has values from 0 to 1: it looks preprocessed already"),
        ("deep_shap", {"background": IMAGES / 255}, "background has values from 0 to 1: it looks preprocessed already"),
        ("integrated_gradients", {"baseline": IMAGE / 127.5 - 1}, "baseline has values from -1 to "),
        ("extremal_perturbation", {"fill": IMAGE / 255, "steps": 2}, "fill has values from 0 to "),
    ],
)
def test_a_background_that_was_preprocessed_is_a_doubt(name, options, words, classifier):
    with without_warnings():
        assert any(words in each for each in explained(classifier, name, **options).diagnostics)
        as_it_was = {key: np.rint(127.5 * (value + 1) if np.min(value) < 0 else 255 * value) if np.ndim(value) else value
                     for key, value in options.items()}  # fmt: skip
        assert not any("preprocessed" in each for each in explained(classifier, name, **as_it_was).diagnostics)


def test_concepts_of_images_that_were_preprocessed_are_a_doubt(classifier):
    with pytest.warns(xh.DiagnosticWarning, match="looks preprocessed already"):
        found = xh.concepts(classifier, IMAGES / 255, 2)
    with pytest.warns(xh.DiagnosticWarning, match="looks preprocessed already"):
        found.in_images(IMAGES / 255)


def test_names_of_a_folder_in_another_order_stay_with_their_images(folder):
    images, labels, names = images_and_labels(folder, ["b", "a"], 32, False)
    assert names == ["b", "a"] and [names[label] for label in labels] == ["a" if image.max() == 0 else "b" for image in images]
    others = images_and_labels(folder, ["black", "white"], 32, False)  # other names, in the order of the folders
    assert [others[2][label] for label in others[1]] == ["black" if image.max() == 0 else "white" for image in images]


CALLS = {
    "concepts": (xh.concepts, {"images": IMAGES, "n_concepts": 2, "layer": None, "seed": 0, "batch_size": 4}),
    "audit": (xh.audit, {"data": LARGE, "labels": LABELS, "class_names": None, "size": 32, "groups": "images", "seed": 0}),
    "cost_of": (xh.cost_of, {"method": "rise", "image": IMAGE, "target": None, "n_masks": 20, "seed": 0}),
    "images_and_labels": (images_and_labels, {"data": (LARGE, LABELS), "class_names": None, "size": 32, "progress": False}),
}


@pytest.mark.parametrize("name", CALLS)
def test_anything_else(name, classifier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, arguments = CALLS[name]
    arguments = arguments | ({"classifier": classifier} if name in ("concepts", "cost_of") else {})

    @settings(same_every_time, max_examples=60)
    @given(data=st.data())
    def any_arguments(data):
        try_it(data, function, arguments, classifier)

    any_arguments()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cross_validate": 1}, "cross_validate is 1: expected True or False"),
        ({"validation_split": 1}, "validation_split is 1: expected a share"),
        ({"class_names": []}, "class_names is empty: give C different names"),
        ({"groups": "familes"}, "groups is 'familes': choose 'families'"),
        ({"weights": "imagnet"}, "weights is 'imagnet', which is neither"),
        ({"weights": np.zeros(3)}, r"weights is an array of shape \(3,\), float64, which is neither"),
        ({"backbone": networks.gap_network(), "weights": None}, "weights is None for a model of your own"),
        ({"progress": 1}, "progress is 1: expected True or False"),
    ],
)
def test_what_no_training_can_use_is_said_before_an_image_is_read(given, words, tmp_path):
    with pytest.raises((TypeError, ValueError), match=words):
        xh.train_classifier(tmp_path / "nowhere", **given)
