"""A classifier can be copied and sent to another process: the same answers, weights of its own."""

import copy
import pickle

import cloudpickle
import keras
import numpy as np
import pytest
from networks import gap_network, image

import xaihelpers as xh


class Scaled(keras.layers.Layer):
    """A layer of one's own, without configuration."""

    def call(self, inputs):
        return inputs * 2


class Whole(keras.Model):
    """A subclassed model."""

    def __init__(self, **options):
        super().__init__(**options)
        self.conv, self.pool = keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()
        self.head = keras.layers.Dense(3, activation="softmax")

    def call(self, inputs):
        return self.head(self.pool(self.conv(inputs)))


def own_layer():
    layers = [keras.Input((8, 8, 3)), Scaled(), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential(layers)


def lambda_layer():
    layers = [keras.Input((8, 8, 3)), keras.layers.Lambda(lambda x: x * 3), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(3, activation="softmax")])


def subclassed():
    model = Whole()
    model(np.zeros((1, 8, 8, 3), np.float32))
    return model


def nested():
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
    return keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.Dense(3, activation="softmax")])


MODELS = {"functional": gap_network, "own layer": own_layer, "lambda": lambda_layer, "subclassed": subclassed, "nested": nested}
WAYS = {
    "cloudpickle": lambda each: cloudpickle.loads(cloudpickle.dumps(each)),
    "deepcopy": copy.deepcopy,
    "twice": lambda each: copy.deepcopy(cloudpickle.loads(cloudpickle.dumps(each))),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", MODELS)
def test_the_copy_answers_the_same_and_shares_no_weight(kind, way):
    model = MODELS[kind]()
    scale = 255.0
    options = dict(preprocess=lambda x: x / scale, input_shape=(8, 8, 3))
    classifier = xh.Classifier(
        model, class_names=[f"name {i}" for i in range(model.output_shape[-1] if kind != "subclassed" else 3)], **options
    )
    before = classifier.probabilities(image())
    other = WAYS[way](classifier)
    np.testing.assert_allclose(other.probabilities(image()), before, atol=1e-6)
    assert (type(other), other.class_names, other.input_shape) == (type(classifier), classifier.class_names, (8, 8, 3))
    assert other.model is not model
    for weight in other.model.weights:
        weight.assign(np.zeros(weight.shape))
    np.testing.assert_array_equal(classifier.probabilities(image()), before)


def test_a_plain_function_travels_too():
    classifier = xh.Classifier(lambda images: np.full((len(images), 2), 0.5))
    classifier.probabilities(image())
    for way in WAYS.values():
        assert way(classifier).class_names == ["class 0", "class 1"]
    assert isinstance(pickle.loads(pickle.dumps(xh.Classifier(gap_network()))), xh.Classifier)


def test_a_trained_classifier_keeps_what_its_training_said():
    random = np.random.default_rng(0)
    backbone = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3)])
    data = random.integers(0, 256, (12, 16, 16, 3)).astype(np.uint8), ["a", "b"] * 6
    trained = xh.train_classifier(data, backbone=backbone, epochs=2, on_chance="warn", progress=False)
    other = copy.deepcopy(trained)
    assert repr(other) == repr(trained) and other.history == trained.history and other.class_names == ["a", "b"]


class Unsaved(keras.Model):
    """A model that Keras can't save: its class does not say with which arguments it was made."""

    def __init__(self, secret):
        super().__init__()
        self.secret, self.head = secret, keras.layers.Dense(2, activation="softmax")

    def call(self, inputs):
        return self.head(inputs[:, 0, 0])


def test_a_model_that_can_not_be_saved_is_said_in_one_sentence():
    model = Unsaved(object())
    model(np.zeros((1, 8, 8, 3), np.float32))
    with pytest.raises(TypeError, match=r"can't be copied .* get_config\(\)"):
        copy.deepcopy(xh.Classifier(model, class_names=["a", "b"], input_shape=(8, 8, 3)))
