"""Every metric against a closed form: drawn masks, linear models, single pixels, chance."""

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

import xaihelpers as xh
from xaihelpers import metrics
from xaihelpers.methods.shared.fills import fill_image
from xaihelpers.metrics.sanity import weighted_layers

EDGE = 8


@pytest.fixture(scope="module")
def linear():
    """Two logits that are linear in the pixels: logit k = sum of w_k x / 255, then softmax."""
    random = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((EDGE, EDGE, 3)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")])
    model.layers[-1].set_weights([random.normal(size=(EDGE * EDGE * 3, 2)), np.array([0.3, -0.2])])
    return xh.Classifier(model, preprocess=lambda x: x / 255)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).uniform(0, 255, (EDGE, EDGE, 3)).astype(np.float32)


def weights(linear, target=0):
    return linear.model.layers[-1].get_weights()[0][:, target].reshape(EDGE, EDGE, 3)


# -- inside the mask --------------------------------------------------------------------------------------------------


def test_numbers_on_a_drawn_mask():
    heatmap = np.array([[4.0, 1, 0], [0, 3, 0], [-5, 0, 2]])
    mask = np.array([[1, 0, 0], [0, 0, 0], [1, 0, 1]])
    assert metrics.pointing_game(heatmap, mask) == 1
    assert metrics.mass_inside(heatmap, mask) == pytest.approx(6 / 10)  # 4 + 2 of 4 + 1 + 3 + 2: the -5 does not count
    assert metrics.rank_inside(heatmap, mask) == pytest.approx(2 / 3)  # the three highest are 4, 3, 2
    assert metrics.pointing_game(heatmap, ~mask.astype(bool)) == 0
    assert metrics.pointing_game(heatmap, ~mask.astype(bool), tolerance=1) == 1


def test_the_maximum_may_lie_as_far_outside_as_it_is_told_and_no_farther():
    mask, heatmap = np.zeros((7, 7), bool), np.zeros((7, 7))
    mask[3, 3], heatmap[3, 5] = True, 1
    assert [metrics.pointing_game(heatmap, mask, tolerance=t) for t in (0, 1, 1.9, 2, 4)] == [0, 0, 0, 1, 1]
    heatmap[3, 5], heatmap[4, 4] = 0, 1  # over the corner it is the square root of 2
    assert [metrics.pointing_game(heatmap, mask, tolerance=t) for t in (1, 1.41, 1.42)] == [0, 0, 1]


def test_ties_and_flat_maps_score_as_chance():
    mask = np.zeros((10, 10), bool)
    mask[:3, :5] = True
    flat = np.ones((10, 10))
    assert metrics.pointing_game(flat, mask) == metrics.mass_inside(flat, mask) == pytest.approx(0.15)
    assert metrics.rank_inside(flat, mask) == pytest.approx(0.15)
    assert np.isnan(metrics.mass_inside(-flat, mask))


@pytest.mark.parametrize("metric", [metrics.pointing_game, metrics.mass_inside, metrics.rank_inside])
def test_a_random_map_scores_the_area_of_the_mask(metric):
    random = np.random.default_rng(0)
    mask = np.zeros((20, 20), bool)
    mask[4:14, 3:11] = True
    scores = [metric(random.random((20, 20)), mask) for _ in range(2000)]
    assert np.mean(scores) == pytest.approx(mask.mean(), abs=4 * np.std(scores) / np.sqrt(2000))


def test_a_perfect_map_scores_one():
    mask = np.eye(6, dtype=bool)
    assert [m(mask * 2.0, mask) for m in (metrics.pointing_game, metrics.mass_inside, metrics.rank_inside)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("heatmap", "mask", "sentence"),
    [
        (np.ones((3, 3)), np.zeros((3, 3)), "no pixel inside"),
        (np.ones((3, 3)), np.ones((3, 4)), "same size"),
        (np.ones((3, 3, 3)), np.ones((3, 3)), r"expected \(H, W\)"),
        (np.full((3, 3), np.nan), np.ones((3, 3)), "NaN"),
    ],
)
def test_what_can_not_be_measured_is_an_error(heatmap, mask, sentence):
    for metric in (metrics.pointing_game, metrics.mass_inside, metrics.rank_inside):
        with pytest.raises(ValueError, match=sentence):
            metric(heatmap, mask)


# -- shape ------------------------------------------------------------------------------------------------------------


def test_gini_of_flat_single_and_two_valued_maps():
    single = np.zeros((5, 4))
    single[2, 3] = -7
    assert metrics.sparseness(np.full((5, 4), 0.3)) == pytest.approx(0)
    assert metrics.sparseness(single) == pytest.approx(1 - 1 / 20)
    assert metrics.sparseness(np.array([[0.0, 0, 1, 1]])) == pytest.approx(0.5)
    assert metrics.sparseness(np.zeros((2, 2))) == 0


