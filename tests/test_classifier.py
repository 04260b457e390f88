"""The classifier gives what the model gives, for every way of writing the model, and never changes it."""

import contextlib
import gc

import keras
import networks
import numpy as np
import psutil
import pytest

import xaihelpers as xh

IMAGE = networks.image()
BATCH = np.stack([networks.image(seed=i) for i in range(5)])


def models():
    """The same kind of network, written in every way that Keras has."""
    sigmoid = networks.gap_network(activation="sigmoid")
    binary = networks.gap_network(classes=1, activation="sigmoid")
    return {
        "functional": networks.gap_network(),
        "nested two deep": networks.nested_network(),
        "sequential": networks.sequential_network(),
        "sequential around functional": keras.Sequential([networks.gap_network()]),
        "softmax layer": keras.Sequential([networks.gap_network(activation=None), keras.layers.Softmax()]),
        "softmax operation": _with_operation(),
        "multi-label": sigmoid,
        "binary": binary,
    }


def _with_operation():
    inner = networks.gap_network(activation=None)
    return keras.Model(inner.inputs, keras.ops.softmax(inner.outputs[0]))


@pytest.mark.parametrize("name", models())
def test_probabilities_are_the_models_own(name):
    model = models()[name]
    expected = model.predict(BATCH.astype(np.float32), verbose=0)
    if name == "binary":
        expected = np.concatenate([1 - expected, expected], axis=1)
    classifier = xh.Classifier(model)
    np.testing.assert_allclose(classifier.probabilities(BATCH, batch_size=2), expected, atol=1e-6)
    logits = classifier.logits(BATCH)
    if name in ("multi-label", "binary"):
        again = 1 / (1 + np.exp(-logits))
    else:
        again = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(again, expected, atol=1e-6)
    # Logits, not probabilities by another name.
    assert np.abs(logits - expected).max() > 0.05


def test_a_model_that_ends_in_logits_is_taken_as_it_is():
    twin, model = networks.gap_network(activation=None), networks.gap_network()
    np.testing.assert_allclose(xh.Classifier(twin).logits(BATCH), twin.predict(BATCH.astype(np.float32), verbose=0), atol=1e-6)
    np.testing.assert_allclose(xh.Classifier(twin).probabilities(BATCH), xh.Classifier(model).probabilities(BATCH), atol=1e-6)


