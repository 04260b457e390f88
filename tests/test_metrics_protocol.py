"""The measures of the comparison's protocol against closed forms: what is right scores 1, what chance gives is known."""

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers import metrics

SIZE = 12
LEFT = np.zeros((SIZE, SIZE), bool)
LEFT[:, :4] = True


def test_roc_area_of_maps_whose_order_is_known():
    assert metrics.roc_area(LEFT * 1.0, LEFT) == 1 and metrics.roc_area(1.0 - LEFT, LEFT) == 0
    assert metrics.roc_area(np.ones((SIZE, SIZE)), LEFT) == 0.5
    # By hand: inside 3 and 1, outside 2 and 1: three of four pairs, one of them tied.
    heatmap = np.array([[3.0, 1.0], [2.0, 1.0]])
    assert metrics.roc_area(heatmap, np.array([[1, 1], [0, 0]])) == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    assert metrics.roc_area(heatmap * 7 - 100, np.array([[1, 1], [0, 0]])) == pytest.approx(2.5 / 4)


def test_roc_area_agrees_with_scikit_learn_and_takes_what_to_compare_with():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    heatmap, mask = rng.integers(0, 9, (SIZE, SIZE)), rng.random((SIZE, SIZE)) < 0.3
    against = ~mask & (rng.random((SIZE, SIZE)) < 0.4)
    assert metrics.roc_area(heatmap, mask) == pytest.approx(roc_auc_score(mask.ravel(), heatmap.ravel()))
    both = mask | against
    assert metrics.roc_area(heatmap, mask, against) == pytest.approx(roc_auc_score(mask[both], heatmap[both]))
    assert metrics.roc_area(heatmap, mask, mask | against) == metrics.roc_area(heatmap, mask, against)
    with pytest.raises(ValueError, match="no pixel outside"):
        metrics.roc_area(heatmap, np.ones((SIZE, SIZE)))


def test_chance_has_a_roc_area_of_a_half():
    maps = np.random.default_rng(1).random((400, SIZE, SIZE))
    assert np.mean([metrics.roc_area(m, LEFT) for m in maps]) == pytest.approx(0.5, abs=0.01)


def test_a_map_that_is_the_same_for_both_classes_tells_them_apart_on_half_of_the_pairs():
    """Two classes on two halves: the two areas of one map add up to 1, whatever the map."""
    heatmap = np.random.default_rng(2).normal(size=(SIZE, SIZE))
    assert metrics.roc_area(heatmap, LEFT) + metrics.roc_area(heatmap, ~LEFT) == pytest.approx(1)


REGIONS = np.zeros((4, SIZE, SIZE), bool)
for k in range(4):
    REGIONS[k, 3 * k : 3 * k + 2, 2:9] = True


def adds_up(images):
    """Log-odds that add up what four regions hold, 1, 2, 3 and 4 times."""
    inside = (images.mean(-1)[:, None] * REGIONS).sum((2, 3)) / 255 / 14
    p = 1 / (1 + np.exp(-(inside @ np.array([1.0, 2, 3, 4]) - 5)))
    return np.stack([p, 1 - p], axis=1)


def test_importance_and_true_drops_of_a_linear_model():
    weights = np.zeros((SIZE, SIZE))
    for k, region in enumerate(REGIONS):
        weights[region] = (k + 1) / 14
    drops = np.array([1.0, 2, 3, 4])
    assert metrics.importance(weights, REGIONS) == pytest.approx(drops)
    assert metrics.removal_correlation(weights, REGIONS, drops) == pytest.approx(1)
    assert metrics.removal_correlation(-weights, REGIONS, drops) == pytest.approx(-1)
    assert metrics.removal_correlation(weights * 0 + 1, REGIONS, drops) == 0  # all regions are of one size
    assert metrics.completeness(weights, REGIONS, drops.sum()) == pytest.approx(1)
    assert metrics.completeness(weights / 2, REGIONS, drops.sum()) == pytest.approx(0.5)
    # A network that uses one region only: a map of that region is right, one of another is not.
    alone = np.array([0, 5.0, 0, 0])
    assert metrics.importance(REGIONS[1] * 5 / 14, REGIONS) == pytest.approx(alone)
    assert metrics.removal_correlation(REGIONS[1] * 1.0, REGIONS, alone) == pytest.approx(1)
    assert metrics.removal_correlation(REGIONS[2] * 1.0, REGIONS, alone) < 0


