"""RISE: the masks, the map where it is known exactly, its standard error, and what it says when it can't be trusted."""

import itertools
import json
import tracemalloc
import warnings

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import spearmanr

import xaihelpers as xh
from xaihelpers.methods.shared.mask_regression import _most_probable, _variances
from xaihelpers.methods.shared.masks import DESIGNS, Masks

GREY = np.full((16, 16, 3), 200, dtype=np.uint8)


@pytest.fixture
def photo():
    return np.random.default_rng(3).integers(0, 256, (6, 6, 3)).astype(np.uint8)


def two_classes(score):
    """Return a Classifier of two classes, whose second has the probability `score(images)`; counts how often it is asked."""

    def function(images):
        function.asked += 1
        p = np.asarray(score(images), dtype=float)
        return np.stack([1 - p, p], axis=1)

    function.asked = 0
    return xh.Classifier(function, class_names=["no", "yes"])


def linear(seed=0, size=6):
    """Return (Classifier, weights (H, W, 3)): the probability is 0.5 plus the sum of weight times pixel."""
    weights = np.random.default_rng(seed).normal(size=(size, size, 3)) / (255 * 60)
    return two_classes(lambda images: 0.5 + (images * weights).sum(axis=(1, 2, 3))), weights


def crooked(images):
    """A score with products and a threshold: 16 x 16 images, mostly the four pixels in the upper left quarter."""
    x = images[..., 0] / 255
    inside, beside = x[:, 2:6, 2:6].mean(axis=(1, 2)), x[:, 9:14, 8:12].mean(axis=(1, 2))
    return np.clip(0.1 + 0.6 * inside**2 + 0.3 * inside * beside + 0.2 * (beside > 0.4), 0, 1)


# -- masks ------------------------------------------------------------------------------------------------------------