def test_rank_correlation_is_spearmans():
    from scipy.stats import spearmanr

    random = np.random.default_rng(0)
    a, b = random.integers(0, 9, (2, 12, 12)).astype(float)
    assert metrics.rank_correlation(a, b) == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic)
    assert metrics.rank_correlation(a, np.exp(a)) == pytest.approx(1)
    assert metrics.rank_correlation(a, -a) == pytest.approx(-1)
    assert metrics.rank_correlation(a - 4, 4 - a, absolute=True) == pytest.approx(1)
    assert np.isnan(metrics.rank_correlation(a, np.ones_like(a)))


def test_agreement_counts_shared_pixels():
    a, b = np.zeros((2, 10, 10))
    a[0, :10], b[0, 5:], b[1, :5] = 1, 1, 1
    assert metrics.agreement(a, b, top=0.1) == pytest.approx(0.5)
    assert metrics.agreement(a, a, top=0.1) == 1
    assert metrics.agreement(a, np.zeros((10, 10)), top=0.1) == pytest.approx(0.1)
    matrix = metrics.agreement_matrix([a, b, -a])
    assert matrix.shape == (3, 3) and np.allclose(matrix, matrix.T) and matrix[0, 2] == pytest.approx(-1)


# -- curves -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", ["mean", "blur", 0, (10, 200, 30)])
def test_for_a_linear_model_both_areas_add_up(linear, picture, baseline):
    heatmap = np.random.default_rng(2).normal(size=(EDGE, EDGE))
    options = dict(image=picture, target=0, baseline=baseline, of="logit", steps=16)
    deleted, inserted = metrics.deletion(linear, heatmap, **options), metrics.insertion(linear, heatmap, **options)
    base = fill_image(picture, baseline)
    both = linear.logits(np.stack([picture, base]))[:, 0].sum()
    assert deleted.area + inserted.area == pytest.approx(both, rel=1e-4)
    assert deleted.scores[0] == pytest.approx(inserted.scores[-1]) and deleted.scores[-1] == pytest.approx(inserted.scores[0])


def test_for_a_linear_model_w_times_x_is_the_best_of_a_hundred_orders(linear, picture):
    options = dict(image=picture, target=0, baseline=0, of="logit", steps=EDGE * EDGE)
    best = (weights(linear) * picture).sum(axis=-1)
    random = np.random.default_rng(3)
    others = [metrics.deletion(linear, random.random((EDGE, EDGE)), **options).area for _ in range(100)]
    assert metrics.deletion(linear, best, **options).area < min(others)
    others = [metrics.insertion(linear, random.random((EDGE, EDGE)), **options).area for _ in range(100)]
    assert metrics.insertion(linear, best, **options).area > max(others)


def test_a_curve_by_hand():
    # Four pixels, the logit is their red sum; the two highest pixels go in the first of two steps.
    layers = [keras.layers.Flatten(), keras.layers.Dense(1), keras.layers.Activation("sigmoid")]
    model = keras.Sequential([keras.Input((2, 2, 3)), *layers])
    kernel = np.zeros((12, 1))
    kernel[::3] = 1
    model.layers[-2].set_weights([kernel, np.zeros(1)])
    classifier = xh.Classifier(model)
    image = np.zeros((2, 2, 3))
    image[..., 0] = [[8, 4], [2, 1]]
    curve = metrics.deletion(classifier, image[..., 0], image=image, target=1, steps=2, baseline=0, of="logit")
    assert curve.scores.tolist() == [15, 3, 0] and curve.fractions.tolist() == [0, 0.5, 1]
    assert curve.area == float(curve) == pytest.approx((9 + 1.5) / 2)
    assert curve.cost.forward_passes == 3
    assert "2 steps, baseline grey 0" in repr(curve)


@pytest.mark.parametrize("curve", [metrics.deletion, metrics.insertion, metrics.road])
def test_a_curve_of_an_attribution_is_that_of_its_map_image_and_class(curve, linear, picture):
    found = xh.occlusion(linear, picture, 0, patch=4)
    assert found.target == 0 != linear.class_index(None, picture)
    of_map = curve(linear, found.heatmap, image=picture, target=0)
    np.testing.assert_array_equal(curve(linear, found).scores, of_map.scores)
    other = curve(linear, found, target=1)  # an Attribution says what it explains, and may be asked about another class
    np.testing.assert_allclose(other.scores, 1 - of_map.scores, atol=1e-6)
    assert (of_map.of, of_map.class_name) == ("probability", "class 0") and other.class_name == "class 1"
    assert curve.__name__ in of_map.kind.lower()


