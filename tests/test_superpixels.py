"""Superpixels: labels from 0, one a pixel; covering; what an absent superpixel shows."""

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.methods.shared.superpixels import SEGMENTATIONS, check_labels, cover, covered, segment


@pytest.fixture(scope="module")
def photo():
    return xh.sample_photo("chelsea", 64)


@pytest.mark.parametrize("how", SEGMENTATIONS)
def test_every_segmentation_gives_one_label_a_pixel_from_0_without_gaps(photo, how):
    labels = segment(photo, how, 20)
    assert labels.shape == photo.shape[:2]
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    assert 7 <= labels.max() + 1 <= 40
    assert np.array_equal(labels, segment(photo, how, 20))


@pytest.mark.parametrize("how", SEGMENTATIONS)
def test_more_superpixels_asked_for_are_more_superpixels(photo, how):
    few, many = (segment(photo, how, n).max() for n in (10, 40))
    assert few < many


def test_floats_and_integers_are_cut_alike(photo):
    for how in SEGMENTATIONS:
        assert np.array_equal(segment(photo, how, 20), segment(photo.astype(np.float32), how, 20))


def test_a_grid_is_squares_in_reading_order():
    assert segment(np.zeros((4, 6, 3)), "grid", 6).tolist() == [[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2


def test_own_labels_are_renumbered_from_0():
    labels = np.repeat([[7, 3, 3, 12]], 4, axis=0)
    assert segment(np.zeros((4, 4, 3)), labels).tolist() == [[1, 0, 0, 2]] * 4
    assert segment(np.zeros((4, 4, 3)), lambda image: labels + 0.0).tolist() == [[1, 0, 0, 2]] * 4


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros((3, 4), int), "one label a pixel"),
        (np.zeros((4, 4, 3), int), "one label a pixel"),
        (np.full((4, 4), 0.5), "whole numbers"),
        (np.full((4, 4), np.nan), "whole numbers"),
        (np.full((4, 4), None), "whole numbers"),
        (np.full((4, 4), "a"), "whole numbers"),
        (np.ones((4, 4), int), "single superpixel"),
    ],
)
def test_labels_that_are_no_segmentation_are_refused_in_one_sentence(labels, words):
    with pytest.raises(ValueError, match=words) as caught:
        check_labels(labels, (4, 4))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("watershed", 20), "no segmentation 'watershed'"),
        (("slic", 0), "n_segments is 0"),
        (("slic", 1), "2 or more"),
        (("slic", -3), "n_segments is -3"),
        (("slic", 2.5), "whole number"),
        (("grid", True), "whole number"),
    ],
)
def test_bad_arguments_are_named(photo, arguments, words):
    with pytest.raises(ValueError, match=words):
        segment(photo, *arguments)


def test_covering_leaves_the_present_superpixels_and_fills_the_others():
    image, filled = np.full((1, 3, 3), 100.0), np.arange(9.0).reshape(1, 3, 3)
    seen = cover(image, filled, np.array([[0, 1, 1]]), [[1, 0], [0, 1]])
    assert seen[0, 0].tolist() == [[100] * 3, [3, 4, 5], [6, 7, 8]]
    assert seen[1, 0].tolist() == [[0, 1, 2], [100] * 3, [100] * 3]


def test_covering_in_batches_is_covering_at_once():
    rng = np.random.default_rng(0)
    image, labels, present = rng.uniform(0, 255, (8, 8, 3)), segment(np.zeros((8, 8, 3)), "grid", 4), rng.integers(0, 2, (10, 4))
    others, which = rng.uniform(0, 255, (3, 8, 8, 3)), rng.integers(0, 3, 10)
    parts = [images.copy() for _, images in covered(image, others, labels, present, 4, which)]
    assert [len(images) for images in parts] == [4, 4, 2]
    by_hand = np.where(present.astype(bool)[:, labels, None], image, others[which]).astype(np.float32)
    assert np.array_equal(np.concatenate(parts), by_hand)
    assert np.array_equal(cover(image, others[which], labels, present), by_hand)
    plain = np.concatenate([images.copy() for _, images in covered(image, others[0], labels, present, 3)])
    assert np.array_equal(plain, cover(image, others[0], labels, present))