def test_regions_that_overlap_count_once_and_what_can_not_be_measured_is_nan():
    twice = np.stack([REGIONS[0], REGIONS[0], REGIONS[1]])
    assert metrics.completeness(np.ones((SIZE, SIZE)), twice, 28) == pytest.approx(1)
    assert np.isnan(metrics.completeness(np.ones((SIZE, SIZE)), twice, 0.0))
    assert np.isnan(metrics.removal_correlation(np.ones((SIZE, SIZE)), REGIONS[:2], [1, 2]))
    assert np.isnan(metrics.removal_correlation(np.ones((SIZE, SIZE)), REGIONS, [1, 1, 1, 1]))
    with pytest.raises(ValueError, match="expected 4 numbers"):
        metrics.removal_correlation(np.ones((SIZE, SIZE)), REGIONS, [1, 2])
    with pytest.raises(ValueError, match=r"expected \(k, 12, 12\)"):
        metrics.importance(np.ones((SIZE, SIZE)), REGIONS[:, :5])


def test_filling_in_restores_a_slope_and_keeps_what_is_there():
    """The mean of neighbours: a plane is its own solution inside, and a hole in a flat image disappears."""
    plane = np.add.outer(np.arange(20.0), 2 * np.arange(20.0))[..., None] * np.ones(3)
    hole = np.zeros((20, 20), bool)
    hole[6:12, 5:13] = True
    filled = metrics.fill_in(plane, hole, noise=0)
    assert np.allclose(filled, plane, atol=1e-3)
    noisy = metrics.fill_in(np.full((20, 20, 3), 90.0), hole)
    assert (noisy[~hole] == 90).all() and 0 < np.abs(noisy[hole] - 90).max() < 20
    assert np.array_equal(metrics.fill_in(plane, np.zeros((20, 20), bool)), plane.astype(np.float32))
    with pytest.raises(ValueError, match="at least one"):
        metrics.fill_in(plane, np.ones((20, 20), bool))
    # The system is solved: every removed pixel is the weighted mean of its neighbours, those removed included.
    rng = np.random.default_rng(3)
    image, mask = rng.uniform(0, 255, (9, 9, 3)), rng.random((9, 9)) < 0.6
    filled = metrics.fill_in(image, mask, noise=0).astype(float)
    for y, x in zip(*np.nonzero(mask)):
        near = [(i, j) for i in (y - 1, y, y + 1) for j in (x - 1, x, x + 1) if (i, j) != (y, x) and 0 <= i < 9 and 0 <= j < 9]
        weights = [2 if i == y or j == x else 1 for i, j in near]
        assert np.allclose(np.average([filled[each] for each in near], axis=0, weights=weights), filled[y, x], atol=0.01)


def test_road_of_a_network_that_uses_one_part():
    classifier = xh.Classifier(adds_up, class_names=["much", "little"])
    image = np.full((SIZE, SIZE, 3), 20, np.uint8)
    image[REGIONS.any(0)] = 255
    right = REGIONS.any(0) * 1.0
    low = metrics.road(classifier, right, image=image, target=0)
    high = metrics.road(classifier, right, image=image, target=0, first="lowest")
    wrong = metrics.road(classifier, 1 - right, image=image, target=0)
    assert low.area < wrong.area and low.area < high.area and low.kind == "ROAD, highest first"
    assert low.scores[0] == pytest.approx(classifier.probabilities(image)[0, 0]) and low.cost.forward_passes == 6
    again = metrics.road(classifier, right, image=image, target=0)
    assert np.array_equal(low.scores, again.scores)
    for shares in ((0.5, 0.2), (0, 0.5), (1.0,), ()):
        with pytest.raises(ValueError, match="rising order"):
            metrics.road(classifier, right, image=image, target=0, shares=shares)


@pytest.fixture(scope="module")
def small():
    from networks import gap_network

    return xh.Classifier(gap_network())


