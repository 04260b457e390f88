"""The lessons' table "Is it right?": a map that is right by construction wins, one that knows no class is at chance."""

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.course.judging import CONTROL_ROWS
from xaihelpers.methods.shared.contract import Finding, technique
from xaihelpers.rashes import load_test_split, make_pairs


@pytest.fixture(scope="module")
def rashnet():
    return xh.load_classifier("rashnet")


@pytest.fixture(scope="module")
def judgement(rashnet):
    truth = known_truth()

    @technique(family="control", needs_gradients=False)
    def right(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
        """The mask of the class that is asked for."""
        return Finding(truth[image.astype(np.uint8).tobytes(), int(target)].astype(float), target)

    @technique(family="control", needs_gradients=False)
    def wrong(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
        """The same with the sign turned around."""
        return Finding(-truth[image.astype(np.uint8).tobytes(), int(target)].astype(float), target)

    rows = {"Grad-CAM": ("grad_cam", {"relu": False}), "right": (right, {}), "wrong": (wrong, {})}
    return xh.judge(rashnet, rows, n_images=10, n_pairs=8)


def known_truth():
    """{(image, class): mask} of all that `judge` may ask about."""
    split, pairs = load_test_split(), make_pairs(8, 0)
    truth = {(i.tobytes(), int(k)): m for i, k, m in zip(split.images, split.labels, split.lesion_masks)}
    for image, labels, masks in zip(pairs.images, pairs.labels, pairs.lesion_masks):
        truth |= {(image.tobytes(), int(label)): mask for label, mask in zip(labels, masks)}
    return truth


def test_what_is_right_by_construction_has_full_marks_and_its_opposite_none(judgement):
    for metric, ranked in judgement.rankings.items():
        # Lesions over more than half of an image leave no room for as many pixels beside them.
        assert ranked.loc["right", "mean"] == 1 and ranked.loc["wrong", "mean"] < 0.05, metric
        # Edges reach full marks in the pointing game on ten images: nothing beats them there.
        assert judgement.beats_controls(metric, "right") == (metric != "pointing_game")
        assert not judgement.beats_controls(metric, "wrong")


def test_what_does_not_know_the_class_can_not_tell_two_diseases_apart(judgement):
    contrast = judgement.rankings["contrast"]
    assert np.allclose(contrast.loc[list(CONTROL_ROWS), "mean"], 0.5)
    assert contrast.loc["Grad-CAM", "low"] > 0.8 > contrast.loc["random network: Grad-CAM", "mean"]


def test_numbers_agree_with_the_measures_called_one_by_one(rashnet, judgement):
    split = load_test_split()
    ill = np.flatnonzero(split.lesion_masks.any(axis=(1, 2)))
    ill = ill[np.linspace(0, len(ill) - 1, 10).astype(int)]
    cams = [xh.grad_cam(rashnet, split.images[i], int(split.labels[i]), relu=False) for i in ill]
    by_hand = np.mean([xh.metrics.rank_inside(cam, split.lesion_masks[i]) for cam, i in zip(cams, ill)])
    assert judgement.rankings["rank_inside"].loc["Grad-CAM", "mean"] == pytest.approx(by_hand)


def test_it_shows_itself_with_intervals_and_numbers_of_images(judgement):
    assert "[" in judgement.table().loc["Grad-CAM", "on the disease asked for"]
    assert judgement.n_lesion_images == 10 and judgement.n_pairs <= judgement.n_pairs_drawn == 8
    assert "10 images" in judgement.caption() and "<table" in judgement._repr_html_() and "Grad-CAM" in repr(judgement)


def test_on_photographs_the_same_questions_are_asked_of_objects_on_other_backgrounds():
    network = xh.load_classifier("efficientnet-lite0")
    found = xh.judge(network, {"Grad-CAM": ("grad_cam", {"relu": False})}, on="photographs", n_images=6, n_pairs=3)
    assert list(found.rankings) == ["pointing_game", "mass_inside", "contrast"] and found.n_lesion_images == 6
    one, two = xh.composites(0, 6, classifier=network), xh.composites(0, 3, objects=2, classifier=network)
    cams = [xh.grad_cam(network, image, int(k), relu=False) for image, k in zip(one.images, one.targets[:, 0])]
    by_hand = np.mean([xh.metrics.mass_inside(cam, mask) for cam, mask in zip(cams, one.masks[:, 0])])
    assert found.rankings["mass_inside"].loc["Grad-CAM", "mean"] == pytest.approx(by_hand)
    contrast = [
        np.mean(
            [xh.metrics.roc_area(xh.grad_cam(network, image, int(both[k]), relu=False), masks[k], masks[1 - k]) for k in (0, 1)]
        )
        for image, both, masks in zip(two.images, two.targets, two.masks)
    ]
    assert found.n_pairs == 3 and found.rankings["contrast"].loc["Grad-CAM", "mean"] == pytest.approx(np.mean(contrast))
    assert np.allclose(found.rankings["contrast"].loc[list(CONTROL_ROWS), "mean"], 0.5)
    assert "6 images with one object" in found.caption() and "two objects" in found.caption()
    assert list(found.table()) == ["highest pixel on the object", "mass inside the object", "on the object asked for"]
    with pytest.raises(ValueError, match="on is 'cats'"):
        xh.judge(network, {"Grad-CAM": ("grad_cam", {})}, on="cats")
