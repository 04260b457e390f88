"""Occlusion sensitivity: where it is known exactly, that no pixel is left out, and coarse to fine."""

import numpy as np
import pytest
from scipy.stats import spearmanr

import xaihelpers as xh

PHOTO = np.random.default_rng(3).integers(0, 256, (11, 9, 3)).astype(np.uint8)


def two_classes(score):
    """Return a Classifier of two classes, whose second has the probability `score(images)`; counts the images asked."""

    def function(images):
        function.asked += len(images)
        p = np.asarray(score(images), dtype=float)
        return np.stack([1 - p, p], axis=1)

    function.asked = 0
    return xh.Classifier(function, class_names=["no", "yes"])


def linear(shape=PHOTO.shape):
    """Return (Classifier, weights (H, W, 3)): the probability is 0.5 plus the sum of weight times pixel."""
    weights = np.random.default_rng(1).normal(size=shape) / (255 * 120)
    return two_classes(lambda images: 0.5 + (images * weights).sum(axis=(1, 2, 3))), weights


@pytest.mark.parametrize(("fill", "colour"), [(0, 0), ((10, 20, 30), (10, 20, 30)), ("mean", PHOTO.mean(axis=(0, 1)))])
def test_linear_model_with_one_pixel_patches(fill, colour):
    classifier, weights = linear()
    found = xh.occlusion(classifier, PHOTO, "yes", patch=1, stride=1, fill=fill)
    np.testing.assert_allclose(found.heatmap, (weights * (PHOTO - np.float64(colour))).sum(axis=-1), atol=3e-7)
    assert found.forward_passes == 11 * 9 + 1 and found.signed


@pytest.mark.parametrize(("patch", "stride"), [(3, 2), (4, 3), (5, 5), (9, 4), (2, 1)])
def test_linear_model_is_the_mean_over_all_windows_that_cover_a_pixel(patch, stride):
    classifier, weights = linear()
    change = (weights * PHOTO).sum(axis=-1)
    total, times = np.zeros((11, 9)), np.zeros((11, 9))
    # One window after the other until the border is reached, which cuts the last.
    tops = [0]
    while tops[-1] + patch < 11:
        tops.append(tops[-1] + stride)
    lefts = [0]
    while lefts[-1] + patch < 9:
        lefts.append(lefts[-1] + stride)
    for top in tops:
        for left in lefts:
            total[top : top + patch, left : left + patch] += change[top : top + patch, left : left + patch].sum()
            times[top : top + patch, left : left + patch] += 1
    assert times.min() >= 1
    found = xh.occlusion(classifier, PHOTO, "yes", patch=patch, stride=stride, fill=0, batch_size=5)
    np.testing.assert_allclose(found.heatmap, total / times, atol=1e-6)
    assert found.details["questions"] == [len(tops) * len(lefts)] and found.details["finest"].all()


