"""Expected gradients: the closed form on a linear network, the sum within its own error, and each sample by a tape."""

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf

import xaihelpers as xh
from xaihelpers.methods.expected_gradients import _doubts

IMAGE = networks.image()
OTHERS = np.stack([networks.image(seed=seed) for seed in range(1, 6)])


def linear():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()])
    model.add(keras.layers.Dense(3))
    return networks.fixed(model)


def curved(seed=0):
    """A network whose gradient changes everywhere on the way from one image to another."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(4 / 255, offset=-2),
            keras.layers.Conv2D(6, 3, activation="tanh"),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )


@pytest.mark.parametrize("samples", [2, 7, 64])
def test_on_a_linear_network_it_is_weight_times_difference_whatever_is_drawn(samples):
    model = linear()
    kernel = model.layers[-1].kernel.numpy().reshape(8, 8, 3, 3)
    found = xh.expected_gradients(xh.Classifier(model, outputs="logits"), IMAGE, 1, background="black", samples=samples)
    expected = kernel[..., 1] * IMAGE / 255
    np.testing.assert_allclose(found.details["values"], expected, atol=1e-5)
    np.testing.assert_allclose(found.heatmap, expected.sum(axis=-1), atol=1e-5)
    assert found.details["standard_error"].max() < 1e-5 and abs(found.details["completeness_gap"]) < 1e-4
    assert (found.forward_passes, found.backward_passes) == (samples + 2, samples + 2)


def test_on_a_linear_network_backgrounds_are_averaged():
    model = linear()
    kernel = model.layers[-1].kernel.numpy().reshape(8, 8, 3, 3)
    for samples in (5, 20):  # each background as often as the others
        found = xh.expected_gradients(xh.Classifier(model, outputs="logits"), IMAGE, 2, background=OTHERS, samples=samples)
        np.testing.assert_allclose(found.details["values"], kernel[..., 2] * (IMAGE - OTHERS.mean(axis=0)) / 255, atol=1e-5)
    assert found.details["standard_error"].max() < 1e-5  # within a background all samples are the same


def test_each_sample_is_the_tapes_gradient_at_its_place():
    model = curved()
    found = xh.expected_gradients(xh.Classifier(model, outputs="logits"), IMAGE, 0, background=OTHERS, samples=23, batch_size=4)
    drawn, expected = found.details["drawn"], [[] for _ in OTHERS]
    assert np.ptp(np.bincount(drawn, minlength=5)) <= 1 and len(set(found.details["alphas"])) == 23
    for which, alpha in zip(drawn, found.details["alphas"]):
        x = tf.Variable((OTHERS[which] + alpha * (IMAGE.astype(float) - OTHERS[which]))[None], dtype=tf.float32)
        with tf.GradientTape() as tape:
            score = model(x)[0, 0]
        expected[which].append(tape.gradient(score, x).numpy()[0] * (IMAGE.astype(float) - OTHERS[which]))
    means = np.mean([np.mean(each, axis=0) for each in expected], axis=0)
    np.testing.assert_allclose(found.details["values"], means, atol=1e-4 * np.abs(means).max())
    within = [np.sum(each, axis=-1).var(axis=0, ddof=1) / len(each) for each in expected]
    np.testing.assert_allclose(found.details["standard_error"], np.sqrt(np.sum(within, axis=0)) / 5, rtol=1e-3)
    of_sums = [np.sum(each, axis=(1, 2, 3)).var(ddof=1) / len(each) for each in expected]
    assert found.details["gap_error"] == pytest.approx(np.sqrt(np.sum(of_sums)) / 5, rel=1e-3)
    logits = model(np.concatenate([IMAGE[None], OTHERS]).astype(np.float32)).numpy()[:, 0]
    assert found.details["logit"] == pytest.approx(logits[0], abs=1e-4)
    np.testing.assert_allclose(found.details["background_logits"], logits[1:], atol=1e-4)
    assert found.details["completeness_gap"] == pytest.approx(means.sum() - (logits[0] - logits[1:].mean()), abs=1e-3)


@pytest.mark.parametrize("background", ["greys", "noise", OTHERS])
def test_it_sums_to_the_difference_of_logits_within_its_own_error(background):
    """The gap, in its own standard errors, over forty seeds: about one, as a mean of samples must be, and seldom over two."""
    classifier = xh.Classifier(curved(), outputs="logits")
    with xh.without_warnings():
        found = [
            xh.expected_gradients(classifier, IMAGE, 1, background=background, samples=40, seed=s).details for s in range(40)
        ]
    # The background "noise" is another one for each seed, and so is the difference that is to be met.
    shares = np.array([each["completeness_gap"] / each["gap_error"] for each in found])
    assert 0.7 < np.sqrt((shares**2).mean()) < 1.4 and (np.abs(shares) < 2).mean() > 0.85 and np.abs(shares).max() < 4.5


def test_more_samples_come_nearer_to_integrated_gradients():
    classifier = xh.Classifier(curved(), outputs="logits")
    exact = xh.integrated_gradients(classifier, IMAGE, 1, baseline="black", steps=400).heatmap
    with xh.without_warnings():
        far = [
            np.abs(xh.expected_gradients(classifier, IMAGE, 1, background="black", samples=n).heatmap - exact).mean()
            for n in (8, 800)
        ]
    assert far[1] < far[0] / 4
    found = xh.expected_gradients(classifier, IMAGE, 1, background="black", samples=800)
    assert (np.abs(found.heatmap - exact) < 4 * found.details["standard_error"] + 1e-3 * np.abs(exact).max()).all()


def test_what_cannot_be_trusted_is_said():
    classifier = xh.Classifier(curved(), outputs="logits")
    with pytest.warns(xh.DiagnosticWarning, match="take more than 2 samples"):
        xh.expected_gradients(classifier, IMAGE, 1, samples=2)
    with pytest.warns(xh.DiagnosticWarning, match="zero everywhere"):
        xh.expected_gradients(classifier, IMAGE, 1, background=IMAGE, samples=4)
    with pytest.raises(ValueError, match="samples is 1"):
        xh.expected_gradients(classifier, IMAGE, samples=1)
    with pytest.raises(ValueError, match="background is 'gray'"):
        xh.expected_gradients(classifier, IMAGE, background="gray")


@pytest.mark.parametrize(
    ("gap", "error", "doubted"), [(0.0, 0.0, False), (0.3, 0.3, False), (0.5, 0.1, True), (-0.5, 0.1, True), (0.1, 0.5, True)]
)
def test_a_gap_alone_is_a_doubt_and_so_is_an_error_alone(gap, error, doubted):
    """Against a fifth of the difference, here 0.4."""
    details = {"completeness_gap": gap, "gap_error": error, "score": "logit"}
    assert len(list(_doubts(np.ones(3), -2.0, details, 7))) == doubted
