"""A network that was trained on other values than it is given says so, and the advice that it gives helps."""

import warnings

import keras
import networks
import numpy as np
import pytest
from keras import layers as L

import xaihelpers as xh


@pytest.fixture(scope="module")
def rashes():
    return xh.rashes.load_test_split()


def without_scaling(first=None):
    """Return RashNet without its first layer, x / 127.5 - 1; or with another one in its place."""
    whole = xh.load_classifier("rashnet").model
    i = keras.Input(whole.input_shape[1:])
    x = i if first is None else first(i)
    for layer in whole.layers[2:]:
        x = layer(x)
    return keras.Model(i, x)


def said(*args, **options):
    """Return (classifier, what it said when it was made)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier = xh.Classifier(*args, **options)
    return classifier, [str(each.message) for each in caught if issubclass(each.category, xh.DiagnosticWarning)]


def accuracy(classifier, rashes):
    return (classifier.probabilities(rashes.images[::6]).argmax(axis=1) == rashes.labels[::6]).mean()


def test_a_network_trained_on_0_to_1_says_so_and_the_advice_helps(rashes):
    model = without_scaling(L.Rescaling(2.0, offset=-1.0))  # so that it wants x / 255
    wrong, sentences = said(model)
    assert len(sentences) == 1 and "preprocess=lambda x: x / 255" in sentences[0]
    right, nothing = said(model, preprocess=lambda x: x / 255)
    assert not nothing
    assert accuracy(right, rashes) > accuracy(wrong, rashes) + 0.2
    assert accuracy(right, rashes) == accuracy(xh.load_classifier("rashnet"), rashes)
    # Its own values are right for it, and nothing says otherwise.
    small = rashes.images[3] / 255.0
    assert not [each for each in xh.saliency(wrong, small, 1).diagnostics if "preprocessed" in each]
    np.testing.assert_allclose(wrong.logits(small), right.logits(rashes.images[3]), atol=1e-4)


def test_a_network_trained_on_minus_1_to_1_says_so():
    assert said(without_scaling())[1]
    assert not said(without_scaling(), preprocess=lambda x: x / 127.5 - 1)[1]


def test_a_batch_normalisation_remembers_what_it_saw():
    right = xh.load_classifier("efficientnet-lite0")
    assert not right.describe().diagnostics
    wrong, sentences = said(right.model)
    assert len(sentences) == 1 and "first batch normalisation" in sentences[0]
    assert wrong._proof.range.spread > 20 * right._proof.range.spread


def test_scaling_twice_is_seen(rashes):
    model = xh.load_classifier("rashnet").model
    _, sentences = said(model, preprocess=lambda x: x / 255)
    assert len(sentences) == 1 and "scaled twice" in sentences[0] and "leave preprocess out" in sentences[0]
    assert not said(model)[1]


@pytest.mark.parametrize("name", [name for name in xh.classifier_names() if name != "xception"])
def test_the_classifiers_of_the_course_are_right(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error", xh.DiagnosticWarning)
        try:
            xh.load_classifier(name)
        except ConnectionError as error:
            pytest.skip(str(error))


@pytest.mark.parametrize("norm", [None, "batch"])
def test_a_fresh_network_has_nothing_to_say(norm):
    i = keras.Input((32, 32, 3))
    x = L.Conv2D(8, 3, activation="relu")(i)
    x = L.BatchNormalization()(x) if norm else x
    model = keras.Model(i, L.Dense(4)(L.Flatten()(L.Conv2D(16, 3, activation="relu")(x))))
    assert not said(model)[1]


def test_images_that_were_preprocessed_are_still_said_where_the_network_takes_0_to_255():
    with pytest.warns(xh.DiagnosticWarning, match="preprocessed already"):
        xh.saliency(xh.Classifier(networks.gap_network()), networks.image() / 255.0, 1)


def test_the_range_in_words():
    i = keras.Input((8, 8, 3))
    bare = keras.Model(
        i, L.Softmax()(L.GlobalAveragePooling2D()(i))
    )  # nothing to learn, so nothing that says where values arrive
    assert str(xh.Classifier(bare).describe().facts["range"]) == "not known: no layer with weights was seen"
    scaled = str(xh.Classifier(networks.gap_network()).describe().facts["range"])
    assert scaled.endswith("from their median") and " to 1 at the first weights ('maps'); logits up to " in scaled
