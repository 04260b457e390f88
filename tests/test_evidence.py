"""Photographs whose evidence is known: the masks fit, and what lies outside them has nothing to do with the object."""

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.evidence import cutouts
from xaihelpers.evidence.cutouts import BACKGROUNDS, OBJECTS


@pytest.fixture(scope="module")
def lite0():
    return xh.load_classifier("efficientnet-lite0")


@pytest.fixture(scope="module")
def sixty(lite0):
    return xh.composites(0, 60, classifier=lite0)


def top(classifier, images, n):
    return np.argsort(-classifier.probabilities(images), axis=1)[:, :n]


def knows(classifier, row, name):
    return any(classifier.class_names[i] in OBJECTS[name][1] for i in row)


@pytest.mark.parametrize("photo", xh.photo_names())
def test_masks_have_the_size_of_their_photographs(photo):
    height, width = xh.sample_photo(photo).shape[:2]
    whole, square = xh.object_masks(photo), xh.object_masks(photo, 224)
    assert whole and whole.keys() == square.keys()
    for name, mask in whole.items():
        assert mask.shape == (height, width) and mask.dtype == bool and 0.005 < mask.mean() < 0.85
        assert square[name].shape == (224, 224) and square[name].any()


def test_a_mask_lies_where_the_object_is():
    """The cup is white and red on brown, the dahlia orange on green, the rocket bright on the evening sky."""
    for photo, name, channel, more in [("flower", "flower", 0, 80), ("rocket", "rocket", 0, 80), ("coffee", "cup", 2, 20)]:
        values, mask = xh.sample_photo(photo)[..., channel].astype(float), xh.object_masks(photo)[name]
        assert values[mask].mean() - values[~mask].mean() > more, photo
    faces = xh.object_masks("astronaut")
    assert (faces["face"] & ~faces["person"]).sum() < 0.03 * faces["face"].sum()


def test_the_network_names_the_object_of_all_sixty_and_loses_it_when_it_is_removed(lite0, sixty):
    assert len(sixty) == 60 and sixty.images.shape == (60, 224, 224, 3) and sixty.masks.shape == (60, 1, 224, 224)
    named = top(lite0, sixty.images, 1)
    assert all(knows(lite0, row, names[0]) for row, names in zip(named, sixty.objects)) and (named == sixty.targets).all()
    without = top(lite0, sixty.removed[:, 0], 1)
    assert np.mean([not knows(lite0, row, names[0]) for row, names in zip(without, sixty.objects)]) >= 0.9
    assert len({names[0] for names in sixty.objects}) >= 6 and len(set(sixty.backgrounds)) >= 6
    centres = np.array([np.argwhere(mask[0]).mean(axis=0) for mask in sixty.masks])
    assert (centres.std(axis=0) > 15).all() and np.ptp(sixty.masks.mean(axis=(1, 2, 3))) > 0.15


def test_nothing_outside_the_mask_is_object(lite0, monkeypatch):
    """The object is painted magenta before it is cut out: outside its mask not one pixel changes."""
    from xaihelpers.evidence import cutouts as module

    few = xh.composites(3, 12, classifier=lite0)
    painted = {}
    real = module._photograph

    def photograph(name):
        photo = real(name).copy()
        if name in painted:
            photo[module.object_masks(name)[painted[name]]] = (255, 0, 255)
        return photo

    monkeypatch.setattr(module, "_photograph", photograph)
    monkeypatch.setattr(module, "_cut_out", module._cut_out.__wrapped__)  # anew each time, not once
    for i in range(len(few)):
        assert (few.images[i][~few.masks[i, 0]] == few.removed[i, 0][~few.masks[i, 0]]).all()
        assert (few.images[i] != few.removed[i, 0]).any(axis=-1)[few.masks[i, 0]].mean() > 0.8
    rng = np.random.default_rng(5)
    for _ in range(8):
        state = rng.bit_generator.state
        painted.clear()
        image, masks, names, removed, _ = module._draw(rng, 1)
        rng.bit_generator.state = state
        painted[OBJECTS[names[0]][0]] = names[0]
        again, again_masks, _, again_removed, _ = module._draw(rng, 1)
        changed = (image != again).any(axis=-1)
        assert (masks == again_masks).all() and (removed == again_removed).all()
        assert changed.any() and not (changed & ~masks[0]).any()


def test_two_objects_have_a_mask_and_a_class_each(lite0):
    pairs = xh.composites(0, 12, objects=2, classifier=lite0)
    assert pairs.masks.shape == (12, 2, 224, 224) and not (pairs.masks[:, 0] & pairs.masks[:, 1]).any()
    assert (pairs.targets[:, 0] != pairs.targets[:, 1]).all()
    for k in range(2):
        without = top(lite0, pairs.removed[:, k], 5)
        assert sum(knows(lite0, row, names[k]) for row, names in zip(without, pairs.objects)) <= 1
        gone = (pairs.images != pairs.removed[:, k]).any(axis=-1)
        assert not (gone & ~pairs.masks[:, k]).any()


def test_the_same_seed_gives_the_same_and_another_others(lite0):
    one, same, other = (xh.composites(seed, 6, classifier=lite0) for seed in (1, 1, 2))
    assert (one.images == same.images).all() and one.objects == same.objects and (one.images != other.images).any()


def test_backgrounds_hold_none_of_the_objects():
    for name, (photo, place) in BACKGROUNDS.items():
        if photo is not None:
            left, upper, right, lower = place
            masks = xh.object_masks(photo)
            within = [key for key, mask in masks.items() if mask[upper:lower, left:right].any()]
            assert not within, (name, within)


def test_what_can_not_be_drawn(lite0, monkeypatch):
    with pytest.raises(ValueError, match="objects is 3"):
        xh.composites(objects=3)
    with pytest.raises(ValueError, match="There is no|photo is 'dog'"):
        xh.object_masks("dog")
    blind = xh.Classifier(lambda images: np.full((len(images), 1000), 1e-3, np.float32), class_names=lite0.class_names)
    monkeypatch.setattr(cutouts, "_IN_VAIN", 64)
    with pytest.raises(ValueError, match="recognised none of 64 composites"):
        xh.composites(0, 1, classifier=blind)
