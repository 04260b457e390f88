"""Networks whose truth is known by construction: it is asserted against their weights, then techniques are held to it."""

import numpy as np
import pytest
import tensorflow as tf

import xaihelpers as xh
from xaihelpers.metrics import mass_inside, roc_area
from xaihelpers.zoo.quadrant import QUADRANTS, draw_grids, load_quadrant_network
from xaihelpers.zoo.wired import CELL, OFFSET, SIZE, WEIGHT, draw_wired, load_wired


@pytest.fixture(scope="module")
def wired():
    return load_wired()


@pytest.fixture(scope="module")
def discs():
    return draw_wired(8, seed=4)


def by_hand(image):
    """The logits of the wired network, in plain numpy: what its docstring says it adds up."""
    red, green, blue = np.moveaxis(image / 255.0, -1, 0)
    seen = {"red": np.maximum(red - green - 0.25, 0), "blue": np.maximum(blue - red - 0.25, 0)}
    return np.array([seen["red"][:, : SIZE // 2].sum(), seen["blue"].sum()]) * WEIGHT / CELL**2 + OFFSET


def test_the_wired_network_computes_what_it_says(wired, discs):
    assert wired.logits(discs.images) == pytest.approx(np.stack([by_hand(image) for image in discs.images]), abs=1e-4)


def test_its_weights_say_what_it_uses(wired):
    votes = wired.model.get_layer("classes").get_weights()[0].reshape(SIZE // CELL, SIZE // CELL, 4, 2)
    half = SIZE // CELL // 2
    assert (votes[:, :half, 0, 0] == np.float32(WEIGHT)).all() and not votes[:, half:, 0, 0].any()  # red: left only
    assert not votes[:, :, 1, 0].any() and not votes[:, :, 0, 1].any()  # blue says nothing of red, nor red of blue
    cells = wired.model.get_layer("cells").get_weights()[0]
    assert np.array_equal(cells[..., 2], cells[..., 3])  # two channels for yellow, the same to the bit,
    assert np.array_equal(votes[:, :, 2], -votes[:, :, 3]) and votes[:, :, 2].all()  # and as much for as against


def test_the_masks_are_what_the_weights_say(wired, discs):
    """A plain gradient tape on the model: nothing outside `used` moves the logit; painting it over moves nothing else."""
    images = tf.constant(discs.images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        p = wired.model(images)[:, 0]
        logit = tf.math.log(p / (1 - p))
    moved = (np.abs(tape.gradient(logit, images).numpy()) > 1e-9).any(-1)
    assert not (moved & ~discs.used).any() and (moved & discs.used).sum() > 0.95 * discs.used.sum()
    assert (discs.used.any((1, 2)) & discs.unused.any((1, 2))).all() and not (discs.used & discs.unused).any()
    without = np.where(discs.unused[..., None], 128, discs.images)
    assert wired.logits(without)[:, 0] == pytest.approx(wired.logits(discs.images)[:, 0], abs=1e-4)
    without = np.where(discs.used[..., None], 128, discs.images)
    assert wired.logits(without)[:, 0] == pytest.approx(np.full(8, OFFSET), abs=1e-4)


def scores(method, wired, discs, **parameters):
    found = [method(wired, image, 0, **parameters).heatmap for image in discs.images]
    return np.array([roc_area(*each) for each in zip(found, discs.used, discs.unused)])


def test_what_techniques_make_of_it(wired, discs):
    """The gradient is the truth here; guided backpropagation drops the half that cancels yellow, Grad-CAM the places."""
    assert (scores(xh.saliency, wired, discs) == 1).all()
    assert (scores(xh.hires_cam, wired, discs) > 0.99).all()
    for baseline in ("blur", "mean"):
        assert scores(xh.integrated_gradients, wired, discs, baseline=baseline).min() > 0.98
        assert scores(xh.deep_shap, wired, discs, background=baseline).min() > 0.98
    assert scores(xh.guided_backprop, wired, discs).mean() < 0.9
    assert scores(xh.grad_cam, wired, discs).mean() < 0.9


def test_one_quadrant_is_connected_and_no_other():
    """Whatever stands in the other three, the answer is the same; one changed patch in its own, and it is not."""
    network = load_quadrant_network("bottom left")
    weights = network.model.get_layer("connected").get_weights()[0]  # (8, 8, channels, 1)
    assert (weights[4:, :4] == 1 / 16).all() and np.count_nonzero(weights) == 16 * 1280
    images = draw_grids(2)[0].copy()
    images[1, 112:, :112] = images[0, 112:, :112]
    first, second = network.probabilities(images)
    assert np.allclose(first, second, atol=1e-6) and first.max() > 0.05
    images[1, 150:170, 40:60] = 255
    assert not np.allclose(first, network.probabilities(images)[1], atol=1e-3)


@pytest.mark.slow  # a minute: EfficientNet-Lite0's graph, four times over
def test_on_the_grid_what_is_right_by_construction_scores_one_and_a_shifted_map_zero():
    grids, names = draw_grids(9)
    assert grids.shape == (9, 224, 224, 3) and sorted(row[0] for row in names) == sorted(xh.photo_names())
    assert all(len(set(row)) == 4 for row in names)
    network, image = load_quadrant_network("top right"), grids[0]
    inside = np.zeros((224, 224), bool)
    inside[:112, 112:] = True
    found = xh.saliency(network, image)
    assert mass_inside(found, inside) == 1 and mass_inside(np.roll(found.heatmap, 112, axis=1), inside) == 0
    assert np.isclose(mass_inside(np.ones((224, 224)), inside), 0.25)
    hires, cam = xh.hires_cam(network, image), xh.grad_cam(network, image)
    assert hires.details["coarse"].shape == (8, 8)  # the maps of all four, side by side
    assert mass_inside(hires, inside) > 0.9  # soft only where it is made larger
    assert mass_inside(cam, inside) < mass_inside(hires, inside)  # the mean gradient forgets where it came from
    with pytest.raises(ValueError, match="'top left'"):
        load_quadrant_network("middle")
    assert set(QUADRANTS) == {"top left", "top right", "bottom left", "bottom right"}