def test_a_mask_worked_out_by_hand():
    masks = Masks((4, 4), grid=2)
    cells = np.array([[[True, False], [False, False]]])
    # Two cells are stretched over 3 x 2 pixels: 1, 1, 2/3, 1/3, 0, 0. A shift of one pixel drops the first.
    edge = np.array([1, 2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(masks.build(cells, np.array([[1, 1]]))[0], np.outer(edge, edge), atol=1e-6)
    np.testing.assert_allclose(masks.build(cells, np.array([[0, 1]]))[0], np.outer([1, 1, 2 / 3, 1 / 3], edge), atol=1e-6)


def test_masks_are_those_of_the_papers_code():
    from skimage.transform import resize

    masks = Masks((30, 44), grid=5, design="independent")
    cells, shifts = masks.draw(6)
    for mask, cell, (down, right) in zip(masks.build(cells, shifts), cells, shifts):
        enlarged = resize(cell.astype(float), (6 * 6, 6 * 9), order=1, mode="edge", anti_aliasing=False)
        np.testing.assert_allclose(mask, enlarged[down : down + 30, right : right + 44], atol=1e-5)


@pytest.mark.parametrize("design", DESIGNS)
def test_shifts_differ_from_mask_to_mask_and_reach_everywhere(design):
    _, shifts = Masks((24, 36), grid=4, design=design).draw(3000)
    assert set(map(tuple, shifts)) == {(down, right) for down in range(6) for right in range(9)}
    assert (np.diff(shifts, axis=0) != 0).any(axis=1).mean() > 0.95


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("p", [0.2, 0.5])
def test_every_pixel_is_kept_with_probability_p(design, p):
    masks = Masks((20, 20), grid=4, p=p, design=design)
    kept = masks.build(*masks.draw(8000)).mean(axis=0)
    np.testing.assert_allclose(kept, p, atol=0.02)


def test_balanced_masks_have_every_three_cells_in_all_combinations_equally_often():
    cells, _ = Masks((32, 32), grid=4).draw(32)
    cells = cells.reshape(32, 16)
    for a, b, c in itertools.combinations(range(16), 3):
        counts = np.bincount(cells[:, a] * 4 + cells[:, b] * 2 + cells[:, c], minlength=8)
        assert (counts == 4).all()
    often = Masks((32, 32), grid=4, p=0.3).draw(1024)[0].mean(axis=0)
    assert np.ptp(often) <= 1 / 1024 and abs(often.mean() - 0.3) < 1 / 1024


def test_the_largest_grid_that_has_a_hadamard_matrix_uses_it():
    cells, _ = Masks((32, 32), grid=32).draw(2048)
    signs = 2.0 * cells.reshape(2048, 1024) - 1
    np.testing.assert_array_equal(signs.T @ signs, 2048 * np.eye(1024))  # no two cells have anything to do with each other


@pytest.mark.parametrize("parts", [(2, 3), (3, 2), (4, 4)])
def test_the_variance_at_a_pixel_is_the_sum_of_the_squares_of_all_errors(parts):
    random = np.random.default_rng(0)
    errors = random.normal(size=(6, parts[0] * parts[1]))
    down, right = random.uniform(size=(5, parts[0])), random.uniform(size=(7, parts[1]))
    expected = sum((down @ error.reshape(parts) @ right.T) ** 2 for error in errors)
    np.testing.assert_allclose(_variances(errors, down, right), expected)


def test_answers_that_are_all_the_same_have_no_noise():
    with np.errstate(all="raise"):
        penalty, noise = _most_probable(np.ones(4), np.zeros(4), 0.0, 10)
    assert noise == 0 and penalty == pytest.approx(1e4)


@pytest.mark.parametrize("design", DESIGNS)
def test_the_first_masks_are_the_same_however_they_are_drawn(design):
    whole = Masks((16, 16), grid=4, design=design, seed=5).draw(300)
    pieces = Masks((16, 16), grid=4, design=design, seed=5)
    pieces = [pieces.draw(n) for n in (1, 32, 200, 67)]
    for one, parts in zip(whole, zip(*pieces)):
        assert (one == np.concatenate(parts)).all()


# -- the map ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("p", [0.5, 0.3])
def test_linear_model_with_one_pixel_cells(photo, design, p):
    classifier, weights = linear()
    each = (weights * photo).sum(axis=-1)
    expected = 0.5 + p * each.sum() + (1 - p) * each
    for n_masks in (200, 4000):
        found = xh.rise(classifier, photo, "yes", n_masks=n_masks, grid=6, p=p, design=design)
        errors = (found.heatmap - expected) / found.details["standard_error"]
        assert np.abs(errors).max() < 4.5
        assert np.sqrt((errors**2).mean()) < 1.5
    # 4000 masks leave an error of this size; the line has none, since the model is one.
    assert np.abs(found.heatmap - expected).max() < (1e-6 if design == "balanced" else 0.02)


@pytest.mark.parametrize("fill", ["mean", (10, 20, 30)])
def test_linear_model_with_another_fill(photo, fill):
    classifier, weights = linear()
    colour = photo.mean(axis=(0, 1)) if fill == "mean" else np.array(fill)
    each = (weights * (photo - colour)).sum(axis=-1)
    found = xh.rise(classifier, photo, "yes", n_masks=400, grid=6, fill=fill)
    hidden = 0.5 + (weights * colour).sum()
    np.testing.assert_allclose(found.heatmap, hidden + 0.5 * each.sum() + 0.5 * each, atol=1e-6)


def test_the_papers_map_by_hand(photo):
    classifier, _ = linear()
    masks = Masks((6, 6), grid=3, p=0.4, design="independent", seed=7)
    masks = masks.build(*masks.draw(50))
    scores = classifier.probabilities(masks[..., None] * photo)[:, 1]
    found = xh.rise(classifier, photo, "yes", n_masks=50, grid=3, p=0.4, design="independent", seed=7, batch_size=16)
    np.testing.assert_allclose(found.heatmap, np.tensordot(scores, masks, 1) / masks.sum(axis=0), rtol=1e-5)
    residual = masks * (scores[:, None, None] - found.heatmap)
    np.testing.assert_allclose(found.details["standard_error"], np.sqrt((residual**2).sum(axis=0)) / masks.sum(axis=0), rtol=1e-2)
    np.testing.assert_allclose(found.details["answers"], scores, rtol=1e-5)


def test_both_designs_come_to_the_same_map_and_balanced_comes_sooner():
    classifier = two_classes(crooked)
    truth = xh.rise(classifier, GREY, "yes", n_masks=30_000, grid=4, design="independent", seed=99, batch_size=500).heatmap
    near = {
        design: [
            spearmanr(
                xh.rise(classifier, GREY, "yes", n_masks=n, grid=4, design=design, seed=seed).heatmap.ravel(), truth.ravel()
            )[0]
            for seed in range(8)
        ]
        for design, n in (("independent", 256), ("balanced", 128))
    }
    assert np.mean(near["balanced"]) > np.mean(near["independent"])
    many = xh.rise(classifier, GREY, "yes", n_masks=8000, grid=4, batch_size=500)
    assert spearmanr(many.heatmap.ravel(), truth.ravel())[0] > 0.99
    np.testing.assert_allclose(many.heatmap, truth, atol=0.01)


def test_the_study_behind_the_default_met_its_goal_and_the_table_says_what_is_stored(repository):
    known = json.loads(xh.stored("rise_designs.json").read_text())
    table = (repository / "benchmarks" / "RISE_DESIGNS.md").read_text(encoding="utf-8").replace("*", "")
    assert {name: one["images"] for name, one in known.items()} == {"efficientnet-lite0": 8, "rashnet": 40}
    for one in known.values():
        rows = {(scheme["masks"], scheme["estimator"]): scheme["correlation"] for scheme in one["schemes"]}
        assert rows["balanced", "line"]["512"] >= rows["independent", "self-normalised"]["1024"]
        for scheme, row in rows.items():
            assert " | ".join([*scheme, *(f"{value:.3f}" for value in row.values())]) in table


@pytest.mark.parametrize("design", DESIGNS)
def test_standard_error_is_the_spread_over_seeds(design):
    classifier = two_classes(crooked)
    found = [xh.rise(classifier, GREY, "yes", n_masks=400, grid=4, design=design, seed=seed) for seed in range(30)]
    spread = np.std([one.heatmap for one in found], axis=0).mean()
    said = np.mean([one.details["standard_error"] for one in found])
    assert 0.7 < said / spread < 2


@pytest.mark.parametrize("design", DESIGNS)
def test_same_seed_same_map_whatever_the_batch(photo, design):
    classifier, _ = linear()
    options = {"target": "yes", "n_masks": 100, "grid": 3, "design": design}
    first = xh.rise(classifier, photo, **options)
    assert (xh.rise(classifier, photo, **options).heatmap == first.heatmap).all()
    np.testing.assert_allclose(xh.rise(classifier, photo, batch_size=7, **options).heatmap, first.heatmap, rtol=1e-4)
    assert not (xh.rise(classifier, photo, seed=1, **options).heatmap == first.heatmap).all()
    assert first.forward_passes == 100 and first.backward_passes == 0
    again = xh.METHODS["rise"].function(classifier, first.image, first.target, **first.parameters)
    assert (again.heatmap == first.heatmap).all()


def test_an_image_that_is_not_square_and_an_uneven_grid():
    image = np.random.default_rng(0).integers(0, 256, (23, 41, 3)).astype(np.uint8)
    classifier = two_classes(lambda images: images[:, 5:12, 25:36].mean(axis=(1, 2, 3)) / 255)
    for design in DESIGNS:
        found = xh.rise(classifier, image, "yes", n_masks=600, grid=7, design=design)
        row, column = np.unravel_index(found.heatmap.argmax(), found.heatmap.shape)
        assert 5 <= row < 12 and 25 <= column < 36


def test_memory_does_not_grow_with_the_masks():
    classifier = two_classes(lambda images: images[:, :9].mean(axis=(1, 2, 3)) / 255)
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)

    def peak(n_masks):
        tracemalloc.start()
        xh.rise(classifier, image, "yes", n_masks=n_masks)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(64)
    assert peak(4000) < 1.05 * peak(500)


@pytest.mark.slow
def test_agrees_with_another_rise_on_efficientnet():
    from xplique.attributions import Rise

    classifier, image = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("coffee", 224)
    target = classifier.class_index(None, image)
    ours = xh.rise(classifier, image, target, n_masks=4000)
    one_hot = np.eye(classifier.n_classes, dtype=np.float32)[[target]]
    keras_like = _probabilities_as_model(classifier)
    tf.random.set_seed(0)  # the other one has no seed of its own: its masks would be others each time, and its error with them
    other = np.squeeze(Rise(keras_like, nb_samples=4000, grid_size=8)(image[None].astype(np.float32), one_hot))
    assert spearmanr(ours.heatmap.ravel(), np.asarray(other).ravel())[0] > 0.95


def _probabilities_as_model(classifier):
    """Return a Keras model from images 0..255 to probabilities, for libraries that want one."""
    import keras

    inputs = keras.Input(classifier.input_shape)
    outputs = classifier.model(keras.layers.Lambda(classifier.preprocess)(inputs))
    return keras.Model(inputs, outputs if classifier._head.kind == "softmax" else keras.layers.Softmax()(outputs))


# -- what can't be trusted ----------------------------------------------------------------------------------------------


def test_a_constant_model_is_said():
    with pytest.warns(xh.DiagnosticWarning, match="the same whatever is hidden"):
        found = xh.rise(two_classes(lambda images: np.full(len(images), 0.25)), GREY, "yes", n_masks=64)
    np.testing.assert_allclose(found.heatmap, 0.25, rtol=1e-5)


@pytest.mark.parametrize("design", DESIGNS)
def test_error_larger_than_signal_is_said(design):
    chance = np.random.default_rng(0)
    with pytest.warns(xh.DiagnosticWarning, match="standard error .* is larger than its signal"):
        xh.rise(two_classes(lambda images: chance.random(len(images))), GREY, "yes", n_masks=64, design=design)
    with warnings.catch_warnings():
        warnings.simplefilter("error", xh.DiagnosticWarning)
        xh.rise(two_classes(crooked), GREY, "yes", n_masks=500, grid=4, design=design)


RUBBISH = {
    "wrong number of rows": (lambda images: np.full((len(images) + 1, 2), 0.5), "returned shape"),
    "one number an image": (lambda images: np.full(len(images), 0.5), "returned shape"),
    "NaN": (lambda images: np.full((len(images), 2), np.nan), "NaN or infinite"),
    "logits": (lambda images: np.tile([3.0, -2.0], (len(images), 1)), "apply softmax"),
    "rows that add up to 2": (lambda images: np.ones((len(images), 2)), "add up to"),
    "words": (lambda images: ["yes"] * len(images), "expected probabilities"),
}


@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_from_the_callable_is_named(kind):
    function, message = RUBBISH[kind]
    with pytest.raises(ValueError, match=message):
        xh.rise(xh.Classifier(function, class_names=["no", "yes"]), GREY, "yes", n_masks=64)


def test_an_exception_in_the_callable_says_where_it_was_raised():
    def broken(images):
        raise ZeroDivisionError("in your function")

    with pytest.raises(ZeroDivisionError, match="in your function") as caught:
        xh.rise(xh.Classifier(broken, class_names=["no", "yes"]), GREY, "yes", n_masks=64)
    assert "classifier's own function" in caught.value.__notes__[0]


def test_a_callable_that_writes_into_its_images_does_no_harm():
    def writes(images):
        p = crooked(images)
        images[:] = 0
        return p

    plain = xh.rise(two_classes(crooked), GREY, "yes", n_masks=64, grid=4)
    assert (xh.rise(two_classes(writes), GREY, "yes", n_masks=64, grid=4).heatmap == plain.heatmap).all()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"n_masks": 0}, "n_masks is 0"),
        ({"n_masks": -5}, "n_masks is -5"),
        ({"n_masks": 2.5}, "n_masks is 2.5"),
        ({"grid": 0}, "grid is 0"),
        ({"grid": 17}, "grid is 17 .* 16 cells or fewer"),
        ({"p": 0}, "p is 0"),
        ({"p": 1}, "p is 1"),
        ({"p": 1.5}, "p is 1.5"),
        ({"p": float("nan")}, "p is nan"),
        ({"p": "half"}, "p is 'half'"),
        ({"fill": "pink"}, "fill is 'pink'"),
        ({"fill": -1}, "fill is -1"),
        ({"design": "clever"}, "design is 'clever'"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"target": "maybe"}, "no class 'maybe'"),
        ({"target": 2}, "no class 2"),
    ],
)
def test_bad_arguments_are_named_before_the_model_is_asked(bad, message):
    classifier = two_classes(crooked)
    with pytest.raises(ValueError, match=message):
        xh.rise(classifier, GREY, **{"target": "yes", **bad})
    assert classifier.model.asked == 0


# -- long runs ----------------------------------------------------------------------------------------------------------


def interrupted_after(calls):
    """Return a Classifier that is interrupted, as by the stop button, in its call number `calls` + 1, and never again."""
    left = [calls]

    def score(images):
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        return crooked(images)

    return two_classes(score)


def test_interrupting_leaves_nothing_broken(capsys):
    classifier = interrupted_after(3)
    with pytest.raises(KeyboardInterrupt):
        xh.rise(classifier, GREY, "yes", n_masks=640, grid=4)
    whole = xh.rise(classifier, GREY, "yes", n_masks=96, grid=4)
    with pytest.warns(xh.DiagnosticWarning, match="first 96 of 640 masks"):
        kept = xh.rise(interrupted_after(3), GREY, "yes", n_masks=640, grid=4, progress=True)
    assert (kept.heatmap == whole.heatmap).all() and kept.forward_passes == 96
    assert "640 questions" in capsys.readouterr().out