def test_a_map_that_is_the_same_everywhere_is_like_none():
    with np.errstate(all="raise"):
        assert np.isnan(metrics.rank_correlation(np.ones((2, 2)), np.eye(2)))
        assert np.isnan(metrics.rank_correlation(np.eye(2), np.ones((2, 2))))


def test_tied_pixels_have_no_favourite_corner():
    ranks = np.mean([metrics.curves.ranks(np.zeros((6, 6)), seed) for seed in range(300)], axis=0)
    assert np.abs(ranks - 17.5).max() < 4
    assert metrics.curves.ranks(np.array([[1.0, 3], [2, 0]])).tolist() == [[2, 0], [1, 3]]


def test_curve_errors(linear, picture):
    heatmap = np.ones((EDGE, EDGE))
    good = dict(image=picture, target=0)
    for options, sentence in [
        (dict(good, steps=0), "steps is 0"),
        (dict(good, seed=-1), "seed is -1"),
        (dict(good, batch_size=0), "batch_size is 0"),
        (dict(good, baseline="fog"), "baseline is 'fog'"),
        (dict(good, baseline=300), "a grey level or a colour from 0 to 255"),
        (dict(good, baseline=np.zeros((4, 4, 3))), r"shape \(4, 4, 3\)"),
        (dict(good, of="score"), "of is 'score'"),
        (dict(image=picture), "image= and target="),
        (dict(image=picture, target=7), "no class 7"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            metrics.deletion(linear, heatmap, **options)


# -- sanity -----------------------------------------------------------------------------------------------------------


class Map(np.ndarray):
    """A map with the two names that the metrics read."""

    target, method = 0, "own"


def gradient_technique(classifier, image, target=None):
    return classifier.gradients(image, target).gradients[0].sum(axis=-1).view(Map)


def edges(classifier, image, target=None):
    return np.asarray(image[..., 0], dtype=np.float64).view(Map)


def small_network():
    inputs, scale = keras.Input((16, 16, 3)), keras.layers.Normalization()
    scale.adapt(np.array([[0.1, 0.2, 0.3], [0.5, 0.9, 0.8]]))
    first, second = keras.layers.Conv2D(8, 3, use_bias=False), keras.layers.Conv2D(8, 3, activation="relu")
    batch_norm, relu = keras.layers.BatchNormalization(), keras.layers.ReLU()
    inner = keras.Sequential([keras.Input((16, 16, 3)), first, batch_norm, relu, second], name="inner")
    x = keras.layers.Flatten()(inner(scale(inputs)))
    keras.utils.set_random_seed(0)
    return xh.Classifier(keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x)), preprocess=lambda x: x / 255)


def test_randomisation_tells_a_gradient_from_an_edge_detector():
    classifier = small_network()
    before = [w.copy() for w in classifier.model.get_weights()]
    image = np.random.default_rng(0).uniform(0, 255, (16, 16, 3)).astype(np.float32)
    real = metrics.model_randomisation(classifier, gradient_technique, image, 0, stages=None)
    blind = metrics.model_randomisation(classifier, edges, image, 0, stages=2)
    assert blind.correlations == pytest.approx([1, 1]) and len(blind.maps) == 2
    assert [path.split("/")[-1] for path in real.layers] == [p.split("/")[-1] for p in weighted_layers(classifier)[::-1]]
    assert not any("normalization" in path and "batch" not in path for path in real.layers)
    assert abs(real.correlations[-1]) < 0.25 < 0.9
    assert all(np.array_equal(a, b) for a, b in zip(before, classifier.model.get_weights()))
    again = metrics.model_randomisation(classifier, gradient_technique, image, 0, stages=None)
    assert np.array_equal(real.correlations, again.correlations)


def test_a_randomised_layer_keeps_its_numbers_in_another_place():
    classifier = small_network()
    copy = metrics.randomised_copy(classifier)
    for old, new in zip(classifier.model.get_weights(), copy.model.get_weights()):
        assert np.allclose(np.sort(old, axis=None), np.sort(new, axis=None))
    kernels = [(o, n) for o, n in zip(classifier.model.get_weights(), copy.model.get_weights()) if o.ndim > 1 and o.shape[-1] > 3]
    assert kernels and not any(np.allclose(old, new) for old, new in kernels)
    plain = metrics.randomised_copy(classifier, of_layers=())
    assert all(np.array_equal(a, b) for a, b in zip(classifier.model.get_weights(), plain.model.get_weights()))
    with pytest.raises(TypeError, match="gradients"):
        metrics.randomised_copy(xh.Classifier(lambda images: np.full((len(images), 2), 0.5)))