def test_layers_alone_and_from_the_top_shuffled_and_reinitialised(small):
    from networks import image

    before = [weight.copy() for weight in small.model.get_weights()]
    for how in ("shuffled", "reinitialised"):
        top, alone = (
            metrics.model_randomisation(small, "saliency", image(), stages=None, order=order, how=how)
            for order in ("top", "alone")
        )
        assert top.layers == alone.layers == ["scores", "maps"] and (top.how, alone.order) == (how, "alone")
        # The first stage is the same; the second has the head's own weights again where each layer is taken alone.
        assert np.array_equal(top.maps[0].heatmap, alone.maps[0].heatmap)
        assert not np.allclose(top.maps[1].heatmap, alone.maps[1].heatmap)
    assert all(np.array_equal(a, b) for a, b in zip(before, small.model.get_weights()))
    for bad in ({"order": "down"}, {"how": "removed"}):
        with pytest.raises(ValueError, match="choose"):
            metrics.model_randomisation(small, "saliency", image(), **bad)


def test_reinitialised_weights_are_those_of_an_untrained_layer_and_shuffled_ones_the_same_numbers(small):
    from xaihelpers.metrics.sanity import reinitialise_weights, shuffle_weights

    kernel = np.sort(small.model.get_layer("maps").get_weights()[0].ravel())
    copies = [metrics.randomised_copy(small, of_layers=()) for _ in range(3)]
    shuffle_weights(copies[0], ["maps"], seed=1)
    assert np.array_equal(np.sort(copies[0].model.get_layer("maps").get_weights()[0].ravel()), kernel)
    for copy, seed in zip(copies[1:], (1, 1)):
        reinitialise_weights(copy, ["maps"], seed=seed)
    drawn, bias = copies[1].model.get_layer("maps").get_weights()
    limit = np.sqrt(6 / (3 * 9 + 4 * 9))  # Glorot's uniform rule, Keras' own for a convolution of 3 to 4 channels
    assert np.abs(drawn).max() <= limit and drawn.std() == pytest.approx(limit / np.sqrt(3), rel=0.25) and not bias.any()
    assert np.array_equal(drawn, copies[2].model.get_layer("maps").get_weights()[0])  # the same seed
    assert np.array_equal(copies[1].model.get_layer("scores").get_weights()[0], small.model.get_layer("scores").get_weights()[0])


@pytest.mark.parametrize("target", [0, 1])
def test_the_curve_of_true_removal_worked_out_by_hand(target):
    """Four regions, a pixel each, that the drawing leaves out one after the other; the classifier adds brightness up."""
    regions, parts = np.eye(4, dtype=bool).reshape(4, 2, 2), np.array([8, 4, 2, 1]) / 16
    drawn = []

    def bright(images):
        p = images.sum(axis=(1, 2, 3)) / 3 / 255
        return np.stack([1 - p, p], axis=1)

    def draw(left):
        drawn.append(list(left))
        kept = np.zeros(4)
        kept[left] = parts[left] * 255
        return np.repeat(kept.reshape(2, 2, 1), 3, axis=2).astype(np.float32)

    classifier = xh.Classifier(bright, class_names=["dark", "bright"])
    heatmap = np.array([[1.0, 3], [2, -1]])  # the second, the third, the first, the last
    curve = metrics.removal_curve(classifier, heatmap, regions, draw, target=target, batch_size=2)
    assert drawn == [[0, 1, 2, 3], [0, 2, 3], [0, 3], [3], []]
    p = np.array([15, 11, 9, 1, 0]) / 16
    np.testing.assert_allclose(curve.scores, p if target else 1 - p, atol=1e-6)
    assert curve.fractions.tolist() == [0, 0.25, 0.5, 0.75, 1] and curve.cost.forward_passes == 5
    few = metrics.removal_curve(classifier, heatmap, regions, draw, target=target, steps=2)
    np.testing.assert_allclose(few.scores, (p if target else 1 - p)[[0, 2, 4]], atol=1e-6)
    for options, words in ((dict(steps=0), "steps is 0"), (dict(of="score"), "of is 'score'"), (dict(target=7), "no class 7")):
        with pytest.raises(ValueError, match=words):
            metrics.removal_curve(classifier, heatmap, regions, draw, **{"target": 1, **options})
    with pytest.raises(ValueError, match=r"shape \(4, 2\)"):
        metrics.removal_curve(classifier, heatmap, regions[..., 0], draw, target=1)
    with pytest.raises(ValueError, match="no region to remove"):
        metrics.removal_curve(classifier, heatmap, regions[:0], draw, target=1)
