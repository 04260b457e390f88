"""Deep SHAP through normalisation by the image's own values, quotients, transposed and grouped convolutions, flips."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import xaihelpers as xh

L = keras.layers
IMAGE = np.random.default_rng(0).uniform(0, 255, (8, 8, 3)).astype(np.float32)
BLACK = np.zeros((1, 8, 8, 3), np.float32)
SOME = np.random.default_rng(1).uniform(0, 255, (3, 8, 8, 3)).astype(np.float32)


class Flip(L.Layer):
    def call(self, inputs):
        return keras.ops.flip(inputs, axis=2)


def network(*layers, flatten=False):
    """Pixels from 0 to 1 through the layers, then one Dense layer; fixed weights that are nowhere zero."""
    x = inputs = keras.Input((8, 8, 3))
    x = L.Rescaling(1 / 255)(x)
    for layer in layers:
        x = layer(x)
    x = L.Flatten()(x) if flatten else L.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, L.Dense(3, activation="softmax")(x))
    random = np.random.default_rng(2)
    for weight in model.weights:
        weight.assign(random.normal(0, 0.5, weight.shape) if len(weight.shape) > 1 else random.uniform(0.5, 1.5, weight.shape))
    return model


def relu():
    return L.Conv2D(4, 3, padding="same", activation="relu")


LINEAR = {
    "transposed": lambda: (L.Conv2DTranspose(4, 3, strides=2),),
    "transposed, same": lambda: (L.Conv2DTranspose(2, 4, strides=2, padding="same"), L.Conv2D(2, 3)),
    "flip": lambda: (Flip(), L.Conv2D(3, 3)),
    "ops.flip": lambda: (lambda x: keras.ops.flip(x, axis=1), L.Conv2D(3, 3)),
    "roll": lambda: (lambda x: keras.ops.roll(x, 2, axis=1), L.Conv2D(3, 3)),
    "grouped": lambda: (L.Conv2D(6, 3, groups=3), L.Conv2D(4, 3, groups=2)),
    "einsum": lambda: (L.EinsumDense("abcd,de->abce", output_shape=(8, 8, 4)),),
}


@pytest.mark.parametrize("kind", LINEAR)
def test_in_a_linear_network_contributions_are_gradient_times_difference(kind):
    """Exact, pixel by pixel: d logit / d pixel x (pixel - its background)."""
    model = network(*LINEAR[kind](), flatten=True)
    found = xh.deep_shap(xh.Classifier(model), IMAGE, 1, background=SOME)
    logits = keras.Model(model.input, model.layers[-1].input)
    kernel = tf.constant(model.layers[-1].kernel[:, 1:2])
    with tf.GradientTape() as tape:
        pixels = tf.constant(IMAGE[None])
        tape.watch(pixels)
        score = tf.matmul(logits(pixels), kernel)
    expected = tape.gradient(score, pixels).numpy()[0] * (IMAGE - SOME.mean(axis=0))
    np.testing.assert_allclose(found.details["values"], expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


BENT = {
    "transposed and ReLU": lambda: (relu(), L.Conv2DTranspose(4, 3, strides=2, activation="relu"), relu()),
    "flip": lambda: (relu(), Flip(), relu()),
    "grouped and ReLU": lambda: (relu(), L.Conv2D(4, 3, groups=2, activation="relu"), relu()),
    "layer normalisation": lambda: (relu(), L.LayerNormalization(), relu()),
    "layer normalisation of whole maps": lambda: (relu(), L.LayerNormalization(axis=(1, 2, 3)), relu()),
    "layer normalisation without scale": lambda: (relu(), L.LayerNormalization(scale=False, center=False), relu()),
    "group normalisation": lambda: (relu(), L.GroupNormalization(2), relu()),
    "instance normalisation": lambda: (relu(), L.GroupNormalization(-1), relu()),
    "RMS normalisation": lambda: (relu(), L.RMSNormalization(), relu()),
    "unit normalisation": lambda: (relu(), L.UnitNormalization(), relu()),
    "a quotient of two branches": lambda: (relu(), lambda x: x / (keras.ops.sum(x, axis=-1, keepdims=True) + 1), relu()),
    "one over": lambda: (relu(), lambda x: 1 / (x + 1), relu()),
    "square root and logarithm": lambda: (relu(), lambda x: keras.ops.sqrt(x + 1) + keras.ops.log(x + 2), relu()),
    "ConvNeXt's block": lambda: (L.DepthwiseConv2D(3, padding="same"), L.LayerNormalization(), L.Dense(8, activation="gelu")),
}


@pytest.mark.parametrize("kind", BENT)
@pytest.mark.parametrize("background", [BLACK, SOME], ids=["black", "some"])
def test_contributions_add_up_to_the_difference_that_the_model_itself_gives(kind, background):
    model = network(*BENT[kind]())
    found = xh.deep_shap(xh.Classifier(model), IMAGE, 2, background=background)
    before = keras.Model(model.input, model.layers[-1].input)
    weights, bias = model.layers[-1].get_weights()
    logits = np.asarray(before(np.concatenate([IMAGE[None], background]))) @ weights[:, 2] + bias[2]
    difference = float(logits[0] - logits[1:].mean())
    assert abs(difference) > 1e-4
    assert found.details["values"].sum(dtype=np.float64) == pytest.approx(difference, abs=1e-3 * abs(difference) + 2e-6)
    assert abs(found.details["completeness_gap"]) < 1e-3 * abs(difference) + 2e-6 and not found.diagnostics


def test_layer_normalisation_worked_out_by_hand():
    """The rescale rule in numpy: the differences of mean and of spread, shared out over the pixels that make them."""
    model = network(L.Flatten(), L.LayerNormalization(epsilon=1e-3), L.Reshape((8, 8, 3)), flatten=True)
    norm = next(layer for layer in model.layers if isinstance(layer, L.LayerNormalization))
    found = xh.deep_shap(xh.Classifier(model), IMAGE, 0, background=BLACK + 51 * (np.arange(3) + 1))
    x, x0 = IMAGE.ravel().astype(np.float64) / 255, np.tile(51 * (np.arange(3) + 1) / 255, 64)
    w = model.layers[-1].get_weights()[0][:, 0] * norm.get_weights()[0]
    d, d0 = x - x.mean(), x0 - x0.mean()
    v, v0 = (d**2).mean(), (d0**2).mean()
    r, r0 = (1 / np.sqrt(each + 1e-3) for each in (v, v0))
    # logit = sum of w d r; of each product, either factor at the mean of the other.
    by_value = (w - w.mean()) * (r + r0) / 2
    by_spread = (w * (d + d0) / 2).sum() * (r - r0) / (v - v0) * (d + d0) / len(x)
    expected = ((by_value + by_spread) * (x - x0)).reshape(8, 8, 3)
    np.testing.assert_allclose(found.details["values"], expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_a_function_that_bends_is_no_linear_call():
    @tf.function
    def bent(x):
        return tf.nn.relu(x - 0.5)

    with pytest.raises(ValueError, match="deep_shap has no rule for"):
        xh.deep_shap(xh.Classifier(network(L.Lambda(bent))), IMAGE, 0)


@pytest.mark.parametrize("share", [1e-8, 1e-4, 1e4])
def test_signals_of_any_size_share_out_alike(share):
    """Without biases ReLU and maximum follow any scale: smaller signals, and a head larger by as much, are the same network."""
    kinds = (L.Conv2D(4, 3, use_bias=False), L.ReLU(), L.MaxPooling2D(2), L.Conv2D(3, 2, use_bias=False), L.LeakyReLU())
    model = network(*kinds)
    expected = xh.deep_shap(xh.Classifier(model), IMAGE, 1, background=SOME)
    assert abs(expected.details["completeness_gap"]) < 1e-5 * np.abs(expected.heatmap).sum()
    model.layers[2].kernel.assign(share * model.layers[2].kernel)
    model.layers[-1].kernel.assign(model.layers[-1].kernel / share)
    found = xh.deep_shap(xh.Classifier(model), IMAGE, 1, background=SOME)
    np.testing.assert_allclose(found.heatmap, expected.heatmap, atol=1e-4 * np.abs(expected.heatmap).max())
