"""Preprocessing is proven on a probe: written with anything, resizing, turning; and gradients come back to the image."""

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

import xaihelpers as xh

BATCH = np.stack([networks.image(seed=i) for i in range(3)]).astype(np.float32)
IMAGE = networks.image()


def network(shape=(8, 8, 3)):
    """A network on values from -1 to 1."""
    i = keras.Input(shape)
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="maps")(i)
    return networks.fixed(keras.Model(i, L.Dense(3, activation="softmax", name="scores")(L.GlobalAveragePooling2D()(x))))


def logits(model):
    """Return the function from the model's input to its logits."""
    head = model.layers[-1]
    pooled = keras.Model(model.inputs, head.input)
    return lambda x: pooled(x) @ head.kernel + head.bias


def gradient_at_image(model, preprocess, batch, target=1):
    x = tf.constant(batch)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = logits(model)(preprocess(x))[:, target]
    return tape.gradient(score, x).numpy()


def in_a_loop(x):
    out = []
    for image in x:
        out.append([[[float(v) / 127.5 - 1 for v in pixel] for pixel in row] for row in image])
    return out


def in_place(x):
    x /= 127.5
    x -= 1
    return x


def if_needed(x):
    return x / 127.5 - 1 if x.max() > 1 else x


WRITTEN = {
    "operators": lambda x: x / 127.5 - 1,
    "keras.ops": lambda x: keras.ops.subtract(keras.ops.divide(x, 127.5), 1),
    "astype": lambda x: x.astype("float32") / 127.5 - 1,
    "np.asarray": lambda x: np.asarray(x) / 127.5 - 1,
    "np.array of float64": lambda x: np.array(x, dtype=np.float64) / 127.5 - 1,
    "a loop": in_a_loop,
    "in place": in_place,
    "if it is needed": if_needed,
    "clipped": lambda x: np.clip(x, 0, 255) / 127.5 - 1,
    ".numpy()": lambda x: x.numpy() / 127.5 - 1,
    "a Keras layer": L.Rescaling(1 / 127.5, offset=-1),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_preprocessing_however_it_is_written(name):
    model, right = network(), lambda x: x / 127.5 - 1
    classifier = xh.Classifier(model, preprocess=WRITTEN[name])
    np.testing.assert_allclose(classifier.probabilities(BATCH), model(right(BATCH)), atol=1e-6)
    # Every pixel is prepared by itself, so that the gradient is that at the model's input.
    expected = gradient_at_image(model, lambda x: x, right(BATCH))
    np.testing.assert_allclose(classifier.gradients(BATCH, 1).gradients, expected, atol=1e-4 * np.abs(expected).max())
    for method in ("guided_backprop", "deep_shap", "integrated_gradients", "grad_cam", "occlusion"):
        ours, theirs = (
            xh.METHODS[method].function(each, IMAGE, 1) for each in (classifier, xh.Classifier(model, preprocess=right))
        )
        np.testing.assert_allclose(ours.heatmap, theirs.heatmap, atol=1e-4 * np.abs(theirs.heatmap).max(), err_msg=method)


LAYERS = {
    "a layer": lambda: L.Rescaling(1 / 127.5, offset=-1),
    "two layers": lambda: keras.Sequential([L.Rescaling(1 / 255), L.Normalization(mean=0.5, variance=0.25)]),
    "a model with weights": lambda: keras.Sequential([keras.Input((8, 8, 3)), L.DepthwiseConv2D(1)]),
    "a layer that resizes": lambda: L.Resizing(8, 8),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_the_preprocessing_are_none_of_the_model(name):
    model, preprocess = network(), LAYERS[name]()
    shape = (16, 16, 3) if name == "a layer that resizes" else (8, 8, 3)
    picture = networks.image(shape[0]).astype(np.float32)
    classifier = xh.Classifier(model, preprocess=preprocess, input_shape=shape)
    plain = xh.Classifier(model)
    assert list(classifier.layers) == list(plain.layers) == [layer.name for layer in model.layers[1:]]
    assert classifier.spatial_layers() == plain.spatial_layers() == ["maps"]
    x = tf.convert_to_tensor(preprocess(picture[None]))
    with tf.GradientTape() as tape:
        maps = model.layers[1](x)
        tape.watch(maps)
        score = (model.layers[2](maps) @ model.layers[-1].kernel)[0, 1]
    weights = tf.reduce_mean(tape.gradient(score, maps)[0], (0, 1)).numpy()
    expected = maps.numpy()[0] @ weights
    found = xh.grad_cam(classifier, picture, 1, relu=False).details["coarse"]
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_a_picture_can_be_grown_through_what_only_scales_and_else_says_how():
    model = network()
    for name in ("astype", "a loop"):
        xh.activation_maximization(xh.Classifier(model, preprocess=WRITTEN[name]), 1, steps=2, size=8)
    gamma = xh.Classifier(model, preprocess=lambda x: np.sqrt(np.abs(np.asarray(x)) / 255) * 2 - 1)
    with pytest.raises(ValueError, match=r"keras\.ops, such as lambda x: x / 127\.5 - 1"):
        xh.activation_maximization(gamma, 1, steps=2, size=8)
    again = xh.Classifier(model, preprocess=lambda x: keras.ops.sqrt(keras.ops.abs(x) / 255) * 2 - 1)
    xh.activation_maximization(again, 1, steps=2, size=8)
    np.testing.assert_allclose(gamma.gradients(BATCH, 1).gradients, again.gradients(BATCH, 1).gradients, rtol=1e-4, atol=1e-6)


def resized(x):
    return tf.image.resize(x, (8, 8)) / 127.5 - 1


def test_maps_have_the_size_of_the_image_that_is_resized_inside():
    model, photo = network(), networks.image(24)[:, :20].astype(np.float32)
    classifier = xh.Classifier(model, preprocess=resized, input_shape=(24, 20, 3))
    np.testing.assert_allclose(classifier.probabilities(photo), model(resized(photo[None])), atol=1e-6)
    found, expected = xh.saliency(classifier, photo, 1), gradient_at_image(model, resized, photo[None])
    np.testing.assert_allclose(found.details["gradient"], expected[0], atol=1e-4 * np.abs(expected).max())
    for method in ("saliency", "integrated_gradients", "guided_backprop", "deep_shap", "grad_cam", "hires_cam", "occlusion"):
        assert xh.METHODS[method].function(classifier, photo, 1).heatmap.shape == (24, 20), method
    gap = xh.deep_shap(classifier, photo, 1, background="black")
    assert abs(gap.details["completeness_gap"]) < 1e-4 * np.abs(gap.heatmap).sum()
    any_size = xh.Classifier(model, preprocess=resized, input_shape=(None, None, 3))
    np.testing.assert_allclose(any_size.probabilities(photo), classifier.probabilities(photo), atol=1e-6)
    np.testing.assert_allclose(xh.saliency(any_size, photo, 1).heatmap, found.heatmap, atol=1e-6)


def test_resizing_outside_of_the_graph_says_what_to_do():
    from PIL import Image

    def by_pillow(x):
        return np.stack([np.asarray(Image.fromarray(each.astype(np.uint8)).resize((8, 8))) for each in np.asarray(x)]) / 127.5 - 1

    model, photo = network(), networks.image(24)
    classifier = xh.Classifier(model, preprocess=by_pillow, input_shape=(24, 24, 3))
    np.testing.assert_allclose(classifier.probabilities(photo), model(by_pillow(photo[None])), atol=1e-6)
    for method in ("saliency", "guided_backprop", "deep_shap", "integrated_gradients"):
        with pytest.raises(ValueError, match=r"tf\.image"):
            xh.METHODS[method].function(classifier, photo, 1)
    assert xh.occlusion(classifier, photo, 1).heatmap.shape == (24, 24)
    assert xh.grad_cam(classifier, photo, 1).heatmap.shape == (24, 24)  # a stretched map needs no gradient of the image
    # The two ways out.
    xh.saliency(xh.Classifier(model, preprocess=resized, input_shape=(24, 24, 3)), photo, 1)
    small = np.asarray(Image.fromarray(photo).resize((8, 8)))
    xh.saliency(xh.Classifier(model, preprocess=lambda x: x / 127.5 - 1), small, 1)


@pytest.mark.parametrize(
    "move",
    [
        lambda x: x[:, ::-1],
        lambda x: x[:, :, ::-1],
        lambda x: tf.image.resize(tf.image.central_crop(x, 0.75), (8, 8)),
        lambda x: tf.image.rot90(x),
    ],
    ids=["upside down", "mirrored", "cropped", "turned"],
)
def test_an_image_that_is_moved_inside(move):
    model = network()
    preprocess = lambda x: move(x) / 127.5 - 1  # noqa: E731
    classifier = xh.Classifier(model, preprocess=preprocess)
    expected = gradient_at_image(model, preprocess, BATCH)
    np.testing.assert_allclose(classifier.gradients(BATCH, 1).gradients, expected, atol=1e-4 * np.abs(expected).max())
    with pytest.raises(ValueError, match="crops, turns or moves the image"):
        xh.grad_cam(classifier, IMAGE, 1)
    ready = np.asarray(move(BATCH[:1]))[0]
    xh.grad_cam(xh.Classifier(model, preprocess=lambda x: x / 127.5 - 1), ready, 1)


def test_channels_first():
    i = keras.Input((3, 8, 8))
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="maps")(L.Permute((2, 3, 1))(i))
    x = L.Permute((3, 1, 2), name="first")(x)
    x = L.GlobalAveragePooling2D(data_format="channels_first")(x)
    model = networks.fixed(keras.Model(i, L.Dense(3, activation="softmax")(x)))
    with pytest.raises(ValueError, match="channels first"):
        xh.Classifier(model)
    classifier = xh.Classifier(model, preprocess=lambda x: keras.ops.transpose(x, (0, 3, 1, 2)))  # as the sentence says
    twin = xh.Classifier(networks.fixed(network()))
    np.testing.assert_allclose(classifier.probabilities(BATCH), twin.probabilities(BATCH), atol=1e-6)
    for method in ("saliency", "guided_backprop", "deep_shap", "integrated_gradients", "grad_cam", "hires_cam"):
        ours, theirs = (xh.METHODS[method].function(each, IMAGE, 1).heatmap for each in (classifier, twin))
        np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max(), err_msg=method)
    assert xh.grad_cam(classifier, IMAGE, 1).details["layer"] == "first"
    account, plain = (xh.channel_account(each, IMAGE, 1, top=2) for each in (classifier, twin))
    np.testing.assert_allclose(account.contributions, plain.contributions, rtol=1e-4)
    np.testing.assert_allclose(xh.silence(classifier, IMAGE, [1]), xh.silence(twin, IMAGE, [1]), rtol=1e-4)


