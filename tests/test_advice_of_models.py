"""Advice about models, preprocessing, names and heads is followed: what a sentence says to do is done, and then it works."""

import re

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf
from test_advice import IMAGE, classifier, is_followed, numbers, plain

import xaihelpers as xh

L = keras.layers
BATCH = np.stack([networks.image(seed=i) for i in range(3)]).astype(np.float32)


def ends_in(*layers, units=3):
    """A network whose last layers are these."""
    body = networks.gap_network(classes=units, activation=None)
    return keras.Sequential([keras.Input((8, 8, 3)), body, *layers])


def two_inputs():
    image, age = keras.Input((8, 8, 3), name="image"), keras.Input((1,), name="age")
    return keras.Model([image, age], L.Softmax()(L.Add()([networks.gap_network(activation=None)(image), age])))


def two_outputs():
    model = networks.gap_network()
    return keras.Model(model.inputs, {"scores": model.outputs[0], "mean": keras.ops.mean(model.inputs[0], (1, 2, 3))[:, None]})


def values():
    return xh.Classifier(ends_in(units=2), outputs="values")


def shared_layer():
    i, shared = keras.Input((8, 8, 3)), L.Conv2D(3, 3, padding="same", activation="relu", name="shared")
    x = shared(shared(L.Rescaling(1 / 255)(i)))
    return xh.Classifier(networks.fixed(keras.Model(i, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))))


class Split(L.Layer):
    """Gives two tensors."""

    def call(self, x):
        return x[..., :2], x[..., 2:]


def splitting():
    i = keras.Input((8, 8, 3))
    a, b = Split(name="split")(L.Conv2D(4, 3, padding="same", name="maps")(i))
    return xh.Classifier(networks.fixed(keras.Model(i, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(a + b)))))


class InNumpy(keras.Model):
    """Runs outside of any graph only."""

    def __init__(self):
        super().__init__()
        self.inner = networks.gap_network()

    def call(self, x):
        return self.inner(np.asarray(x))


class WithAge(keras.Model):
    """Takes an image and, if it is given, an age."""

    def __init__(self):
        super().__init__()
        self.inner = networks.gap_network()

    def call(self, x, age=0.0):
        return self.inner(x + age)


def segmenting():
    i = keras.Input((8, 8, 3))
    return networks.fixed(keras.Model(i, L.Conv2D(3, 3, padding="same", activation="softmax")(L.Rescaling(1 / 255)(i))))


def with_nan():
    model = networks.gap_network()
    good = model.get_weights()
    model.set_weights([good[0] * np.nan, *good[1:]])
    return model, good


def load_again(model, weights):
    model.set_weights(weights)
    return xh.Classifier(model).probabilities(IMAGE)


def evaluated(message, model):
    """Make the classifier that a sentence writes out."""
    call = re.search(r"Classifier\((model,|lambda).*\)", message)[0]
    return eval(call, {"Classifier": xh.Classifier, "model": model})


def ask(model, **options):
    return xh.Classifier(model, **options).probabilities(IMAGE)


NAN, GOOD = with_nan()
NUMPY = InNumpy()
scaled = lambda x: x / 255  # noqa: E731

