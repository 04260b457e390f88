"""Deep SHAP: exact on linear networks, complete for every operation it has a rule for, equal to DeepLIFT's own numbers."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import xaihelpers as xh
from xaihelpers._quiet import without_warnings

EDGE = 8
random = np.random.default_rng(0)
IMAGE = random.uniform(0, 255, (EDGE, EDGE, 3)).astype(np.float32)
BACKGROUND = random.uniform(0, 255, (3, EDGE, EDGE, 3)).astype(np.float32)
# A background that shares pixels with the image: differences of zero, where a secant has no slope.
BACKGROUND[0, :3] = IMAGE[:3]


def classifier(*hidden, build=None):
    """A tiny network with weights large enough to bend every activation; `build` takes and gives a tensor."""
    keras.utils.set_random_seed(1)
    inputs = x = keras.Input((EDGE, EDGE, 3))
    for layer in hidden:
        x = layer(x)
    x = build(x) if build else x
    x = layers.Flatten()(x) if len(x.shape) == 4 else x
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
    draw = np.random.default_rng(2)
    for weight in model.weights:
        centre = 1.0 if weight.name in ("gamma", "moving_variance") else 0.0
        scale = 0.2 if centre else 1.5 / np.sqrt(max(np.prod(weight.shape[:-1]), 1))
        weight.assign(centre + draw.normal(0, scale, weight.shape) if not centre else draw.uniform(0.8, 1.4, weight.shape))
    return xh.Classifier(model, preprocess=lambda x: x / 50 - 2)


def squeeze_and_excite(x):
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Multiply()([x, layers.Conv2D(3, 1, activation="sigmoid")(gate)])


def residual(x):
    return layers.Add()([x, layers.Conv2D(3, 3, padding="same", activation="relu")(x)])


def nested(x):
    inside = [keras.Input((EDGE, EDGE, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(6.0)]
    return keras.Sequential([*inside, keras.Sequential([layers.SeparableConv2D(5, 3, activation="tanh")])])(x)


NETWORKS = {
    "relu": [layers.Conv2D(6, 3, activation="relu")],
    "relu6": [layers.Conv2D(6, 3), layers.ReLU(6.0)],
    "capped relu with a threshold": [layers.Conv2D(6, 3), layers.ReLU(1.0, 0.1)],
    "leaky relu": [layers.Conv2D(6, 3), layers.LeakyReLU(0.2)],
    "sigmoid": [layers.Conv2D(6, 3, activation="sigmoid")],
    "tanh": [layers.Conv2D(6, 3, activation="tanh")],
    "swish": [layers.Conv2D(6, 3, activation="swish")],
    "gelu": [layers.Conv2D(6, 3, activation="gelu")],
    "elu, selu, softplus": [
        layers.Conv2D(6, 3, activation="elu"),
        layers.Conv2D(6, 3, activation="selu"),
        layers.Conv2D(6, 1, activation="softplus"),
    ],
    "max pooling": [layers.Conv2D(6, 3, activation="relu"), layers.MaxPooling2D(2)],
    "overlapping max pooling": [layers.MaxPooling2D(3, strides=2, padding="same")],
    "average pooling": [layers.Conv2D(6, 3, activation="relu"), layers.AveragePooling2D(2)],
    "global max pooling": [layers.Conv2D(6, 3, activation="relu"), layers.GlobalMaxPooling2D()],
    "batch normalisation": [layers.Conv2D(6, 3), layers.BatchNormalization(), layers.ReLU()],
    "depthwise": [layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu")],
    "separable, dilated": [layers.SeparableConv2D(6, 3, dilation_rate=2, activation="relu")],
    "squeeze and excite": squeeze_and_excite,
    "residual": residual,
    "nested": nested,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_contributions_add_up(name):
    network = NETWORKS[name]
    network = classifier(build=network) if callable(network) else classifier(*network)
    found = xh.deep_shap(network, IMAGE, 1, background=BACKGROUND)
    logits = network.logits(np.concatenate([IMAGE[None], BACKGROUND]))[:, 1]
    difference = float(logits[0] - logits[1:].mean())
    assert found.heatmap.sum() == pytest.approx(difference, abs=1e-5 * max(1, abs(difference)))
    assert found.details["completeness_gap"] == pytest.approx(0, abs=1e-5 * max(1, abs(difference)))
    assert np.abs(found.heatmap).max() > 1e-3 and not found.diagnostics


def test_linear_network_exactly():
    linear = classifier()
    kernel = linear.model.layers[-1].get_weights()[0][:, 2].reshape(EDGE, EDGE, 3)
    found = xh.deep_shap(linear, IMAGE, 2, background=BACKGROUND)
    expected = kernel * (IMAGE - BACKGROUND.mean(axis=0)) / 50
    assert np.allclose(found.details["values"], expected, atol=1e-6)
    assert np.allclose(found.heatmap, expected.sum(axis=-1), atol=1e-5)
    assert found.forward_passes == found.backward_passes == 4


def test_one_relu_by_hand():
    # Three pixels into one ReLU: z = 2 a - b + c - 1. The image gives 3, the background -2: the secant's slope is 3 / 5.
    model = keras.Sequential([keras.Input((1, 3, 3)), layers.Flatten(), layers.Dense(1, activation="relu"), layers.Dense(2)])
    kernel = np.zeros((9, 1))
    kernel[[0, 3, 6], 0] = 2, -1, 1
    model.layers[1].set_weights([kernel, np.array([-1.0])])
    model.layers[2].set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
    image, background = np.zeros((2, 1, 3, 3))
    image[0, :, 0], background[0, :, 0] = [2, 1, 1], [0, 1, 0]
    found = xh.deep_shap(xh.Classifier(model), image, 0, background=background)
    assert found.heatmap[0] == pytest.approx([4 * 3 / 5, 0, 1 * 3 / 5])


TANGENTS = {
    "relu": (keras.ops.relu, [-3, 2]),
    "relu6": (keras.ops.relu6, [-3, 2, 8]),
    "leaky relu": (layers.LeakyReLU(0.2), [-3, 2]),
    "elu": (keras.ops.elu, [-1, 2]),
    "selu": (keras.ops.selu, [-1, 2]),
    "sigmoid": (keras.ops.sigmoid, [-1, 2]),
    "tanh": (keras.ops.tanh, [-1, 0.5]),
    "softplus": (keras.ops.softplus, [-1, 2]),
    "softsign": (keras.ops.softsign, [-1, 2]),
    "erf": (keras.ops.erf, [-1, 0.5]),
    "erfc": (tf.math.erfc, [-1, 0.5]),
    "exp": (keras.ops.exp, [-1, 0.5]),
    "expm1": (keras.ops.expm1, [-1, 0.5]),
    "log": (keras.ops.log, [0.5, 3]),
    "log1p": (keras.ops.log1p, [0.5, 3]),
    "abs": (keras.ops.abs, [-2, 3]),
    "sqrt": (keras.ops.sqrt, [0.5, 3]),
    "rsqrt": (keras.ops.rsqrt, [0.5, 3]),
    "reciprocal": (keras.ops.reciprocal, [0.5, -3]),
    "square": (keras.ops.square, [0.5, -3]),
}


@pytest.mark.parametrize("name", TANGENTS)
def test_where_a_unit_sees_no_difference_its_tangent_stands_for_the_slope(name):
    """z = a - b + c is the same for the image and the background, though a and b are not: each is credited with f'(z)."""
    function, places = TANGENTS[name]
    inputs = keras.Input((1, 3, 3))
    unit = layers.Dense(1, use_bias=False)
    bent = layers.Lambda(lambda x: function(x), output_shape=(1,))(unit(layers.Flatten()(inputs)))
    out = layers.Dense(2, use_bias=False)
    classifier_of = keras.Model(inputs, out(bent))
    kernel = np.zeros((9, 1))
    kernel[[0, 3, 6], 0] = 0.5, -0.5, 1
    unit.set_weights([kernel]), out.set_weights([np.array([[1.0, 0]])])
    with without_warnings():  # such a function alone is no head that makes sense
        network = xh.Classifier(classifier_of, outputs="logits")
    for z in places:
        image, background = np.zeros((2, 1, 3, 3), np.float32)
        image[0, :, 0], background[0, :, 0] = [6, 6, abs(z)], [2, 2, abs(z)]
        kernel[6, 0] = np.sign(z)
        unit.set_weights([kernel])
        with tf.GradientTape() as tape:
            at = tf.constant(float(z))
            tape.watch(at)
            value = function(at)
        slope = float(tape.gradient(value, at))
        with without_warnings():
            found = xh.deep_shap(network, image, 0, background=background)
        assert found.heatmap[0] == pytest.approx([0.5 * slope * 4, -0.5 * slope * 4, 0], abs=1e-5), z


