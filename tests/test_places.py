"""The default layer of the CAM techniques is the last whose output has places in the image, shown by changing the image."""

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

import xaihelpers as xh
from xaihelpers.classifier.places import _is_steady, places_of, strips

SIZE = 32
IMAGE = networks.image(SIZE)


def cam(model, maps, picture=IMAGE, target=1):
    """Return Grad-CAM's coarse map by TensorFlow alone. maps: from the input to (the maps, the logits behind them)."""
    x = tf.constant(picture[None].astype(np.float32))
    with tf.GradientTape() as tape:
        values, logits = maps(x)
        score = logits[0, target]
    gradient = tape.gradient(score, values)
    return np.tensordot(values[0], tf.reduce_mean(gradient, axis=(0, 1, 2)), 1)


def body(filters=6, name="body"):
    i = keras.Input((SIZE, SIZE, 3))
    x = L.Conv2D(4, 3, strides=2, padding="same", activation="relu")(L.Rescaling(1 / 255)(i))
    x = L.Conv2D(filters, 3, strides=2, padding="same", activation="relu", name="last_maps")(x)
    return keras.Model(i, x, name=name)


def test_a_head_of_1_x_1_convolutions():
    i, inner = keras.Input((SIZE, SIZE, 3)), body()
    x = L.GlobalAveragePooling2D(keepdims=True)(inner(i))
    x = L.Conv2D(5, 1, activation="relu", name="narrow")(x)
    z = L.Flatten()(L.Conv2D(3, 1, name="classes")(x))
    model = keras.Model(i, L.Softmax()(z))
    classifier = xh.Classifier(model)
    found = xh.grad_cam(classifier, IMAGE, 1, relu=False)
    assert found.details["layer"] == "body/last_maps" and not found.diagnostics and np.ptp(found.heatmap) > 0
    head = keras.Sequential([keras.Input(inner.output.shape[1:]), *model.layers[2:-1]])
    expected = cam(model, lambda x: (maps := inner(x), head(maps)))
    np.testing.assert_allclose(found.details["coarse"], expected, atol=1e-5 * np.abs(expected).max())
    with pytest.raises(ValueError, match="choose one such as"):
        xh.grad_cam(classifier, IMAGE, 1, layer="narrow")
    xh.grad_cam(classifier, IMAGE, 1, layer=classifier.spatial_layers()[-1])


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV3Small"])
def test_mobile_networks(name):
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(
        weights=None, input_shape=(64, 64, 3), classes=5, alpha=0.25 if name == "MobileNet" else 1.0
    )
    classifier = xh.Classifier(model, preprocess=(lambda x: x / 127.5 - 1) if name == "MobileNet" else None)
    path = classifier.spatial_layer()
    places = classifier.places(path)
    assert places.grid == (2, 2)
    photo = xh.sample_photo("coffee", 64)
    assert np.ptp(xh.grad_cam(classifier, photo, 1, relu=False).details["coarse"]) > 0


def twice():
    """A network that calls one layer twice: its maps of the image, and its maps of those again."""
    i = keras.Input((SIZE, SIZE, 3))
    shared = L.Conv2D(3, 3, padding="same", activation="relu", name="shared")
    a = shared(L.Rescaling(1 / 255)(i))
    b = shared(a)
    x = L.Concatenate()([L.GlobalAveragePooling2D()(a), L.GlobalAveragePooling2D()(b)])
    dense = L.Dense(3, name="scores")
    return keras.Model(i, L.Softmax()(dense(x))), shared, dense


def test_of_a_layer_that_is_called_twice_both_calls_count():
    keras.utils.set_random_seed(2)
    model, shared, dense = twice()
    classifier = xh.Classifier(model)
    x = tf.constant(IMAGE[None] / np.float32(255))
    with tf.GradientTape() as tape:
        a = shared(x)
        tape.watch(a)
        b = shared(a)
        tape.watch(b)
        z = dense(tf.concat([tf.reduce_mean(a, (1, 2)), tf.reduce_mean(b, (1, 2))], 1))[0, 1]
    maps = [np.tensordot(v[0], tf.reduce_mean(g, (0, 1, 2)), 1) for v, g in zip((a, b), tape.gradient(z, [a, b]))]
    for layer, expected in {
        None: maps[0] + maps[1],
        "shared": maps[0] + maps[1],
        "shared#1": maps[0],
        "shared#2": maps[1],
    }.items():
        found = xh.grad_cam(classifier, IMAGE, 1, layer=layer, relu=False)
        np.testing.assert_allclose(found.details["coarse"], expected, atol=1e-5 * np.abs(expected).max(), err_msg=str(layer))
        assert not found.diagnostics
    with pytest.raises(ValueError, match="called 2 times"):
        xh.grad_cam(classifier, IMAGE, 1, layer="shared#3")
    xh.activation_maximization(classifier, layer="shared#2", channel=1, steps=1, size=SIZE)
    assert "shared" in classifier.layers and list(classifier.layers).count("shared") == 1


def test_a_model_of_two_backbones_says_what_its_map_leaves_out():
    i = keras.Input((SIZE, SIZE, 3))
    left, right = body(name="left"), body(5, name="right")
    x = L.Concatenate()([L.GlobalAveragePooling2D()(left(i)), L.GlobalAveragePooling2D()(right(i))])
    classifier = xh.Classifier(keras.Model(i, L.Dense(3, activation="softmax")(x)))
    paths = {"left/last_maps", "right/last_maps"}
    with pytest.warns(xh.DiagnosticWarning, match="leaves out what comes through") as said:
        found = xh.grad_cam(classifier, IMAGE, 1)
    other = (paths - {found.details["layer"]}).pop()
    assert found.details["layer"] in paths and f"through {other!r}" in str(said[0].message)
    second = xh.grad_cam(classifier, IMAGE, 1, layer=other)  # as the sentence says
    assert not any("leaves out" in sentence for sentence in second.diagnostics)


