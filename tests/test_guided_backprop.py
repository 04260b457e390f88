"""Guided backpropagation: exact answers on networks small enough to work out by hand, and errors that name the layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import xaihelpers as xh
from xaihelpers.methods.guided_backprop import deconvnet_relu, guided_relu
from xaihelpers.methods.shared.activation_rules import Trace

SHAPE = (4, 4, 3)


def image(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


def signed(model, picture, target=0, method=xh.guided_backprop, preprocess=lambda x: x / 127.5 - 1, **options):
    """Return the signed gradient (H, W, 3) that a technique found."""
    return method(xh.Classifier(model, preprocess=preprocess), picture, target, **options).details["gradient"]


def test_two_relus_worked_out_by_hand():
    # One channel counts: u = relu(x - 2), v = relu(3 - 2 u), score = v summed over row weights 1, -1, 1, -1 (by row).
    x = np.array([[0, 2, 3, 4], [0, 2, 3, 4], [2.5, 3, 3.25, 5], [1, 1, 3, 3]], np.float32)
    i = keras.Input(SHAPE)
    u = layers.ReLU()(layers.Conv2D(1, 1, name="in")(i))
    v = layers.Activation("relu")(layers.Conv2D(1, 1, name="middle")(u))
    model = keras.Model(i, layers.Dense(2, name="out")(layers.Flatten()(v)))
    model.get_layer("in").set_weights([np.array([1, 0, 0], np.float32).reshape(1, 1, 3, 1), np.array([-2], np.float32)])
    model.get_layer("middle").set_weights([np.array([[[[-2]]]], np.float32), np.array([3], np.float32)])
    rows = np.repeat([1, -1, 1, -1], 4).astype(np.float32)
    model.get_layer("out").set_weights([np.stack([rows, -rows], axis=1), np.zeros(2, np.float32)])
    picture = np.stack([x, 9 * np.ones_like(x), np.ones_like(x)], axis=-1)
    # By hand: v is open where u < 1.5 (x < 3.5), u where x > 2; backpropagation gives -2 x row weight where both are open.
    both = (x > 2) & (x < 3.5)
    plain = -2.0 * rows.reshape(4, 4) * both
    raw = signed(model, picture, method=xh.saliency, preprocess=None)
    np.testing.assert_array_equal(raw[..., 0], plain)
    # Guided: a negative row weight dies at v; a positive one turns into -2 and dies at u. Nothing is left of class 0 ...
    with pytest.warns(xh.DiagnosticWarning, match="zero everywhere"):
        assert not signed(model, picture, preprocess=None).any()
    # ... and with the middle weight +2 (v open where 3 + 2 u > 0: everywhere) the positive rows alone come through.
    model.get_layer("middle").set_weights([np.array([[[[2]]]], np.float32), np.array([3], np.float32)])
    guided = np.zeros(SHAPE)
    guided[..., 0] = 2.0 * (rows.reshape(4, 4) > 0) * (x > 2)
    np.testing.assert_array_equal(signed(model, picture, preprocess=None), guided)
    deconvnet = np.zeros(SHAPE)
    deconvnet[..., 0] = 2.0 * (rows.reshape(4, 4) > 0)  # whatever the input of the ReLU was
    np.testing.assert_array_equal(signed(model, picture, preprocess=None, rule="deconvnet"), deconvnet)
    found = xh.guided_backprop(xh.Classifier(model), picture, 0)
    np.testing.assert_array_equal(found.heatmap, guided.max(axis=-1))


def positive(shape, dtype=None):
    return keras.random.uniform(shape, 0.01, 1, dtype=dtype, seed=3)


def test_equal_to_the_plain_gradient_where_no_relu_sees_a_negative_one():
    i = keras.Input(SHAPE)
    x = layers.Conv2D(5, 3, activation="relu", kernel_initializer="glorot_normal", padding="same")(i)
    x = layers.Conv2D(5, 3, activation="relu", kernel_initializer=positive, padding="same")(x)
    model = keras.Model(i, layers.Dense(2, kernel_initializer=positive)(layers.Flatten()(x)))
    plain, guided = signed(model, image(), method=xh.saliency), signed(model, image())
    assert np.abs(plain).max() > 0
    np.testing.assert_allclose(guided, plain, rtol=1e-5, atol=1e-6)


class Block(keras.Model):
    """A subclassed model, into which no walker can look."""

    def __init__(self, build):
        super().__init__()
        self.relu, self.conv = layers.ReLU(), build()

    def call(self, inputs):
        return self.conv(keras.ops.relu(inputs))


def conv(activation=None, name=None):
    return layers.Conv2D(4, 3, padding="same", activation=activation, name=name)


def writings():
    """Yield (name, model): the same network (four convolutions, four ReLUs), written in eight ways."""
    shape = (8, 8, 3)
    i = keras.Input(shape)

    def functional(*blocks):
        x = i
        for block in blocks:
            x = block(x)
        return keras.Model(i, layers.Dense(3)(layers.Flatten()(x)))

    def with_relu(relu):
        return functional(*[lambda x: relu(conv()(x))] * 4)

    yield "Activation layer", with_relu(lambda x: layers.Activation("relu")(x))
    yield "ReLU layer", with_relu(lambda x: layers.ReLU()(x))
    yield "keras.ops", with_relu(lambda x: keras.ops.relu(x))
    yield "Lambda", with_relu(lambda x: layers.Lambda(lambda t: tf.nn.relu(t))(x))
    yield "activation argument", functional(*[conv("relu") for _ in range(4)])
    inner = keras.Input((8, 8, 4))
    nested = keras.Model(inner, layers.ReLU()(conv()(conv("relu")(inner))), name="inner")
    yield "nested model", functional(conv("relu"), nested, conv("relu"))
    part = keras.Sequential([conv(), layers.ReLU(), conv("relu")])
    yield "Sequential", keras.Sequential([i, conv("relu"), part, conv(), layers.ReLU(), layers.Flatten(), layers.Dense(3)])
    yield "subclassed", functional(conv(), Block(conv), Block(conv), Block(conv), layers.ReLU())


def test_the_same_network_written_eight_ways_gives_the_same_map():
    picture, maps, weights = image(1, (8, 8, 3)), {}, None
    for name, model in writings():
        weights = weights or model.get_weights()
        model.set_weights(weights)
        before = [w.copy() for w in model.get_weights()]
        maps[name] = signed(model, picture)
        plain = signed(model, picture, method=xh.saliency)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    assert len(maps) == 8
    first = maps["Activation layer"]
    assert np.corrcoef(first.ravel(), plain.ravel())[0, 1] < 0.9  # guided is not the plain gradient
    for name, found in maps.items():
        np.testing.assert_allclose(found, first, rtol=1e-4, atol=1e-6 * np.abs(first).max(), err_msg=name)


@pytest.mark.parametrize("activation", ["relu6", layers.ReLU(max_value=6), lambda x: tf.nn.relu6(x)])
def test_the_cap_of_relu6(activation):
    # A pixel of 3 is on the slope; 9 is over the cap, -> no gradient; 0 is below, -> none.
    x = np.array([[3, 9, 0, 5.9]], np.float32)
    i = keras.Input((1, 4, 3))
    model = keras.Model(i, layers.Dense(2, name="out")(layers.Flatten()(layers.Activation(activation)(i))))
    model.get_layer("out").set_weights([np.ones((12, 2), np.float32), np.zeros(2, np.float32)])
    picture = np.repeat(x[..., None], 3, axis=-1)
    found = signed(model, picture, preprocess=None)
    np.testing.assert_array_equal(found, np.repeat(np.array([[1, 0, 0, 1.0]])[..., None], 3, axis=-1))


def network(*middle, head="linear"):
    i = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, padding="same", name="stem")(i)
    for layer in middle:
        x = layer(x)
    return keras.Model(i, layers.Dense(2, activation=head, name="out")(layers.GlobalAveragePooling2D()(x)))


class Subclassed(layers.Layer):
    def __init__(self, function, **options):
        super().__init__(**options)
        self.function = function

    def call(self, x):
        return self.function(x)


@tf.custom_gradient
def clever_relu(x):
    return tf.nn.relu(x), lambda g: 2 * g


REFUSED = {
    "swish": layers.Activation("swish", name="odd"),
    "swish argument": layers.Conv2D(4, 1, activation="swish", name="odd"),
    "gelu": layers.Activation("gelu", name="odd"),
    "gelu, approximate": layers.Activation(lambda x: keras.activations.gelu(x, approximate=True), name="odd"),
    "hard swish": layers.Activation("hard_swish", name="odd"),
    "elu": layers.ELU(name="odd"),
    "selu": layers.Activation("selu", name="odd"),
    "celu": layers.Activation("celu", name="odd"),
    "mish": layers.Activation("mish", name="odd"),
    "softplus": layers.Activation("softplus", name="odd"),
    "softsign": layers.Activation("softsign", name="odd"),
    "sigmoid": layers.Activation("sigmoid", name="odd"),
    "hard tanh": layers.Activation("hard_tanh", name="odd"),
    "tanh": layers.Activation("tanh", name="odd"),
    "exponential": layers.Activation("exponential", name="odd"),
    "softmax": layers.Softmax(name="odd"),
    "LeakyReLU": layers.LeakyReLU(name="odd"),
    "PReLU": layers.PReLU(name="odd", alpha_initializer="ones"),
    "ReLU with a slope": layers.ReLU(negative_slope=0.1, name="odd"),
    "ReLU with a slope and a cap": layers.ReLU(negative_slope=0.1, max_value=6, name="odd"),
    "ReLU with another cap": layers.ReLU(max_value=4, name="odd"),
    "ReLU with a threshold": layers.ReLU(threshold=1, name="odd"),
    "ReLU by maximum": Subclassed(lambda x: tf.maximum(x, 0.0), name="odd"),
    "ReLU by where": Subclassed(lambda x: tf.where(x > 0, x, 0.0), name="odd"),
    "ReLU by a mask": Subclassed(lambda x: x * tf.cast(x > 0, x.dtype), name="odd"),
    "squared ReLU as a gate": Subclassed(lambda x: x * tf.nn.relu(x), name="odd"),
    "ReLU in a tf.function": Subclassed(tf.function(tf.nn.relu), name="odd"),
    "ReLU with a gradient of its own": Subclassed(clever_relu, name="odd"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_activations_are_named(kind):
    model = network(layers.ReLU(name="right"), REFUSED[kind])
    for _ in range(2):  # the second call says the same: nothing half made was kept
        with pytest.raises(ValueError, match=r"other activations: [^.]*\bodd\b") as error:
            xh.guided_backprop(xh.Classifier(model), image(), 0)
        assert "right" not in str(error.value)


def test_an_activation_inside_a_nested_model_is_named_by_its_path():
    inner = keras.Sequential([keras.Input((4, 4, 4)), layers.Conv2D(4, 1, activation="swish", name="act")], name="block")
    with pytest.raises(ValueError, match="block/act"):
        xh.guided_backprop(xh.Classifier(network(layers.ReLU(), inner)), image(), 0)


def test_no_activation_at_all():
    with pytest.raises(ValueError, match="no ReLU"):
        xh.guided_backprop(xh.Classifier(network()), image(), 0)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_the_head_is_not_part_of_the_logits(head):
    xh.guided_backprop(xh.Classifier(network(layers.ReLU(), head=head)), image(), 0)


ALLOWED = {
    "LayerNormalization": [layers.ReLU(name="r"), layers.LayerNormalization()],
    "BatchNormalization": [layers.BatchNormalization(), layers.ReLU(name="r")],
    "MaxPooling": [layers.ReLU(name="r"), layers.MaxPooling2D()],
    "Dropout": [layers.ReLU(name="r"), layers.Dropout(0.5)],
    "depthwise": [layers.DepthwiseConv2D(3), layers.ReLU(max_value=6, name="r")],
    "separable": [layers.SeparableConv2D(4, 3, activation="relu", name="r")],
    "CReLU": [Subclassed(tf.nn.crelu, name="r")],
    "residual": [Subclassed(lambda x: tf.nn.relu(x) + tf.nn.relu(2 * x + 1), name="r")],
}


@pytest.mark.parametrize("kind", ALLOWED)
def test_what_is_no_activation_is_left_alone(kind):
    found = xh.guided_backprop(xh.Classifier(network(*ALLOWED[kind])), image(), 0)
    assert found.details["replaced"] == ("r",)


def test_agrees_with_an_independent_library_where_that_is_right():
    # A flat functional model with Activation layers, without a softmax: the one case that tf-keras-vis' modifier knows.
    keras.utils.set_random_seed(4)
    i = keras.Input((16, 16, 3))
    x = i
    for filters in (8, 8, 12):
        x = layers.Activation("relu")(layers.Conv2D(filters, 3, padding="same")(x))
    model = keras.Model(i, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))
    picture = image(2, (16, 16, 3))

    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.model_modifiers import GuidedBackpropagation
    from tf_keras_vis.utils.scores import CategoricalScore

    theirs = Saliency(model, model_modifier=GuidedBackpropagation(), clone=True)(
        CategoricalScore(3), picture[None] / 255, keepdims=True, normalize_map=False
    )
    ours = signed(model, picture, 3, preprocess=lambda x: x / 255)
    plain = signed(model, picture, 3, method=xh.saliency, preprocess=lambda x: x / 255)
    theirs = np.asarray(theirs)[0]
    assert np.corrcoef(np.abs(ours).ravel(), np.abs(theirs).ravel())[0, 1] > 0.999
    assert np.corrcoef(np.abs(plain).ravel(), np.abs(theirs).ravel())[0, 1] < 0.99


def test_rules_inside_a_function_of_ones_own():
    # What Deep SHAP needs: a batch, a score of one's own, and a rule for any operation.
    classifier = xh.Classifier(network(layers.ReLU(name="r")))

    @tf.function(autograph=False)
    def function(x):
        trace = Trace({"Relu": deconvnet_relu})
        logits, _ = classifier.network(x, around=trace.around)
        assert [(each.layer, each.kind, each.covered) for each in trace.nonlinearities(logits, x)] == [("r", "ReLU", True)]
        return trace.gradients(logits[:, 0] - logits[:, 1], x)

    batch = np.stack([image(1), image(2)])
    assert function(tf.constant(batch)).shape == batch.shape
    trace = Trace({"Relu": guided_relu})
    assert trace._overrides == Trace({"Relu": guided_relu})._overrides  # registered once


def test_one_pass_each_and_the_same_again():
    classifier = xh.Classifier(network(layers.ReLU()))
    first, second = xh.guided_backprop(classifier, image()), xh.guided_backprop(classifier, image())
    assert (first.forward_passes, first.backward_passes) == (1, 1)
    assert first.target == classifier.class_index(None, image())
    np.testing.assert_array_equal(first.heatmap, second.heatmap)
    again = xh.METHODS["guided_backprop"].function(classifier, first.image, first.target, **first.parameters)
    np.testing.assert_array_equal(first.heatmap, again.heatmap)


def test_bad_rule_and_plain_function():
    with pytest.raises(ValueError, match="'guided' or 'deconvnet'"):
        xh.guided_backprop(xh.Classifier(network(layers.ReLU())), image(), rule="guide")
    with pytest.raises(TypeError, match="needs gradients"):
        xh.guided_backprop(xh.Classifier(lambda x: np.ones((len(x), 2)) / 2), image())