def test_a_product_is_shared_fairly():
    # Two pixels multiplied: from (1, 2) to (3, 5) each is credited at the mean of the other, as Shapley's values are.
    inputs = keras.Input((1, 2, 3))
    x = layers.Multiply()([layers.Cropping2D(((0, 0), (0, 1)))(inputs), layers.Cropping2D(((0, 0), (1, 0)))(inputs)])
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    model.layers[-1].set_weights([np.array([[1.0, 0], [0, 0], [0, 0]]), np.zeros(2)])
    image, background = np.zeros((2, 1, 2, 3))
    image[0, :, 0], background[0, :, 0] = [3, 5], [1, 2]
    found = xh.deep_shap(xh.Classifier(model), image, 0, background=background)
    assert found.heatmap[0] == pytest.approx([(3 - 1) * 3.5, (5 - 2) * 2])


def test_the_mean_over_backgrounds_and_the_batch_size_do_not_matter():
    network = classifier(*NETWORKS["relu6"])
    together = xh.deep_shap(network, IMAGE, 0, background=BACKGROUND, batch_size=2)
    alone = [xh.deep_shap(network, IMAGE, 0, background=each).heatmap for each in BACKGROUND]
    assert np.allclose(together.heatmap, np.mean(alone, axis=0), atol=1e-6)
    again = xh.METHODS["deep_shap"].function(network, together.image, together.target, **together.parameters)
    assert np.array_equal(again.heatmap, together.heatmap)