def transformer(pool, patches=4):
    """A small vision transformer: patches, one block of attention, and a head on their mean or on a token of its own."""
    keras.utils.set_random_seed(5)
    i = keras.Input((SIZE, SIZE, 3))
    x = L.Conv2D(16, SIZE // patches, strides=SIZE // patches, name="patches")(L.Rescaling(1 / 255)(i))
    x = L.Reshape((patches * patches, 16))(x)
    if pool == "token":
        x = L.Concatenate(axis=1)([x[:, :1] * 0.0, x])
    normed = L.LayerNormalization()(x)
    x = L.Add()([x, L.MultiHeadAttention(2, 8, name="attention")(normed, normed)])
    x = L.LayerNormalization(name="tokens")(L.Add()([x, L.Dense(16, activation="gelu")(x)]))
    x = L.GlobalAveragePooling1D()(x) if pool == "mean" else x[:, 0]
    return keras.Model(i, L.Dense(3, activation="softmax", name="scores")(x))


def test_tokens_of_a_vision_transformer_are_places():
    model = transformer("mean")
    classifier = xh.Classifier(model)
    found = xh.grad_cam(classifier, IMAGE, 1, relu=False)
    assert found.details["layer"] == "tokens" and not found.diagnostics
    tokens, head = keras.Model(model.inputs, model.get_layer("tokens").output), model.get_layer("scores")
    x = tf.constant(IMAGE[None].astype(np.float32))
    with tf.GradientTape() as tape:
        values = tokens(x)
        tape.watch(values)
        z = (tf.reduce_mean(values, axis=1) @ head.kernel)[0, 1]
    expected = (values[0] @ tf.reduce_mean(tape.gradient(z, values)[0], axis=0)[:, None]).numpy().reshape(4, 4)
    np.testing.assert_allclose(found.details["coarse"], expected, atol=1e-5 * np.abs(expected).max())
    spatial = classifier.spatial_layers()
    assert not any("attention/" in path and ("query" in path or "softmax" in path) for path in spatial)


def test_a_transformer_with_a_class_token_does_not_show_its_patches_in_silence():
    classifier = xh.Classifier(transformer("token"))
    with pytest.warns(xh.DiagnosticWarning, match=r"goes on with 17 tokens.*look at saliency"):
        xh.grad_cam(classifier, IMAGE, 1)
    assert not xh.saliency(classifier, IMAGE, 1).diagnostics


def test_attention_scores_and_windows_are_no_places():
    five = strips(networks.image(16).astype(np.float32))
    maps = five[:, ::4, ::4]
    tokens = maps.reshape(5, 16, 3)
    scores = np.einsum("nic,njc->nij", tokens, tokens) / 1e4
    assert places_of(maps).grid == (4, 4) and places_of(maps).layout == "last"
    assert places_of(maps.transpose(0, 3, 1, 2)).layout == "first"
    assert places_of(tokens, [(4, 4)]).layout == "tokens" and places_of(tokens, [(2, 8)]) is None
    assert places_of(np.repeat(scores[:, None], 2, axis=1)) is None
    assert places_of(maps.transpose(0, 2, 1, 3)) is None  # turned over
    assert places_of(tokens.reshape(5, 16, 1, 3).repeat(2, axis=2)) is None  # heads
    assert places_of(maps.reshape(20, 2, 2, 3)) is None  # windows in the batch
    assert places_of(maps.mean(axis=(1, 2), keepdims=True)) is None
    assert places_of(maps * 0).grid == (4, 4)  # a ReLU that is off says nothing against it


def test_a_layer_of_a_chosen_output_only():
    i, inner = keras.Input((SIZE, SIZE, 3)), body()
    maps = inner(i)
    z = L.Dense(3, name="kind")(L.GlobalAveragePooling2D()(maps))
    other = L.Conv2D(2, 3, name="aside")(maps)
    model = keras.Model(i, {"kind": z, "aside": L.GlobalAveragePooling2D()(other)})
    assert xh.Classifier(model, output="kind").spatial_layer() == "body/last_maps"


def test_a_layer_whose_mean_no_image_moves():
    maps = np.random.default_rng(0).normal(size=(5, 4, 4, 3)).astype(np.float32)
    normalised = (maps - maps.mean(-1, keepdims=True)) / maps.std(-1, keepdims=True)
    assert _is_steady(normalised) and _is_steady(np.exp(maps) / np.exp(maps).sum(-1, keepdims=True))
    assert not _is_steady(maps) and not _is_steady(np.maximum(normalised, 0))
    assert not _is_steady(maps * 0)  # a ReLU that is off: another picture may turn it on


def test_deep_dream_drives_up_what_can_be_moved():
    i = keras.Input((SIZE, SIZE, 3))
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="maps")(L.Rescaling(1 / 255)(i))
    x = L.LayerNormalization(name="normed")(x)
    x = L.Softmax(name="shares")(x)
    model = keras.Model(i, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    classifier = xh.Classifier(model)
    for layer in ("normed", "shares"):
        assert classifier.places(layer).steady
        with pytest.raises(ValueError, match=r"nothing to drive up: give one of its channels, channel=0, or another layer"):
            xh.deep_dream(classifier, IMAGE, layers=layer, octaves=1, steps=2)
        climb = xh.deep_dream(classifier, IMAGE, layers=layer, channel=0, octaves=1, steps=4).activation
        assert climb[-1] > climb[0] + 1e-3
    usual = xh.deep_dream(classifier, IMAGE, octaves=1, steps=4)
    assert usual.class_name == "maps"
    assert usual.activation[-1] > usual.activation[0] + 1e-3
