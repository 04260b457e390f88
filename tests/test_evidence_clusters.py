"""Clusters of what maps point to: exact on points and on a network wired by hand; planted artefacts come out by themselves."""

import keras
import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.metrics.evidence_clusters import spectral_clusters
from xaihelpers.rashes import CLASSES, make_rashes
from xaihelpers.zoo.factorial import load_factorial


@pytest.mark.parametrize("k", [2, 3, 4])
def test_points_far_apart_are_told_apart_whatever_their_order_and_scale(k):
    rng = np.random.default_rng(k)
    truth = rng.permutation(np.repeat(np.arange(k), [9 + 3 * i for i in range(k)]))
    points = np.stack([np.cos(2 * np.pi * truth / k), 300 * np.sin(2 * np.pi * truth / k)], axis=1)
    points += rng.normal(0, 0.03, points.shape) * [1, 300]
    labels, eigenvalues = spectral_clusters(points)
    assert len({(a, b) for a, b in zip(truth, labels)}) == k  # one name for each
    if k > 2:  # with two, the second axis holds noise only
        assert np.allclose(eigenvalues[:k], 0, atol=1e-2) and eigenvalues[k] > 0.1
    assert (np.diff(np.bincount(labels)) <= 0).all()  # cluster 0 is the largest


def test_one_cloud_is_mostly_one_cluster():
    found = [spectral_clusters(np.random.default_rng(seed).normal(size=(40, 5)))[0].max() + 1 for seed in range(20)]
    assert np.mean(np.array(found) == 1) >= 0.8


def wired(weights):
    """A network of one 1 x 1 convolution to (red, blue) maps, averaged; class 1 gets `weights` of them, class 0 nothing."""
    image = keras.Input((40, 40, 3))
    maps = keras.layers.Conv2D(2, 1, activation="relu", use_bias=False)(keras.layers.Rescaling(1 / 255)(image))
    scores = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(maps))
    model = keras.Model(image, scores)
    colours = np.array([[1, -1], [-1, -1], [-1, 1]], np.float32).reshape(1, 1, 3, 2)
    model.set_weights([colours, np.stack([np.zeros(2), weights], axis=1).astype(np.float32), np.zeros(2, np.float32)])
    return xh.Classifier(model, class_names=["no", "yes"])


def spots(n=24, seed=0):
    """Grey images with a red spot each, every second one with a blue spot too, at places (n, 2) of their own."""
    rng, images, blue = np.random.default_rng(seed), np.full((n, 40, 40, 3), 90, np.uint8), np.arange(n) % 2 == 1
    for image, both in zip(images, blue):
        for colour, half in [((230, 20, 20), 0)] + [((20, 20, 230), 20)] * int(both):
            row, column = rng.integers(2, 30), half + rng.integers(2, 10)
            image[row : row + 7, column : column + 7] = colour
    return images, blue


def test_what_the_network_uses_is_what_comes_out():
    images, blue = spots()
    found = xh.metrics.evidence_clusters(wired([1, 3]), images, "yes")
    assert len(found) == 2 and {tuple(np.unique(blue[found.members(k)])) for k in range(2)} == {(False,), (True,)}
    for i, (row, column) in enumerate(found.places):
        assert images[i, row, column, 2 if blue[i] else 0] == 230  # the place lies on the spot that decides
    assert found.patches.shape == (24, 8, 8, 3) and found.class_name == "yes" and "2 clusters" in repr(found)
    assert found.mean_map(0).shape == (40, 40) and 0 <= found.mean_map(0).max() <= 1
    one = xh.metrics.evidence_clusters(wired([1, 0]), images, "yes")  # blind to blue: the same images, one kind of evidence
    assert len(one) == 1


def test_whole_maps_find_what_is_always_in_the_same_place():
    images = np.full((20, 40, 40, 3), 90, np.uint8)
    images[:10, 3:9, 3:9], images[10:, 28:34, 28:34] = (230, 20, 20), (230, 20, 20)
    classifier = wired([1, 0])
    assert len(xh.metrics.evidence_clusters(classifier, images, 1)) == 1  # everywhere the same spot
    found = xh.metrics.evidence_clusters(classifier, images, 1, by="map")
    assert len(found) == 2 and len(set(found.labels[:10])) == len(set(found.labels[10:])) == 1


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"images": np.zeros((7, 40, 40, 3))}, "eight or more"),
        ({"images": np.zeros((40, 40, 3))}, "eight or more"),
        ({"n_clusters": 0}, "n_clusters is 0"),
        ({"n_clusters": 13}, "expected 1 to 12"),
        ({"by": "colour"}, "choose 'evidence' or 'map'"),
        ({"patch": 2}, "patch is 2"),
        ({"target": "perhaps"}, "no class 'perhaps'"),
    ],
)
def test_bad_input_is_one_sentence(change, hint):
    arguments = {"images": spots()[0], "target": "yes", **change}
    with pytest.raises(ValueError, match=hint) as refused:
        xh.metrics.evidence_clusters(wired([1, 1]), arguments.pop("images"), arguments.pop("target"), **arguments)
    assert "\n" not in str(refused.value)


def artefact_clusters(classifier, name, artefact):
    """Return for each of ten seeds whether a cluster of 15 % or more is the artefact's: over 0.8 of its places lie on one."""
    found = []
    for seed in range(900, 910):
        weights = {each: int(each == name) for each in CLASSES}
        data = make_rashes(40, seed, class_weights=weights, artefact=artefact, artefact_probability=0.5)
        clusters = xh.metrics.evidence_clusters(classifier, data.images, name)
        on = np.array([mask[tuple(place)] for mask, place in zip(data.artefact_masks, clusters.places)])
        own = [on[clusters.members(k)].mean() for k in range(len(clusters)) if clusters.sizes[k] >= 6]
        found.append(max(own) > 0.8)
    return found


def test_a_sticker_that_nobody_marked_is_a_cluster_of_its_own_on_the_network_that_uses_it():
    assert sum(artefact_clusters(xh.load_classifier("rashnet-biased"), "monkeypox", "sticker")) >= 9
    assert sum(artefact_clusters(xh.load_classifier("rashnet"), "monkeypox", "sticker")) <= 1


def test_so_is_a_ruler_for_which_nothing_was_tuned():
    assert sum(artefact_clusters(xh.Classifier(load_factorial(False, "ruler", 0), class_names=CLASSES), "measles", "ruler")) >= 9
    assert sum(artefact_clusters(xh.load_classifier("rashnet"), "measles", "ruler")) <= 1