def test_named_backgrounds_and_none_at_all():
    network = classifier(*NETWORKS["relu"])
    counts = {
        name: len(xh.deep_shap(network, IMAGE, 0, background=name).details["backgrounds"])
        for name in ("greys", "black", "white", "mean", "blur")
    }
    assert counts == {"greys": 5, "black": 1, "white": 1, "mean": 1, "blur": 1}
    with pytest.warns(xh.DiagnosticWarning, match="zero everywhere"):
        same = xh.deep_shap(network, IMAGE, 0, background=IMAGE)
    assert not same.heatmap.any()


@pytest.mark.parametrize(
    ("background", "sentence"),
    [
        ("grey", "give 'mean', 'blur'"),
        (np.zeros((0, EDGE, EDGE, 3)), "at least one"),
        (np.zeros((2, 4, 4, 3)), r"\(4, 4, 3\): give them in the size"),
        (np.zeros((EDGE, EDGE)), "background is an array of shape"),
        (np.full((EDGE, EDGE, 3), np.nan), "NaN"),
    ],
)
def test_bad_backgrounds(background, sentence):
    with pytest.raises(ValueError, match=sentence):
        xh.deep_shap(classifier(), IMAGE, background=background)


def test_what_has_no_rule_is_named():
    gate = classifier(layers.Conv2D(3, 3), layers.Softmax(name="attention"))
    with pytest.raises(ValueError, match="no rule for Softmax in attention"):
        xh.deep_shap(gate, IMAGE, 0)
    two = classifier(build=lambda x: layers.Maximum(name="larger")([layers.Conv2D(3, 3)(x), layers.Conv2D(3, 3)(x)]))
    with pytest.raises(ValueError, match="no rule for Maximum in larger"):
        xh.deep_shap(two, IMAGE, 0)


def test_equal_to_the_shap_package_where_that_one_works(monkeypatch):
    shap = pytest.importorskip("shap")
    # Where alibi was imported before, so was transformers, and shap then looks for a Keras 2 in it that is not there.
    for module in [name for name in sys.modules if name.split(".")[0] == "transformers"]:
        monkeypatch.delitem(sys.modules, module)
    network = classifier(layers.Conv2D(6, 3, activation="relu"), layers.MaxPooling2D(2), layers.Conv2D(4, 2, activation="relu"))
    linear = keras.models.clone_model(network.model)
    linear.layers[-1].activation = keras.activations.linear
    linear.set_weights(network.model.get_weights())
    ready, image = BACKGROUND / 50 - 2, IMAGE[None] / 50 - 2
    theirs = np.asarray(shap.DeepExplainer(linear, ready).shap_values(image, check_additivity=False))
    theirs = theirs[0, ..., 1] if theirs.ndim == 5 else theirs[1][0]
    ours = xh.deep_shap(network, IMAGE, 1, background=BACKGROUND).details["values"]
    assert np.abs(ours - theirs).max() <= 1e-3 * np.abs(theirs).max()


@pytest.mark.parametrize(("name", "n"), [("rashnet", 4), ("efficientnet-lite0", 2), ("rash-xception", 1)])
def test_the_sums_of_real_networks(name, n):
    """Depthwise and separable convolutions, ReLU6, max pooling, residual additions, nested models; a benchmark takes more."""
    network, rashes = xh.load_classifier(name), xh.rashes.load_test_split()
    photos = [xh.sample_photo(photo, 224) for photo in ("chelsea", "coffee", "rocket")]
    images = photos if name == "efficientnet-lite0" else list(rashes.images[::29])
    for image in images[:n]:
        for background in ("greys", "blur", images[-1]):
            found = xh.deep_shap(network, image, background=background)
            shown = np.concatenate([image[None].astype(np.float32), found.details["backgrounds"]])
            logits = network.logits(shown)[:, found.target].astype(float)  # asked anew: another way through the network
            difference = float(logits[0] - logits[1:].mean())
            assert abs(found.details["values"].sum(dtype=float) - difference) <= 1e-3 * max(1, abs(difference))
            assert found.details["completeness_gap"] == pytest.approx(0, abs=1e-3 * max(1, abs(difference)))