def test_preprocessing_happens_inside():
    model = networks.gap_network()
    halved = xh.Classifier(model, preprocess=lambda x: x / 2)
    dark = (BATCH // 2 * 2).astype(np.uint8)
    np.testing.assert_allclose(halved.probabilities(dark), xh.Classifier(model).probabilities(dark // 2), atol=1e-6)


def test_the_callers_model_is_not_changed():
    model = networks.nested_network()
    weights, config = [w.copy() for w in model.get_weights()], model.to_json()
    nodes = {path: len(layer._inbound_nodes) for path, layer in xh.Classifier(model).layers.items()}
    before = model.predict(BATCH.astype(np.float32), verbose=0)
    classifier = xh.Classifier(model)
    xh.grad_cam(classifier, IMAGE, 1, layer="deep")
    classifier.logits(BATCH)
    assert model.layers[-1].activation is keras.activations.softmax
    assert model.to_json() == config
    assert {path: len(layer._inbound_nodes) for path, layer in classifier.layers.items()} == nodes
    for a, b in zip(weights, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(model.predict(BATCH.astype(np.float32), verbose=0), before)


def test_weights_are_shared_not_copied():
    model = networks.gap_network()
    classifier = xh.Classifier(model)
    before = classifier.logits(IMAGE)
    model.layers[-1].bias.assign([10.0, 0.0, 0.0])
    np.testing.assert_allclose((classifier.logits(IMAGE) - before)[0] + _bias(networks.gap_network()), [10, 0, 0], atol=1e-5)


def _bias(model):
    return model.layers[-1].bias.numpy()


def test_layers_are_found_from_the_outside_in():
    classifier = xh.Classifier(networks.nested_network())
    assert classifier.layer_path("deep") == "middle/deepest/deep"
    assert classifier.layer_path("deepest/deep") == "middle/deepest/deep"
    assert classifier.layer_path(classifier.layers["middle/middle_relu"]) == "middle/middle_relu"
    with pytest.raises(ValueError, match="did you mean deep"):
        classifier.layer_path("deeep")


def test_passes_are_counted_by_image():
    classifier = xh.Classifier(networks.gap_network())
    with classifier.measure() as cost:
        classifier.probabilities(BATCH, batch_size=2)
        classifier.gradients(BATCH, 0)
    assert (cost().forward_passes, cost().backward_passes) == (10, 5)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "2", None])
def test_a_batch_size_is_a_whole_number(batch_size):
    classifier = xh.Classifier(lambda x: np.tile([0.25, 0.75], (len(x), 1)))
    with pytest.raises(ValueError, match=f"batch_size is {batch_size!r}: expected a whole number, 1 or more"):
        classifier.probabilities(BATCH, batch_size=batch_size)


def test_a_shorter_last_batch_traces_nothing_anew():
    traces = []
    classifier = xh.Classifier(networks.gap_network(), preprocess=lambda x: traces.append(1) or x)
    traces.clear()  # it was proven and compiled when the classifier was made
    for n in (5, 3, 1, 4):
        classifier.probabilities(BATCH[:n], batch_size=2)
    assert not traces
    for target in (0, 1, None):
        classifier.gradients(BATCH[:3], target, batch_size=2)
    assert len(traces) == 1


def test_memory_does_not_grow_over_a_thousand_calls():
    classifier = xh.Classifier(networks.gap_network())

    def calls(n):
        for _ in range(n):
            xh.grad_cam(classifier, IMAGE)
            classifier.probabilities(BATCH)
        gc.collect()
        return psutil.Process().memory_info().rss

    before = calls(100)
    assert calls(1000) - before < 20e6


def test_classes_by_index_by_name_and_predicted():
    classifier = xh.Classifier(networks.gap_network(), class_names=["tiger_cat", "tabby", "lynx, catamount"])
    assert classifier.class_index("Tiger cat") == 0
    assert classifier.class_index("catamount") == 2
    assert classifier.class_index(np.int64(1)) == 1
    assert classifier.class_index(None, IMAGE) == classifier.probabilities(IMAGE)[0].argmax()
    names = [name for name, _ in classifier.predict(IMAGE, top=2)]
    assert names[0] == classifier.class_names[classifier.class_index(None, IMAGE)] and len(names) == 2


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        (3, ValueError, "0 to 2"),
        (-1, ValueError, "0 to 2"),
        ("dog", ValueError, "'tabby'"),
        (1.5, TypeError, "index"),
        (True, TypeError, "index"),
    ],
)
def test_unknown_classes_list_what_there_is(target, error, words):
    classifier = xh.Classifier(networks.gap_network(), class_names=["cat", "tabby", "lynx"])
    with pytest.raises(error, match=words):
        classifier.class_index(target)


def test_a_callable_is_asked_for_probabilities_only():
    classifier = xh.Classifier(lambda images: np.tile([0.25, 0.75], (len(images), 1)), class_names=["a", "b"])
    np.testing.assert_allclose(classifier.probabilities(BATCH), np.tile([0.25, 0.75], (5, 1)))
    with pytest.raises(TypeError, match="no logits"):
        classifier.logits(BATCH)
    with pytest.raises(TypeError, match="needs gradients"):
        xh.grad_cam(classifier, IMAGE)