def test_stability_of_a_gradient_that_never_changes_and_of_one_that_does(linear, picture):
    assert metrics.stability(linear, gradient_technique, picture, 0) == pytest.approx(1)

    def noise_itself(classifier, image, target=None):
        return (np.asarray(image, dtype=np.float64) - picture).sum(axis=-1).view(Map) + 1e-9 * np.arange(64).reshape(8, 8)

    assert abs(metrics.stability(linear, noise_itself, picture, 0, repeats=50)) < 0.1
    with pytest.raises(ValueError, match="noise is 0"):
        metrics.stability(linear, gradient_technique, picture, 0, noise=0)


def spearman(a, b, absolute):
    a, b = (np.abs(each) if absolute else each for each in (np.asarray(a).ravel(), np.asarray(b).ravel()))
    return spearmanr(a, b).statistic


@pytest.mark.parametrize("absolute", [False, True])
def test_stability_is_the_mean_correlation_with_the_maps_of_images_drawn_from_the_seed(linear, picture, absolute):
    def signed(classifier, image, target=None):
        return (np.asarray(image, dtype=np.float64)[..., 0] - 128).view(Map)

    found = {}
    for seed in (0, 3):
        random = np.random.default_rng(seed)
        noisy = [np.clip(picture + random.normal(0, 40, picture.shape), 0, 255).astype(np.float32) for _ in range(4)]
        expected = [spearman(signed(None, picture), signed(None, each), absolute) for each in noisy]
        found[seed] = metrics.stability(linear, signed, picture, 0, noise=40, repeats=4, absolute=absolute, seed=seed)
        assert found[seed] == pytest.approx(np.mean(expected), abs=1e-12)
    assert found[0] != found[3]


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize(("order", "how"), [("top", "shuffled"), ("alone", "shuffled"), ("top", "reinitialised")])
def test_randomisation_is_the_correlation_with_the_maps_of_layers_drawn_from_the_seed_and_the_stage(order, how, absolute):
    def kernels(classifier, image, target=None):
        return np.concatenate([weight.ravel() for weight in classifier.model.get_weights() if weight.ndim > 1])[None].view(Map)

    classifier, image, found = small_network(), np.zeros((16, 16, 3), np.float32), {}
    original, layers = kernels(classifier, image), weighted_layers(classifier)[::-1]
    groups = [layers[:2], layers[2:]]  # four layers, of which the output comes first
    for seed in (0, 3):
        expected = []
        with metrics.randomising.weights_restored(classifier) as restore:
            for stage, group in enumerate(groups):
                if order == "alone":
                    restore()
                metrics.sanity.HOW[how](classifier, group, seed=(seed, stage))
                expected.append(spearman(original, kernels(classifier, image), absolute))
        options = dict(stages=2, order=order, how=how, absolute=absolute, seed=seed)
        found[seed] = metrics.model_randomisation(classifier, kernels, image, 0, **options)
        assert found[seed].correlations == pytest.approx(expected, abs=1e-12)
        assert (found[seed].order, found[seed].how, found[seed].layers) == (order, how, [group[-1] for group in groups])
    assert not np.allclose(found[0].correlations, found[3].correlations)


ROWS = np.indices((EDGE, EDGE))[0].astype(float)
REFUSED = {
    "seed is -1": [
        lambda c, p: metrics.road(c, ROWS, image=p, target=0, seed=-1),
        lambda c, p: metrics.stability(c, edges, p, 0, seed=-1),
        lambda c, p: metrics.model_randomisation(c, edges, p, 0, seed=-1),
    ],
    "batch_size is 0": [lambda c, p: metrics.road(c, ROWS, image=p, target=0, batch_size=0)],
    "repeats is 0": [lambda c, p: metrics.stability(c, edges, p, 0, repeats=0)],
    "stages is 0": [lambda c, p: metrics.model_randomisation(c, edges, p, 0, stages=0)],
    "first is 'last'": [lambda c, p: metrics.road(c, ROWS, image=p, target=0, first="last")],
    "order is 'up'": [lambda c, p: metrics.model_randomisation(c, edges, p, 0, order="up")],
    "how is 'zero'": [lambda c, p: metrics.model_randomisation(c, edges, p, 0, how="zero")],
    "tolerance is -1": [lambda c, p: metrics.pointing_game(ROWS, ROWS > 3, tolerance=-1)],
    "top is 0": [lambda c, p: metrics.agreement(ROWS, ROWS, top=0)],
    "absolute is 'no'": [
        lambda c, p: metrics.stability(c, edges, p, 0, absolute="no"),
        lambda c, p: metrics.model_randomisation(c, edges, p, 0, absolute="no"),
        lambda c, p: metrics.rank_correlation(ROWS, ROWS, absolute="no"),
    ],
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_no_option_is_refused_before_the_network_is_asked(words, linear, picture):
    for call in REFUSED[words]:
        before = dict(linear._passes)
        with pytest.raises((ValueError, TypeError), match=words):
            call(linear, picture)
        assert linear._passes == before
