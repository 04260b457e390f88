"""Saliency, SmoothGrad and integrated gradients: closed forms first, then a real network."""

import gc

import keras
import networks
import numpy as np
import psutil
import pytest
from keras import layers
from scipy.integrate import simpson

import xaihelpers as xh

SHAPE = (6, 5, 3)


def image(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


def linear(head="linear", preprocess=None):
    """Return (classifier, weights (H, W, 3, C)) of a network whose logits are linear in its input."""
    i = keras.Input(SHAPE)
    dense = layers.Dense(4, activation=head)
    model = keras.Model(i, dense(layers.Flatten()(i)))
    weights = np.random.default_rng(5).normal(size=(90, 4)).astype(np.float32)
    dense.set_weights([weights, np.arange(4, dtype=np.float32)])
    return xh.Classifier(model, preprocess=preprocess), weights.reshape(*SHAPE, 4)


def curved():
    """Return a classifier that is not linear: two convolutions with ReLU."""
    keras.utils.set_random_seed(8)
    i = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, activation="relu")(layers.Conv2D(8, 3, activation="relu")(i))
    model = keras.Model(i, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    return xh.Classifier(model, preprocess=lambda x: x / 127.5 - 1)


def test_saliency_of_a_linear_network_is_its_weights():
    classifier, w = linear("softmax")
    for target in range(4):
        found = xh.saliency(classifier, image(), target)
        np.testing.assert_allclose(found.heatmap, np.abs(w[..., target]).max(axis=-1), rtol=1e-6)
        np.testing.assert_allclose(found.details["gradient"], w[..., target], rtol=1e-6)


def test_gradient_times_input_of_a_linear_network():
    classifier, w = linear(preprocess=lambda x: x / 255)
    found = xh.saliency(classifier, image(), 2, times_input=True)
    np.testing.assert_allclose(found.heatmap, (w[..., 2] * image() / 255).sum(axis=-1), rtol=1e-4, atol=1e-6)
    # They add up to the logit without its bias: the network is linear.
    assert found.heatmap.sum() == pytest.approx(classifier.logits(image())[0, 2] - 2, abs=1e-4)


def test_smoothgrad_of_a_linear_network_is_its_weights_whatever_the_noise():
    classifier, w = linear()
    found = xh.saliency(classifier, image(), 1, noise=0.5, samples=7, batch_size=3)
    np.testing.assert_allclose(found.details["gradient"], w[..., 1], rtol=1e-5)


def test_smoothgrad_of_a_square_is_the_gradient_at_the_mean_of_the_noisy_images():
    # f = sum x^2 / 2, whose gradient is x: the mean gradient is x + the mean noise, so the noise itself is seen.
    i = keras.Input(SHAPE)
    score = layers.Flatten()(keras.ops.square(i))
    model = keras.Model(i, layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.5))(score))
    classifier, picture = xh.Classifier(model), image()
    spread = 0.2 * (picture.max() - picture.min())
    one = xh.saliency(classifier, picture, 0, noise=0.2, samples=1).details["gradient"] - picture
    assert one.std() == pytest.approx(spread, rel=0.2)
    many = xh.saliency(classifier, picture, 0, noise=0.2, samples=400).details["gradient"] - picture
    assert many.std() == pytest.approx(spread / 20, rel=0.2)


def test_the_noise_is_a_share_of_the_range_not_of_the_maximum():
    i = keras.Input(SHAPE)  # f = sum x^2 / 2, whose gradient is x: one noisy image is seen as it is
    dense = layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.5))
    classifier = xh.Classifier(keras.Model(i, dense(layers.Flatten()(keras.ops.square(i)))))
    picture = image() / 4 + 150  # from 150 to about 214
    for seed in (0, 3):
        noise = np.random.default_rng(seed).standard_normal((2, *SHAPE), dtype=np.float32).mean(axis=0)
        found = xh.saliency(classifier, picture, 0, noise=0.2, samples=2, seed=seed).details["gradient"]
        np.testing.assert_allclose(found - picture, 0.2 * (picture.max() - picture.min()) * noise, atol=1e-3)


def test_smoothgrad_depends_on_its_seed_and_on_nothing_else():
    classifier, picture = curved(), image(1, (16, 16, 3))
    options = dict(noise=0.2, samples=10)
    one = xh.saliency(classifier, picture, **options, seed=3, batch_size=4)
    other_batches = xh.saliency(classifier, picture, **options, seed=3, batch_size=32)
    other_seed = xh.saliency(classifier, picture, **options, seed=4)
    np.testing.assert_allclose(one.heatmap, other_batches.heatmap, rtol=1e-4)
    assert not np.allclose(one.heatmap, other_seed.heatmap, rtol=1e-2)
    again = xh.METHODS["saliency"].function(classifier, one.image, one.target, **one.parameters)
    np.testing.assert_array_equal(one.heatmap, again.heatmap)