# {name: (what is refused, what the sentence says, what it says to do, given the sentence)}
CASES = {
    # the head
    "softmax of one number": (
        lambda: ask(ends_in(L.Softmax(), units=1)),
        "end it in a sigmoid, or in two numbers",
        lambda m: (ask(ends_in(L.Activation("sigmoid"), units=1)), ask(ends_in(L.Softmax(), units=2))),
    ),
    "logits that are said to be a softmax": (
        lambda: ask(ends_in(), outputs="softmax"),
        r"leave outputs out, or say 'logits' \('sigmoid logits'",
        lambda m: [ask(ends_in(), outputs=outputs) for outputs in (None, "logits", "sigmoid logits")],
    ),
    "sigmoids that are said to be a softmax": (
        lambda: ask(ends_in(L.Activation("sigmoid")), outputs="softmax"),
        "leave outputs out, or say 'sigmoid'",
        lambda m: [ask(ends_in(L.Activation("sigmoid")), outputs=outputs) for outputs in (None, "sigmoid")],
    ),
    "a network that segments": (
        lambda: ask(segmenting()),
        r"region='all' or a mask \(h, w\)",
        lambda m: [ask(segmenting(), region=region) for region in ("all", np.eye(8))],
    ),
    "a network without a head": (
        lambda: ask(keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(3, 3)])),
        "add pooling and a Dense layer",
        lambda m: ask(keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(3, 3), L.GlobalAveragePooling2D(), L.Dense(2)])),
    ),
    "a region without a place": (
        lambda: ask(segmenting(), region=np.zeros((8, 8))),
        r"give 'all', or an array \(h, w\)",
        lambda m: [ask(segmenting(), region=region) for region in ("all", np.ones((8, 8)))],
    ),
    "a region of another size": (
        lambda: ask(segmenting(), region=np.ones((4, 4))),
        "give one number a place",
        lambda m: ask(segmenting(), region=np.ones((8, 8))),
    ),
    "several outputs": (
        lambda: ask(two_outputs()),
        "say which one is explained, output=",
        lambda m: [ask(two_outputs(), output=name) for name in ("scores",)],
    ),
    "values have no prediction": (
        lambda: xh.saliency(values(), IMAGE),
        "give target, one of 'output 0', 'output 1'",
        lambda m: [xh.saliency(values(), IMAGE, name) for name in re.findall(r"'(.*?)'", m)],
    ),
    # inputs and shapes
    "a second input": (
        lambda: ask(two_inputs()), "hold all but the image at a value", lambda m: evaluated(m, two_inputs()).probabilities(IMAGE),
    ),
    "held inputs that are a list": (
        lambda: ask(two_inputs(), inputs=[40]),
        "give {name of an input: the value it is held at}",
        lambda m: ask(two_inputs(), inputs={"age": 40}),
    ),
    "an input that there is not": (
        lambda: ask(two_inputs(), inputs={"sex": 1}),
        "its inputs are",
        lambda m: ask(two_inputs(), inputs={re.findall(r"'(\w+)' \(1,\)", m)[-1]: 1}),
    ),
    "an input held at something else": (
        lambda: ask(two_inputs(), inputs={"age": [1, 2]}),
        r"expected float32 of shape \(1,\), or one number",
        lambda m: [ask(two_inputs(), inputs={"age": value}) for value in (np.float32([40]), 40)],
    ),
    "inputs of a subclassed model": (
        lambda: ask(WithAge(), inputs={"age": 40}, input_shape=(8, 8, 3)),
        "give a model whose call takes the image alone and fills in the rest",
        lambda m: ask(WithAge(), input_shape=(8, 8, 3)),
    ),
    "no shape of the images": (
        lambda: ask(keras.Sequential([L.Conv2D(2, 3), L.GlobalAveragePooling2D(), L.Softmax()])),
        r"give input_shape=\(H, W, 3\)",
        lambda m: ask(
            keras.Sequential([L.Conv2D(2, 3), L.GlobalAveragePooling2D(), L.Softmax()]), input_shape=IMAGE.shape
        ),
    ),
    "other images than the model's": (
        lambda: ask(networks.gap_network(), input_shape=(8, 8, 1)),
        "leave input_shape out, or give a preprocess",
        lambda m: (
            ask(networks.gap_network()),
            xh.Classifier(networks.gap_network(), input_shape=(8, 8, 1), preprocess=tf.image.grayscale_to_rgb),
        ),
    ),
    "a preprocessing to another size": (
        lambda: ask(networks.gap_network(), preprocess=lambda x: x[:, ::2, ::2]),
        "correct it, or give input_shape",
        lambda m: (
            ask(networks.gap_network(), preprocess=lambda x: x * 1.0),
            xh.Classifier(networks.gap_network(), preprocess=lambda x: x[:, ::2, ::2], input_shape=(16, 16, 3)),
        ),
    ),
    "a model that runs in no graph": (
        lambda: ask(NUMPY, input_shape=(8, 8, 3)),
        r"a function, Classifier\(lambda x: model\(x\)\.numpy\(\)\)",
        lambda m: xh.occlusion(evaluated(m, NUMPY), IMAGE),
    ),
    "weights that are NaN": (
        lambda: ask(NAN), "load or train it again", lambda m: load_again(NAN, GOOD),
    ),
    # preprocessing
    "a preprocessing that is none": (
        lambda: ask(networks.gap_network(), preprocess=255),
        "give a function of a batch of images, or None",
        lambda m: [ask(networks.gap_network(), preprocess=each) for each in (scaled, None)],
    ),
    "a preprocessing of one image": (
        lambda: ask(networks.gap_network(), preprocess=lambda x: np.stack([x[i, ..., 0] for i in range(8)])[:8, 0, 0]),
        r"lambda x: x / 255",
        lambda m: ask(networks.gap_network(), preprocess=eval(re.search(r"lambda x: x / 255", m)[0])),
    ),
    "a random preprocessing": (
        lambda: ask(networks.gap_network(), preprocess=lambda x: x + np.random.default_rng().normal(size=x.shape)),
        "leave augmentation and dropout out of it",
        lambda m: ask(networks.gap_network(), preprocess=scaled),
    ),
    # names and layers
    "names in a set": (
        lambda: ask(networks.gap_network(), class_names={"a", "b", "c"}),
        "no order",
        lambda m: ask(networks.gap_network(), class_names=["a", "b", "c"]),
    ),
    "a name twice": (
        lambda: ask(networks.gap_network(), class_names=["a", "a", "b"]),
        "give each class a name of its own",
        lambda m: ask(networks.gap_network(), class_names=["a", "c", "b"]),
    ),
    "numbers for numbers": (
        lambda: ask(networks.gap_network(), class_names={0: 1, 1: 2, 2: 0}),
        "give a list",
        lambda m: ask(networks.gap_network(), class_names=["1", "2", "0"]),
    ),
    "a class that is no class": (
        lambda: xh.saliency(classifier(), IMAGE, 0.5),
        "give a class index, a class name, or None for the predicted class",
        lambda m: [xh.saliency(classifier(), IMAGE, target) for target in (0, "bee", None)],
    ),
    "a layer that is a number": (
        lambda: classifier().layer_path(3), "give the name of a layer", lambda m: classifier().layer_path("maps"),
    ),
    "the third call of two": (
        lambda: xh.grad_cam(shared_layer(), IMAGE, layer="shared#3"),
        "give a number from 1 to 2",
        lambda m: [xh.grad_cam(shared_layer(), IMAGE, layer=f"shared#{int(n)}") for n in numbers(m, "number from")],
    ),
    "a layer that gives two tensors": (
        lambda: splitting().gradients(BATCH, 0, layer="split"),
        "choose another one",
        lambda m: splitting().gradients(BATCH, 0, layer="maps"),
    ),
    # plain functions
    "what is no model": (
        lambda: xh.Classifier(3),
        "give a Keras model, or a function that takes images",
        lambda m: (ask(networks.gap_network()), plain().probabilities(IMAGE)),
    ),
    "outputs of a plain function": (
        lambda: plain(output=1),
        "let the function itself choose what it returns",
        lambda m: xh.Classifier(lambda x: two_outputs()(x)["scores"].numpy()).probabilities(IMAGE),
    ),
    "logits of a plain function": (
        lambda: plain().logits(IMAGE), "wrap the Keras model itself", lambda m: classifier().logits(IMAGE),
    ),
    "rows that add up to 2": (
        lambda: xh.Classifier(lambda x: np.ones((len(x), 2))).probabilities(IMAGE),
        "expected probabilities that add up to 1",
        lambda m: xh.Classifier(lambda x: np.ones((len(x), 2)) / 2).probabilities(IMAGE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name):
    is_followed(*CASES[name])


def kept(tmp_path, **options):
    return xh.Classifier(networks.gap_network(), **options).save(tmp_path / "kept.keras")


def test_the_advice_about_keeping_a_classifier_works(tmp_path):
    with pytest.raises(ValueError, match="give a name that ends in .keras, in a folder that there is"):
        classifier().save(tmp_path / "kept.h5")
    kept(tmp_path)
    with pytest.raises(TypeError, match=r"put it into the model as layers \(Rescaling, Resizing, Normalization\)"):
        kept(tmp_path, preprocess=lambda x: tf.sqrt(x), input_shape=(8, 8, 3))
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), L.Rescaling(1 / 2), L.Normalization(mean=1.0, variance=4.0), networks.gap_network()]
    )
    path = xh.Classifier(model).save(tmp_path / "layers.keras")
    np.testing.assert_allclose(xh.load_classifier(path).probabilities(BATCH), model(BATCH), atol=1e-6)