@pytest.mark.parametrize(("edge", "patch", "stride"), [(10, 3, 3), (10, 4, 3), (13, 5, 4), (7, 7, 3), (16, 5, 1)])
def test_every_border_pixel_is_covered(edge, patch, stride):
    """A model that looks at one border pixel only: it must show, wherever the border is."""
    for row, column in [(0, 0), (0, edge - 1), (edge - 1, 0), (edge - 1, edge - 1), (edge // 2, edge - 1)]:
        classifier = two_classes(lambda images, at=(row, column): images[:, at[0], at[1], 0] / 255)
        image = np.full((edge, edge, 3), 250, dtype=np.uint8)
        heatmap = xh.occlusion(classifier, image, "yes", patch=patch, stride=stride, fill=0).heatmap
        assert heatmap[row, column] == pytest.approx(heatmap.max()) and heatmap[row, column] > 0.4


def test_a_disturbing_part_is_negative():
    image = np.full((16, 16, 3), 100, dtype=np.uint8)
    image[10:14, 2:6] = 255
    classifier = two_classes(lambda images: 1 - images[:, 10:14, 2:6].mean(axis=(1, 2, 3)) / 300)
    found = xh.occlusion(classifier, image, "yes", patch=4, stride=2, fill=100)
    assert found.heatmap.max() < 1e-6 and found.heatmap.min() == pytest.approx(found.heatmap[11, 3])


def test_default_sizes_and_parameters_give_the_same_map_again():
    classifier, _ = linear((32, 48, 3))
    image = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    found = xh.occlusion(classifier, image)
    assert (found.details["patch"], found.details["stride"]) == (4, 2)
    again = xh.METHODS["occlusion"].function(classifier, found.image, found.target, **found.parameters)
    assert (again.heatmap == found.heatmap).all()
    assert (image == np.random.default_rng(0).integers(0, 256, (32, 48, 3))).all()


def test_blur_leaves_a_flat_image_as_it_is():
    flat = np.full((16, 16, 3), 90, dtype=np.uint8)
    classifier = two_classes(lambda images: images.mean(axis=(1, 2, 3)) / 255)
    with pytest.warns(xh.DiagnosticWarning, match="No patch changes the probability"):
        assert np.abs(xh.occlusion(classifier, flat, "yes", fill="blur").heatmap).max() < 1e-6
    assert xh.occlusion(classifier, flat, "yes", fill=255).heatmap.max() < 0


# -- coarse to fine -------------------------------------------------------------------------------------------------------


def spot(images):
    """A smooth score of a spot of 12 x 12 pixels in a 64 x 64 image."""
    return 0.1 + 0.8 * (images[:, 20:32, 36:48].mean(axis=(1, 2, 3)) / 255) ** 2


def test_coarse_to_fine_finds_the_same_place_for_fewer_questions():
    image = np.random.default_rng(0).integers(150, 256, (64, 64, 3)).astype(np.uint8)
    every = xh.occlusion(two_classes(spot), image, "yes", patch=4, stride=2)
    found = xh.occlusion(two_classes(spot), image, "yes", patch=4, stride=2, levels=3)
    assert sum(found.details["questions"]) == found.forward_passes - 1 < 0.5 * every.forward_passes
    inside = found.details["finest"]
    assert inside[20:32, 36:48].all() and inside.mean() < 0.5
    # Where all the windows around a pixel were asked again, the answer is the same.
    np.testing.assert_allclose(found.heatmap[22:30, 38:46], every.heatmap[22:30, 38:46], atol=1e-6)
    assert spearmanr(found.heatmap[inside], every.heatmap[inside])[0] > 0.9


def test_coarse_to_fine_with_everything_kept_is_the_plain_map():
    classifier, _ = linear()
    plain = xh.occlusion(classifier, PHOTO, "yes", patch=2, stride=1, fill=0)
    found = xh.occlusion(classifier, PHOTO, "yes", patch=2, stride=1, fill=0, levels=3, keep=1.0)
    np.testing.assert_allclose(found.heatmap, plain.heatmap, atol=1e-6)


# -- bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"patch": 0}, "patch is 0"),
        ({"patch": -3}, "patch is -3"),
        ({"patch": 10}, "patch is 10 .* give 9 or fewer"),
        ({"patch": 2.5}, "patch is 2.5"),
        ({"stride": 0}, "stride is 0"),
        ({"patch": 3, "stride": 4}, "never be covered"),
        ({"fill": "pink"}, "fill is 'pink'"),
        ({"fill": 300}, "fill is 300"),
        ({"fill": (1, 2)}, r"fill is \(1, 2\)"),
        ({"fill": None}, "fill is None"),
        ({"levels": 0}, "levels is 0"),
        ({"patch": 4, "levels": 3}, "first patches are 16"),
        ({"keep": 0}, "keep is 0"),
        ({"keep": 2}, "keep is 2"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"target": "maybe"}, "no class"),
    ],
)
def test_bad_arguments_are_named_before_the_model_is_asked(bad, message):
    classifier, _ = linear()
    with pytest.raises(ValueError, match=message):
        xh.occlusion(classifier, PHOTO, **{"target": "yes", **bad})
    assert classifier.model.asked == 0


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda images: np.full((len(images), 3), 1 / 3), "3 classes"),
        (lambda images: np.full((1, 2), 0.5), "returned shape"),
        (lambda images: np.full((len(images), 2), np.nan), "NaN or infinite"),
        (lambda images: np.ones((len(images), 2)), "add up to"),
        (lambda images: None, "returned"),
    ],
)
def test_rubbish_from_the_callable_is_named(function, message):
    with pytest.raises(ValueError, match=message):
        xh.occlusion(xh.Classifier(function, class_names=["no", "yes"]), PHOTO, "yes", patch=3)