def test_a_mean_over_the_image_is_not_pixel_by_pixel():
    standardised = lambda x: (x - tf.reduce_mean(x, (1, 2, 3), keepdims=True)) / 128  # noqa: E731
    model = network()
    classifier = xh.Classifier(model, preprocess=standardised)
    expected = gradient_at_image(model, standardised, BATCH)
    np.testing.assert_allclose(classifier.gradients(BATCH, 1).gradients, expected, atol=1e-4 * np.abs(expected).max())


def test_a_grey_network_behind_a_preprocessing_for_colour():
    model, grey = network((8, 8, 1)), lambda x: tf.image.rgb_to_grayscale(x) / 127.5 - 1
    classifier = xh.Classifier(model, preprocess=grey)
    assert classifier.input_shape == (8, 8, 3)
    expected = gradient_at_image(model, grey, BATCH)
    np.testing.assert_allclose(classifier.gradients(BATCH, 1).gradients, expected, atol=1e-4 * np.abs(expected).max())
    for method in ("saliency", "integrated_gradients", "deep_shap", "guided_backprop", "grad_cam"):
        assert np.isfinite(xh.METHODS[method].function(classifier, IMAGE, 1).heatmap).all(), method


REFUSED = {
    "random": (lambda x: x + np.random.default_rng().normal(size=np.shape(x)), "another result each time"),
    "nothing": (lambda x: None, "expected"),
    "one image": (lambda x: x[0], "expected as many images"),
    "an error": (lambda x: x / unknown, "NameError"),  # noqa: F821
    "another size": (lambda x: x[:, :4], r"makes \(4, 8, 3\) of images \(8, 8, 3\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_preprocessing_that_can_not_be_right(name):
    function, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        xh.Classifier(network(), preprocess=function)
