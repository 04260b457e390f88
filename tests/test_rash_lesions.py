"""Lesions taken away one by one, and two diseases on one skin: what is drawn again differs where it must and nowhere else."""

import numpy as np
import pytest

from xaihelpers.rashes import CLASSES, load_test_split, make_pairs, make_rashes


@pytest.fixture(scope="module")
def diseased():
    """One image a disease, each with a sticker."""
    weights = {name: 1 for name in CLASSES if name != "healthy"}
    return make_rashes(5, seed=3, class_weights=weights, artefact="sticker", artefact_probability=1)


@pytest.fixture(scope="module")
def pairs():
    return make_pairs(10, seed=1)


def test_with_all_lesions_it_is_the_image_and_with_none_plain_skin(diseased):
    plain = diseased.without_lesions()
    for i in range(len(diseased)):
        sketch = diseased.sketch(i)
        assert np.array_equal(sketch.drawn().image, diseased.images[i])
        assert np.array_equal(sketch.drawn(range(len(sketch))).image, diseased.images[i])
        assert np.array_equal(sketch.drawn(()).image, plain.images[i]) and not sketch.drawn(()).lesion_mask.any()


def test_a_lesion_taken_away_leaves_everything_else_as_it_is(diseased):
    for i in range(len(diseased)):
        images, changed, _ = diseased.without_each_lesion(i)
        assert len(images) == len(changed) > 0 and changed.any(axis=(1, 2)).all()
        assert not (changed & ~diseased.lesion_masks[i]).any()
        # Together they change what all lesions change, but for pixels on which one hides what the other did.
        assert changed.any(axis=0).sum() > 0.9 * (diseased.images[i] != diseased.without_lesions().images[i]).any(-1).sum()


def test_the_lesions_of_an_image_are_apart_where_they_do_not_touch():
    data = make_rashes(1, seed=3, class_weights={"monkeypox": 1})
    images, changed, numbers = data.without_each_lesion(0)
    first, second = 0, int(np.argmin((changed & changed[0]).sum(axis=(1, 2))))
    assert not (changed[first] & changed[second]).any()
    sketch = data.sketch(0)
    both = sketch.drawn([k for k in range(len(sketch)) if k not in numbers[[first, second]]]).image
    assert np.array_equal(both[changed[first]], images[first][changed[first]])
    assert np.array_equal(both[changed[second]], images[second][changed[second]])


def test_healthy_skin_has_no_lesion_to_take_away():
    split = load_test_split()
    number = int(np.flatnonzero(split.labels == CLASSES.index("healthy"))[0])
    images, changed, _ = split.without_each_lesion(number)
    assert images.shape == (0, 128, 128, 3) and changed.shape == (0, 128, 128)
    with pytest.raises(ValueError, match="from 0 to 119"):
        split.sketch(120)


def test_pairs_have_two_diseases_each_where_its_mask_is(pairs):
    assert pairs.images.shape == (10, 128, 128, 3) and pairs.lesion_masks.shape == (10, 2, 128, 128)
    assert {frozenset(map(int, pair)) for pair in pairs.labels} == {
        frozenset((a, b)) for a in (0, 1, 3, 4, 5) for b in (0, 1, 3, 4, 5) if a < b
    }
    for image, masks, without in zip(pairs.images, pairs.lesion_masks, pairs.without):
        for mask, rest in zip(masks, without):
            changed = (image != rest).any(axis=-1)
            assert mask.sum() > 100 and not changed[~mask].any()
        # Each on its half: what both change is a small part.
        assert (masks[0] & masks[1]).sum() < 0.35 * masks.any(axis=0).sum()


def test_pairs_are_the_same_for_a_seed_and_others_for_another(pairs):
    again, other = make_pairs(3, seed=1), make_pairs(3, seed=2)
    assert np.array_equal(again.images, pairs.images[:3]) and np.array_equal(again.lesion_masks, pairs.lesion_masks[:3])
    assert not np.array_equal(other.images, again.images)
    for bad in (0, 2.5, None):
        with pytest.raises(ValueError, match="whole number"):
            make_pairs(bad)