def interrupted_in(call):
    """Return a Classifier that is interrupted, as by the stop button, in its call number `call`, and never again."""
    calls = []

    def score(images):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return images.mean(axis=(1, 2, 3)) / 255

    return two_classes(score)


def test_interrupting_leaves_nothing_broken(capsys):
    classifier, plain = interrupted_in(3), interrupted_in(0)
    with pytest.raises(KeyboardInterrupt):
        xh.occlusion(classifier, PHOTO, "yes", patch=2, stride=1)
    found = xh.occlusion(classifier, PHOTO, "yes", patch=2, stride=1, progress=True)
    assert "occlusion, 2 px will ask the network 80 questions" in capsys.readouterr().out
    assert (found.heatmap == xh.occlusion(plain, PHOTO, "yes", patch=2, stride=1).heatmap).all()


def test_interrupted_under_a_bar_it_keeps_the_patches_asked():
    options = dict(patch=1, stride=1, batch_size=9, fill=0)
    whole = xh.occlusion(interrupted_in(0), PHOTO, "yes", **options).heatmap
    with pytest.warns(xh.DiagnosticWarning, match="after 27 of 99 patches"):
        kept = xh.occlusion(interrupted_in(5), PHOTO, "yes", progress=True, **options)
    # The whole image, then one row of nine pixels a call: three rows were answered.
    assert (kept.heatmap[:3] == whole[:3]).all() and not kept.heatmap[3:].any()
    assert kept.details["questions"] == [27] and kept.details["finest"].sum() == 27
    with pytest.raises(KeyboardInterrupt):  # nothing to show
        xh.occlusion(interrupted_in(2), PHOTO, "yes", progress=True, **options)


def test_interrupted_on_the_way_to_the_fine_patches_the_coarse_map_is_kept():
    options = dict(patch=2, stride=2, fill=0, batch_size=4, levels=2)
    coarse = xh.occlusion(interrupted_in(0), PHOTO, "yes", patch=4, stride=4, fill=0).heatmap
    with pytest.warns(xh.DiagnosticWarning, match="after 4 of .* patches of 2 pixels"):
        # The whole image is one call, the nine coarse patches are three.
        kept = xh.occlusion(interrupted_in(6), PHOTO, "yes", progress=True, **options)
    assert kept.details["questions"] == [9, 4]
    elsewhere = ~kept.details["finest"]
    np.testing.assert_allclose(kept.heatmap[elsewhere], coarse[elsewhere] / 4, atol=1e-7)


@pytest.mark.slow
def test_agrees_with_another_occlusion_on_efficientnet():
    classifier, image = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("coffee", 224)
    target = classifier.class_index(None, image)
    ours = xh.occlusion(classifier, image, target, patch=56, stride=28, fill=0)
    whole, total, times = classifier.probabilities(image)[0, target], np.zeros((224, 224)), np.zeros((224, 224))
    for top in range(0, 169, 28):
        for left in range(0, 169, 28):
            covered = image.copy()
            covered[top : top + 56, left : left + 56] = 0
            total[top : top + 56, left : left + 56] += whole - classifier.probabilities(covered)[0, target]
            times[top : top + 56, left : left + 56] += 1
    assert spearmanr(ours.heatmap.ravel(), (total / times).ravel())[0] > 0.99
