"""Extremal perturbation: the best cells of a linear network, the one patch that a class depends on, and what it says else."""

import keras
import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.methods.extremal_perturbation import AREAS, _between
from xaihelpers.methods.shared.fills import fill_image

EDGE = 16
RNG = np.random.default_rng(2)
IMAGE = RNG.uniform(40, 255, (EDGE, EDGE, 3)).astype(np.float32)
PATCH = np.s_[4:8, 8:12]


def dense(*weights, activation="softmax"):
    """A network of dense layers on the pixels, ReLU between them: weights and biases, layer by layer."""
    image = keras.Input((EDGE, EDGE, 3))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    for k, (kernel, _) in enumerate(weights):
        x = keras.layers.Dense(kernel.shape[1], activation=activation if k == len(weights) - 1 else "relu")(x)
    model = keras.Model(image, x)
    model.set_weights([part for pair in weights for part in pair])
    return xh.Classifier(model, class_names=["yes", "no"])


def linear(of_pixels, bias=0.0):
    kernel = np.stack([np.ravel(of_pixels), 0 * np.ravel(of_pixels)], axis=1)
    return dense((kernel, np.array([bias, 0.0])))


@pytest.mark.parametrize("kept", [3, 11, 40])
def test_on_a_linear_network_the_mask_is_the_cells_that_add_most(kept):
    weights = RNG.normal(0, 1, (EDGE, EDGE, 3))
    with xh.without_warnings():
        found = xh.extremal_perturbation(linear(weights, -9), IMAGE, "yes", area=kept / 64, grid=8, fill="black", steps=150)
    between = _between(EDGE, 8)
    worth = between.T @ (weights * IMAGE / 255).sum(axis=2) @ between
    best = np.zeros(64)
    best[np.argsort(-worth.ravel())[:kept]] = 1
    np.testing.assert_allclose(found.heatmap, between @ best.reshape(8, 8) @ between.T, atol=0.03)
    reached = -9 + (found.heatmap[..., None] * IMAGE / 255 * weights).sum()
    assert found.details["kept"][0] == pytest.approx(1 / (1 + np.exp(-reached)), rel=1e-4)


def test_where_a_class_depends_on_one_patch_the_mask_is_that_patch():
    """Two layers, which see the patch alone: nothing outside is kept."""
    first = np.zeros((EDGE, EDGE, 3, 6))
    first[PATCH] = RNG.uniform(0.02, 0.2, (4, 4, 3, 6))
    second = np.stack([RNG.uniform(0.5, 1, 6), np.zeros(6)], axis=1)
    network = dense((first.reshape(-1, 6), -0.3 * np.ones(6)), (second, np.array([-4.0, 0])))
    found = xh.extremal_perturbation(network, IMAGE, "yes", area=16 / EDGE**2, grid=EDGE, fill="black", steps=60)
    patch = np.zeros((EDGE, EDGE), bool)
    patch[PATCH] = True
    assert np.array_equal(found.heatmap > 0.5, patch) and found.heatmap[~patch].max() < 0.05
    assert found.details["kept"][0] == pytest.approx(found.details["probability"], rel=0.01)
    assert found.details["smallest"] == pytest.approx(16 / EDGE**2) and found.diagnostics == ()


@pytest.fixture(scope="module")
def rash():
    return xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[90]


def test_on_rashnet_the_masks_are_better_than_chance_and_are_what_is_said_of_them(rash):
    network, image = rash
    with xh.without_warnings():
        found = xh.extremal_perturbation(network, image)
    details, behind = found.details, fill_image(image, "blur")
    assert (found.forward_passes, found.backward_passes) == (125, 125)
    assert details["masks"].shape == (4, 128, 128) and details["masks"].min() >= 0 and details["masks"].max() <= 1
    np.testing.assert_allclose(details["masks"].mean(axis=(1, 2)), AREAS, atol=1e-5)
    np.testing.assert_allclose(found.heatmap, details["masks"].mean(axis=0), atol=1e-6)

    def seen(masks):
        return behind + masks[..., None] * (image - behind)

    np.testing.assert_allclose(network.probabilities(seen(details["masks"]))[:, found.target], details["kept"], atol=1e-3)
    logits = network.logits(seen(details["masks"]))[:, found.target]
    np.testing.assert_allclose(logits, details["scores"][:, 12:].max(axis=1), rtol=1e-3)  # the first 12 go there
    # Masks of the same size and smoothness that know nothing.
    random, between = np.random.default_rng(0), _between(128, 16)
    for area, logit in zip(AREAS, logits):
        cells = random.permuted(np.tile(np.arange(256) < round(256 * area), (32, 1)), axis=1).reshape(32, 16, 16)
        assert logit > network.logits(seen(between @ cells.astype(np.float32) @ between.T))[:, found.target].max() + 0.5


def test_the_same_seed_gives_the_same_masks_and_its_parameters_again(rash):
    network, image = rash
    options = dict(area=0.2, steps=8, grid=8)
    with xh.without_warnings():
        one, two, other = (xh.extremal_perturbation(network, image, seed=seed, **options) for seed in (3, 3, 4))
        again = xh.extremal_perturbation(network, image, one.target, **one.parameters)
    assert np.array_equal(one.heatmap, two.heatmap) and np.array_equal(one.heatmap, again.heatmap)
    assert not np.array_equal(one.heatmap, other.heatmap)


def test_of_the_probability_and_with_another_fill(rash):
    network, image = rash
    with xh.without_warnings():
        found = xh.extremal_perturbation(network, image, area=0.4, steps=8, of="probability", fill="mean")
    assert found.details["scores"][0, 0] == pytest.approx(found.details["probability"], abs=1e-4)
    assert found.details["scores"][0, 4:].max() == pytest.approx(found.details["kept"][0], abs=1e-5)


def test_what_is_said_where_no_mask_keeps_the_class_and_where_nothing_moves_it():
    with pytest.warns(xh.DiagnosticWarning, match="No mask that keeps 40% of the image was found"):
        found = xh.extremal_perturbation(linear(np.ones((EDGE, EDGE, 3)), -900), IMAGE, "yes", steps=4)
    assert found.details["smallest"] is None and found.heatmap.any()
    with pytest.warns(xh.DiagnosticWarning, match="No part of the image moves the class"):
        found = xh.extremal_perturbation(linear(np.zeros((EDGE, EDGE, 3)), 1), IMAGE, "yes", steps=4)
    assert not found.heatmap.any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"area": 0}, "area is 0"),
        ({"area": 1}, "area is 1"),
        ({"area": np.nan}, "area is nan"),
        ({"grid": 17}, "shorter edge 16 pixels"),
        ({"grid": 1}, "grid is 1"),
        ({"steps": 0}, "steps is 0"),
        ({"fill": "pink"}, "give 'mean'"),
        ({"of": "log"}, "of is 'log'"),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, words):
    with pytest.raises(ValueError, match=words) as caught:
        xh.extremal_perturbation(linear(np.ones((EDGE, EDGE, 3))), IMAGE, **arguments)
    assert "\n" not in str(caught.value)


def test_a_plain_function_has_no_gradients():
    with pytest.raises(TypeError, match="needs gradients"):
        xh.extremal_perturbation(xh.Classifier(lambda x: np.tile([0.2, 0.8], (len(x), 1))), IMAGE)
