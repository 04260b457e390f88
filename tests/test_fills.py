"""One vocabulary for what stands where an image is covered, in every technique and measure."""

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.methods.shared.fills import OF_SEGMENTS, WORDS, fill_image, fill_images, in_words

IMAGE = np.random.default_rng(0).uniform(0, 255, (8, 8, 3)).astype(np.float32)
HALVES = np.repeat([[0] * 4 + [1] * 4], 8, axis=0)


def test_each_word_shows_what_the_table_says():
    assert np.array_equal(fill_image(IMAGE, "mean"), np.broadcast_to(IMAGE.mean(axis=(0, 1)), IMAGE.shape))
    assert not fill_image(IMAGE, "black").any()
    assert (fill_image(IMAGE, "white") == 255).all()
    assert (fill_image(IMAGE, 9) == 9).all()
    assert (fill_image(IMAGE, (1, 2, 3)) == (1, 2, 3)).all()
    assert np.array_equal(fill_image(IMAGE, IMAGE[::-1]), IMAGE[::-1])


def test_segment_mean_is_each_superpixels_own_colour():
    filled = fill_image(IMAGE, "segment mean", HALVES)
    np.testing.assert_allclose(filled[0, 0], IMAGE[:, :4].mean(axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(filled[7, 7], IMAGE[:, 4:].mean(axis=(0, 1)), rtol=1e-6)
    assert (filled[HALVES == 0] == filled[0, 0]).all()


def test_blur_keeps_the_mean_and_loses_the_detail():
    step = np.zeros((64, 64, 3), np.float32)
    step[:, 32:] = 200
    step[::2] += 40
    blurred = fill_image(step, "blur")
    assert abs(blurred.mean() - step.mean()) < 1
    assert np.ptp(blurred[20:40, 0]) < 1 < 100 < np.ptp(blurred[30])


def test_noise_follows_its_seed_and_fills_the_range():
    one, two = (fill_image(np.zeros((50, 50, 3)), "noise", seed=seed) for seed in (1, 2))
    assert np.array_equal(one, fill_image(np.zeros((50, 50, 3)), "noise", seed=1))
    assert np.abs(one - two).mean() == pytest.approx(255 / 3, rel=0.05)
    assert (one.min() < 2) & (one.max() > 253)


def test_several_images_and_one():
    assert np.array_equal(fill_images(IMAGE, np.stack([IMAGE, IMAGE / 2])), np.stack([IMAGE, IMAGE / 2]))
    assert np.array_equal(fill_images(IMAGE, "black"), np.zeros((1, 8, 8, 3)))


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        *[
            (fill, "fog is .*: give 'mean', 'blur'")
            for fill in ("grey", "segment mean", 256, -1, (1, 2), None, np.nan, [[1, 2, 3]])
        ],
        (np.zeros((4, 4, 3)), "in the size of the image explained"),
        (np.full((8, 8, 3), np.nan), "NaN"),
        ([[1], [2, 3]], "expected numbers"),
    ],
)
def test_what_is_no_fill_is_one_sentence(fill, words):
    with pytest.raises(ValueError, match=words) as caught:
        fill_image(IMAGE, fill, name="fog")
    assert str(caught.value).count("\n") == 0


def test_a_fill_in_words():
    fills = ["mean", "blur", OF_SEGMENTS, "white", 127, (1, 2, 3), IMAGE]
    words = ["mean colour", "the image blurred", "each superpixel's mean colour", "white", "grey 127", "colour (1, 2, 3)"]
    assert [in_words(fill) for fill in fills] == [*words, "an image given"]


@pytest.fixture(scope="module")
def differences():
    """A classifier whose probability is a sum with other weights for every pixel: each fill gives another map."""
    weights = np.random.default_rng(1).uniform(0, 1, IMAGE.shape).astype(np.float32)

    def network(images):
        share = (images / 255 * weights).sum(axis=(1, 2, 3)) / weights.sum()
        return np.stack([1 - share, share], axis=1)

    return xh.Classifier(network, class_names=["no", "yes"], input_shape=IMAGE.shape)


COVERING = {
    "occlusion": dict(patch=2, stride=2),
    "rise": dict(n_masks=40, grid=4),
    "lime": dict(segments="grid", n_segments=16, n_samples=80),
    "shapley": dict(segments="grid", n_segments=16, n_samples=80),
}


@pytest.mark.parametrize("name", COVERING)
def test_one_word_means_one_thing_in_every_technique(differences, name):
    """A word gives the map of the picture that it stands for; black is 0, white is 255."""
    explain = {}
    for fill in WORDS:
        options = dict(COVERING[name], seed=3)
        explain[fill] = getattr(xh, name)(differences, IMAGE, "yes", fill=fill, **options).heatmap
        by_image = getattr(xh, name)(differences, IMAGE, "yes", fill=fill_image(IMAGE, fill, seed=3), **options).heatmap
        np.testing.assert_allclose(explain[fill], by_image, atol=1e-7)
    for word, number in {"black": 0, "white": 255}.items():
        assert np.array_equal(explain[word], getattr(xh, name)(differences, IMAGE, "yes", fill=number, **options).heatmap)
    maps = list(explain.values())
    assert min(np.abs(one - two).max() for i, one in enumerate(maps) for two in maps[:i]) > 1e-4


def test_the_curves_know_the_same_words(differences):
    heatmap = IMAGE[..., 0]
    options = dict(image=IMAGE, target=1, steps=4, seed=3)
    for word in WORDS:
        curve = xh.metrics.deletion(differences, heatmap, baseline=word, **options)
        end = differences.probabilities(fill_image(IMAGE, word, seed=3))[0, 1]
        assert curve.scores[-1] == pytest.approx(end, abs=1e-6)
        assert curve.baseline == in_words(word)


def test_every_choice_of_a_slider_is_a_word_of_the_table():
    offered = {
        option
        for method in xh.METHODS.values()
        for name, slider in method.sliders.items()
        if name in ("fill", "baseline", "background")
        for option in slider.options
    }
    assert offered <= {*WORDS, OF_SEGMENTS, "greys", 127}