RUBBISH = {
    "wrong shape": (lambda x: np.zeros(len(x)), r"shape \(5,\)"),
    "wrong length": (lambda x: np.full((2, 2), 0.5), r"shape \(2, 2\) for 5"),
    "wrong classes": (lambda x: np.full((len(x), 3), 1 / 3), "3 classes and has 2"),
    "NaN": (lambda x: np.full((len(x), 2), np.nan), "NaN"),
    "logits": (lambda x: np.tile([3.0, -2.0], (len(x), 1)), "apply softmax"),
    "negative numbers": (lambda x: np.tile([1.2, -0.2], (len(x), 1)), "values from -0.2 to 1.2"),
    "a negative number": (lambda x: np.tile([0.95, -0.05], (len(x), 1)), "values from -0.05 to 0.95"),
    "a number over one": (lambda x: np.tile([1.008, 0.0], (len(x), 1)), "values from 0 to 1.01"),
    "no sum of one": (lambda x: np.full((len(x), 2), 0.2), "add up to"),
    "words": (lambda x: "cat", "str"),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_from_a_callable_is_named(name):
    function, words = RUBBISH[name]
    with pytest.raises(ValueError, match=words):
        xh.Classifier(function, class_names=["a", "b"]).probabilities(BATCH)


def test_what_can_not_be_a_classifier_is_refused():
    with pytest.raises(TypeError, match="give a Keras model"):
        xh.Classifier(3)
    with pytest.raises(ValueError, match="3 classes and 2 class names"):
        xh.Classifier(networks.gap_network(), class_names=["a", "b"])
    with pytest.raises(ValueError, match="without a head"):
        xh.Classifier(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)]))
    with pytest.raises(TypeError, match="preprocess"):
        xh.Classifier(networks.gap_network(), preprocess="scale")


def test_a_subclassed_model_is_explained_like_any_other():
    class Opaque(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = networks.gap_network()

        def call(self, x):
            return self.inner(x)

    classifier = xh.Classifier(Opaque(), class_names=["a", "b", "c"], input_shape=(8, 8, 3))
    twin = xh.Classifier(classifier.model.inner)
    np.testing.assert_allclose(classifier.logits(BATCH), twin.logits(BATCH), atol=1e-6)
    for method in (xh.grad_cam, xh.saliency, xh.guided_backprop, xh.deep_shap):
        np.testing.assert_allclose(method(classifier, IMAGE).heatmap, method(twin, IMAGE).heatmap, atol=1e-6)


def test_whoever_watches_hears_every_batch_and_inner_blocks_give_the_outer_one_back():
    classifier, outer, inner = xh.Classifier(networks.gap_network()), [], []
    with classifier.watch(lambda *heard: outer.append(heard)):
        classifier.probabilities(BATCH, batch_size=2)
        with contextlib.suppress(KeyError), classifier.watch(lambda *heard: inner.append(heard)):
            classifier.expect(7)
            classifier.probabilities(BATCH[:3])
            raise KeyError
        classifier.probabilities(BATCH[:1])
    classifier.probabilities(BATCH)
    assert outer == [(2, None), (4, None), (5, None), (6, None)]
    assert inner == [(0, 7), (3, 7)]


class Scaled(keras.layers.Layer):
    """Takes two inputs and a keyword: the first, less the second times `by`."""

    def call(self, x, y, by=1.0):
        return x - by * y


def test_a_layers_further_inputs_and_keywords_arrive():
    i = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255)(i)
    y = keras.layers.Conv2D(3, 1, name="maps", kernel_initializer=keras.initializers.Constant(0.5))(x)
    pooled = keras.layers.GlobalAveragePooling2D()(Scaled()(x, y, by=3.0))
    classifier = xh.Classifier(keras.Model(i, keras.layers.Softmax()(pooled)))
    images = BATCH.astype(np.float64) / 255
    expected = (images - 3 * 0.5 * images.sum(axis=-1, keepdims=True)).mean(axis=(1, 2))
    np.testing.assert_allclose(classifier.logits(BATCH), expected, atol=1e-5)
    gradient = classifier.gradients(BATCH[0], 1).gradients[0]
    np.testing.assert_allclose(gradient, np.tile(np.array([-1.5, -0.5, -1.5]) / 255 / 64, (8, 8, 1)), atol=1e-8)
