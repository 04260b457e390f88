"""Images of one channel, and of more than three: every technique that can."""

import warnings

import keras
import networks
import numpy as np
import pytest
from keras import layers as L

import xaihelpers as xh
from xaihelpers._quiet import without_warnings

FEW = {
    "lime": {"n_samples": 40, "segments": "grid", "n_segments": 9},
    "shapley": {"n_samples": 40, "segments": "grid", "n_segments": 9},
    "extremal_perturbation": {"steps": 4},
    "anchors": {"segments": "grid", "n_segments": 9, "max_questions": 300},
    "rise": {"n_masks": 40},
    "integrated_gradients": {"steps": 16},
    "activation_maximization": {"steps": 3},
    "deep_dream": {"steps": 2, "octaves": 1},
    "occlusion": {"patch": 7, "stride": 7},
}


def network(channels, size=28):
    """What most learners train first: convolutions and pooling for digits of 28 x 28."""
    keras.utils.set_random_seed(3)
    i = keras.Input((size, size, channels))
    x = L.Rescaling(1 / 255)(i)
    for filters in (8, 16):
        x = L.MaxPooling2D()(L.Conv2D(filters, 3, activation="relu", kernel_initializer="he_normal")(x))
    return keras.Model(i, L.Dense(10, activation="softmax")(L.Flatten()(x)))


def digit(channels=None, size=28):
    picture = np.zeros((size, size), np.uint8)
    picture[5:23, 12:16] = 255
    picture[9:12, 8:20] = 130
    return picture if channels is None else np.repeat(picture[..., None], channels, axis=-1)


def run(name, classifier, image, target=3):
    options = FEW.get(name, {})
    with without_warnings():
        if name == "activation_maximization":
            return xh.activation_maximization(classifier, target, **options)
        if name == "deep_dream":
            return xh.deep_dream(classifier, np.kron(image, np.ones((2, 2) + (1,) * (image.ndim - 2), image.dtype)), **options)
        target = None if name == "anchors" else target
        return xh.METHODS[name].function(classifier, image, target, **options)


@pytest.fixture(scope="module")
def grey():
    return xh.Classifier(network(1))


@pytest.mark.parametrize("name", list(xh.METHODS))
def test_every_technique_takes_grey_arrays_in_either_shape(name, grey):
    flat, deep = digit(), digit(1)
    a, b = run(name, grey, flat), run(name, grey, deep)
    if isinstance(a, xh.Attribution):
        assert a.heatmap.shape == (28, 28) and np.isfinite(a.heatmap).all() and (np.ptp(a.heatmap) > 0 or a.diagnostics)
        np.testing.assert_array_equal(a.heatmap, b.heatmap)
        assert a.image.shape == (28, 28) and b.image.shape == (28, 28, 1)
        again = xh.METHODS[name].function(grey, a.image, a.target, **a.parameters)
        np.testing.assert_array_equal(again.heatmap, a.heatmap)
    else:
        assert a.image.shape[-1] == 1 and np.ptp(a.image) > 0
    for each in (a, b):
        assert "<img" in xh.show(each)._repr_html_()


def test_the_saliency_of_a_grey_network_is_the_tapes(grey):
    import tensorflow as tf

    x = tf.constant(digit(1)[None].astype(np.float32))
    body, head = keras.Model(grey.model.inputs, grey.model.layers[-1].input), grey.model.layers[-1]
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = (body(x) @ head.kernel + head.bias)[0, 3]
    expected = np.abs(tape.gradient(z, x).numpy())[0, ..., 0]
    np.testing.assert_allclose(xh.saliency(grey, digit(), 3).heatmap, expected, atol=1e-5 * expected.max())


def test_what_grey_images_may_be(grey):
    batch = np.stack([digit(), digit() // 2])
    p = grey.probabilities(batch)
    np.testing.assert_allclose(p, grey.model(batch[..., None].astype(np.float32)), atol=1e-6)
    np.testing.assert_allclose(p[:1], grey.probabilities(digit()), atol=1e-6)
    np.testing.assert_array_equal(grey.probabilities(digit()), grey.probabilities(digit(3)))  # grey, stored as RGB
    with pytest.raises(ValueError, match=r"in colour.*image\.mean"):
        grey.probabilities(colour := networks.image(28))
    grey.probabilities(colour.mean(axis=-1))
    with pytest.raises(ValueError, match="expected a grey array"):
        grey.probabilities(np.zeros((28, 28, 2)))


def test_files_of_grey_images(grey, tmp_path):
    from PIL import Image

    Image.fromarray(digit()).save(tmp_path / "digit.png")
    loaded = xh.load_image(tmp_path / "digit.png", channels=1)
    np.testing.assert_array_equal(grey.logits(loaded), grey.logits(digit()))
    np.testing.assert_array_equal(grey.logits(xh.load_image(tmp_path / "digit.png")), grey.logits(digit()))


@pytest.mark.parametrize("channels", [2, 4, 6])
def test_more_channels(channels):
    classifier = xh.Classifier(network(channels))
    image = np.random.default_rng(1).integers(0, 256, (28, 28, channels), dtype=np.uint8)
    for name in xh.METHODS:
        found = run(name, classifier, image)
        if isinstance(found, xh.Attribution):
            assert found.heatmap.shape == (28, 28) and np.isfinite(found.heatmap).all(), name
            assert np.ptp(found.heatmap) > 0 or found.diagnostics, name
        else:
            assert found.image.shape[-1] == channels
        assert "<img" in xh.show(found)._repr_html_()
    with pytest.raises(ValueError, match=rf"an array \(H, W, {channels}\)"):
        xh.saliency(classifier, digit(3))


def test_metrics_take_grey(grey):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = xh.saliency(grey, digit(), 3)
        assert 0 <= float(xh.metrics.deletion(grey, found, steps=4)) <= 1
        assert 0 <= float(xh.metrics.insertion(grey, found, steps=4, baseline="blur")) <= 1
        assert np.isfinite(xh.metrics.stability(grey, "saliency", digit(), 3, repeats=1))
        xh.metrics.model_randomisation(grey, "saliency", digit(), 3, stages=1)


def test_sliders_show_grey(grey):
    xh.explore("occlusion", grey, digit(), target=3, patch=[7, 14], stride=7).sweep()