@pytest.mark.parametrize("baseline", [0, 127, (10, 200, 30), "mean", "blur", image(9)])
def test_integrated_gradients_of_a_linear_network_is_weight_times_distance(baseline):
    classifier, w = linear(preprocess=lambda x: x / 127.5 - 1)
    found = xh.integrated_gradients(classifier, image(), 3, baseline=baseline, steps=5)
    distance = (image() - found.details["baseline"]) / 127.5
    np.testing.assert_allclose(found.details["values"], w[..., 3] * distance, rtol=1e-3, atol=1e-5)
    assert abs(found.details["completeness_gap"]) < 1e-3
    if isinstance(baseline, (int, tuple)):
        np.testing.assert_array_equal(found.details["baseline"], np.broadcast_to(np.float32(baseline), SHAPE))
    if isinstance(baseline, str) and baseline == "mean":
        np.testing.assert_allclose(found.details["baseline"][0, 0], image().mean(axis=(0, 1)), rtol=1e-5)


def test_integrated_gradients_of_a_square():
    # f = sum x^2 / 2 from 0: the contribution of a pixel is x^2 / 2, exactly (the trapezoidal rule is exact on lines).
    i = keras.Input(SHAPE)
    model = keras.Model(
        i, layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.5))(layers.Flatten()(keras.ops.square(i)))
    )
    found = xh.integrated_gradients(xh.Classifier(model, preprocess=lambda x: x / 255), image(), 0, baseline=0, steps=3)
    np.testing.assert_allclose(found.details["values"], (image() / 255) ** 2 / 2, rtol=1e-4, atol=1e-6)


def test_a_saturated_relu_has_no_gradient_but_integrated_gradients():
    # f = 1 - relu(1 - x), the example of the paper's section 1: at x = 2 the gradient is 0, the contribution is 1.
    i = keras.Input((1, 1, 3))
    x = keras.ops.relu(1 - i / 1.0)
    model = keras.Model(i, layers.Dense(2, name="out")(layers.Flatten()(x)))
    model.get_layer("out").set_weights([-np.ones((3, 2), np.float32), np.ones(2, np.float32)])
    picture = np.float32([[[2, 0, 0]]])
    np.testing.assert_array_equal(xh.saliency(xh.Classifier(model), picture, 0).details["gradient"].ravel(), [0, 1, 1])
    found = xh.integrated_gradients(xh.Classifier(model), picture, 0, baseline=0, steps=64)
    np.testing.assert_allclose(found.details["values"].ravel(), [1, 0, 0], atol=0.01)


def test_integrated_gradients_of_a_probability_add_up_to_the_probability():
    # p = 1 / (1 + exp(-z)) along the way: of each pixel the share that its weight has in z, times p(image) - p(baseline).
    classifier, w = linear("softmax", preprocess=lambda x: x / 2550)
    found = xh.integrated_gradients(classifier, image(), 1, baseline=0, steps=64, of="probability")
    p = classifier.probabilities(np.stack([np.zeros(SHAPE, np.float32), image().astype(np.float32)]))[:, 1]
    assert found.details["scores"][[0, -1]] == pytest.approx(p, abs=1e-6)
    assert found.heatmap.sum() == pytest.approx(p[1] - p[0], abs=1e-4) and abs(p[1] - p[0]) > 0.01
    # The integral of the gradient, by Simpson's rule over even steps.
    alphas = np.linspace(0, 1, 201)
    z = np.array([classifier.logits(np.float32(alpha * image()))[0] for alpha in alphas[[0, -1]]])
    z = z[0] + alphas[:, None] * (z[1] - z[0])
    shares = np.exp(z - z.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    along = shares[:, 1, None, None, None] * (w[..., 1] - np.einsum("hwck,nk->nhwc", w, shares))
    expected = simpson(along, x=alphas, axis=0) * image() / 2550
    np.testing.assert_allclose(found.details["values"], expected, atol=2e-4 * np.abs(expected).max() + 1e-6)


@pytest.fixture(scope="module")
def efficientnet():
    return xh.load_classifier("efficientnet-lite0")


@pytest.mark.parametrize(("photo", "baseline"), [("chelsea", 0), ("astronaut", "blur")])
def test_integrated_gradients_add_up_on_a_real_network(efficientnet, photo, baseline):
    found = xh.integrated_gradients(efficientnet, xh.sample_photo(photo, 224), baseline=baseline, steps=64)
    details = found.details
    difference = details["scores"][-1] - details["scores"][0]
    assert details["values"].sum() == pytest.approx(difference, rel=0.01)
    assert len(details["alphas"]) == 65 and details["alphas"][0] == 0 and details["alphas"][-1] == 1
    p = xh.Classifier.logits(efficientnet, details["baseline"])[0, found.target]
    assert details["scores"][0] == pytest.approx(p, abs=1e-3)
    assert (found.forward_passes, found.backward_passes) == (65, 65)


def test_too_few_steps_are_said_to_be_too_few(efficientnet):
    with pytest.warns(xh.DiagnosticWarning, match="take more than 2 steps"):
        xh.integrated_gradients(efficientnet, xh.sample_photo("chelsea", 224), steps=2)


def test_a_saturated_softmax_is_said():
    classifier, _w = linear("softmax")
    picture = image()
    z = classifier.logits(picture)[0]
    top = int(z.argmax())
    p = classifier.probabilities(picture)[0, top]
    assert p > 0.999
    with pytest.warns(xh.DiagnosticWarning, match="saturated"):
        found = xh.saliency(classifier, picture, of="probability")
    assert found.heatmap.max() < 1e-3 * xh.saliency(classifier, picture).heatmap.max()
    assert found.details["probability"] == pytest.approx(p)


def test_the_gradient_of_a_probability_is_that_of_the_softmax():
    classifier, w = linear("softmax", preprocess=lambda x: x / 2550)
    p = classifier.probabilities(image())[0]
    expected = p[1] * (w[..., 1] - w @ p)
    found = xh.saliency(classifier, image(), 1, of="probability").details["gradient"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_passes_are_counted():
    classifier = curved()
    picture = image(1, (16, 16, 3))

    def passes(found):
        return found.forward_passes, found.backward_passes

    assert passes(xh.saliency(classifier, picture)) == (1, 1)  # the predicted class costs no pass of its own
    assert passes(xh.saliency(classifier, picture, 2, times_input=True)) == (1, 1)
    assert passes(xh.saliency(classifier, picture, noise=0.1, samples=9)) == (10, 10)
    assert passes(xh.saliency(classifier, picture, noise=0, samples=9)) == (1, 1)
    assert passes(xh.integrated_gradients(classifier, picture, steps=12)) == (13, 13)
    assert xh.saliency(classifier, picture).target == classifier.class_index(None, picture)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 16, 50])
def test_any_number_of_steps(steps):
    found = xh.integrated_gradients(curved(), image(1, (16, 16, 3)), steps=steps)
    assert len(found.details["alphas"]) == steps + 1 and (np.diff(found.details["alphas"]) > 0).all()


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("saliency", {"noise": -0.1}, "noise is -0.1"),
        ("saliency", {"noise": "much"}, "noise is 'much'"),
        ("saliency", {"noise": np.nan}, "noise is nan"),
        ("saliency", {"samples": 0}, "samples is 0"),
        ("saliency", {"samples": 2.5}, "samples is 2.5"),
        ("saliency", {"of": "score"}, "'logit' or 'probability'"),
        ("integrated_gradients", {"steps": 0}, "steps is 0"),
        ("integrated_gradients", {"baseline": "grey"}, "baseline is 'grey'"),
        ("integrated_gradients", {"baseline": -1}, "baseline is -1"),
        ("integrated_gradients", {"baseline": 256}, "baseline is 256"),
        ("integrated_gradients", {"baseline": (1, 2)}, r"baseline is \(1, 2\)"),
        ("integrated_gradients", {"baseline": np.zeros((2, 2, 3))}, r"shape \(2, 2, 3\)"),
        ("integrated_gradients", {"baseline": None}, "baseline is None"),
    ],
)
def test_bad_arguments_are_refused_before_any_network_runs(method, options, message):
    classifier, _ = linear()
    with pytest.raises(ValueError, match=message), classifier.measure() as cost:
        getattr(xh, method)(classifier, image(), 0, **options)
    assert cost().forward_passes == 0


def test_two_hundred_calls_do_not_grow_memory():
    classifier, picture = curved(), image(1, (16, 16, 3))
    calls = [
        lambda k: xh.saliency(classifier, picture, k % 3),
        lambda k: xh.saliency(classifier, picture, noise=0.1, samples=1 + k % 5),
        lambda k: xh.integrated_gradients(classifier, picture, k % 3, steps=1 + k % 7),
        lambda k: xh.guided_backprop(classifier, picture, k % 3),
    ]
    for call in calls * 3:
        call(1)
    gc.collect()
    before = psutil.Process().memory_info().rss
    for k in range(200):
        calls[k % 4](k)
    gc.collect()
    assert psutil.Process().memory_info().rss - before < 20e6


def test_vargrad_is_the_variance_of_the_gradients_whose_mean_is_smoothgrad():
    classifier = xh.Classifier(networks.sequential_network())
    picture, random = networks.image(), np.random.default_rng(0)
    noisy = picture + 0.3 * np.float64(np.ptp(picture)) * random.standard_normal((20, *picture.shape), dtype=np.float32)
    gradients = classifier.gradients(noisy.astype(np.float32), 1, checked=True).gradients.astype(float)
    found = xh.saliency(classifier, picture, 1, noise=0.3, samples=20, variance=True, batch_size=7)
    np.testing.assert_allclose(found.details["gradient"], gradients.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.heatmap, gradients.var(axis=0).max(axis=-1), rtol=1e-3, atol=1e-9)
    assert found.title == "VarGrad" and found.heatmap.any()
    for few in ({}, {"noise": 0.3}):
        with pytest.warns(xh.DiagnosticWarning, match="One gradient has no variance"):
            assert not xh.saliency(classifier, picture, 1, variance=True, **few).heatmap.any()
    with pytest.raises(ValueError, match="choose one of them"):
        xh.saliency(classifier, picture, 1, variance=True, times_input=True)
