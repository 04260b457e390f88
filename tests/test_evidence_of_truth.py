"""What comparisons hold techniques to, on networks whose logits are written into the images: which images stay in, and why."""

from types import SimpleNamespace

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.comparison import evidence
from xaihelpers.zoo.quadrant import draw_grids
from xaihelpers.zoo.wired import draw_wired


class ReadsFirstPixel:
    """Three logits, those of class k in channel k of the first pixel, as stored and multiplied by a share."""

    def __init__(self, share=(1, 1, 1)):
        self.share = np.asarray(share, float)

    def logits(self, images):
        return images[:, 0, 0] * self.share

    def class_index(self, name):
        return ["a", "b", "c"].index(name)


class Drawn:
    """So many images, of which a test says what there is."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


def saying(logits):
    """Images (N, 2, 2, 3) whose first pixel holds these logits."""
    images = np.zeros((len(logits), 2, 2, 3))
    images[:, 0, 0] = logits
    return images


def test_a_sticker_counts_where_the_biased_network_falls_by_more_than_its_twin_moves():
    # Of class b: the fall of the biased network, and of its twin, which reads channel c as b.
    falls = np.array([[2, 0], [2, 1.5], [0.5, 0], [2, -1.5], [1, 0], [3, -2]])
    with_it, plain = np.zeros((6, 3)), np.zeros((6, 3))
    with_it[:, 1], with_it[:, 2] = falls.T
    biased, twin = ReadsFirstPixel(), ReadsFirstPixel()
    twin.logits = lambda images: images[:, 0, 0][:, [0, 2, 1]]
    split = Drawn(6)
    split.with_artefact = lambda kind: SimpleNamespace(images=saying(with_it), artefact_masks=np.arange(6), kind=kind)
    split.without_artefact = lambda: SimpleNamespace(images=saying(plain))
    found = evidence.stickers(biased, twin, split, "b")
    assert list(found.images) == list(found.masks) == [0, 4, 5] and found.targets == dict.fromkeys([0, 4, 5], 1)
    assert [found.masks[i] for i in found.masks] == [0, 4, 5] and found.considered == 6 and found.classifier is biased
    assert list(evidence.stickers(biased, twin, split, "b", least=1.5).images) == [0]


def test_a_pair_counts_where_each_class_falls_with_its_own_lesions_and_not_with_the_others():
    labels = np.array([[0, 2]] * 4)
    whole = np.tile([5.0, 0, 5], (4, 1))
    # What is left when the first, and the second, are gone: logits of a, b, c.
    without = np.array(
        [
            [[4, 0, 5], [5, 0, 4]],  # each falls by 1 with its own, by 0 with the other
            [[4.75, 0, 5], [5, 0, 4]],  # a falls by a quarter only
            [[4, 0, 4], [5, 0, 4]],  # c falls as much with the lesions of a
            [[4, 0, 5], [3.75, 0, 4]],  # a falls more with the lesions of c
        ]
    )
    masks = np.zeros((4, 2, 2, 2), bool)
    masks[:, 0, 0], masks[:, 1, :, 0] = True, True  # the upper row, the left column: both change the corner
    pairs = Drawn(4)
    pairs.images, pairs.labels, pairs.class_names, pairs.lesion_masks = saying(whole), labels, ["a", "b", "c"], masks
    pairs.without = np.stack([saying(without[:, k]) for k in (0, 1)], axis=1)
    found = evidence.contrasts(ReadsFirstPixel(), pairs)
    assert found.targets == {"0 a": 0, "0 c": 2} and found.considered == 4
    own, other = np.array([[0, 1], [0, 0]], bool), np.array([[0, 0], [1, 0]], bool)
    np.testing.assert_array_equal(found.masks["0 a"], [own, other])
    np.testing.assert_array_equal(found.masks["0 c"], [other, own])
    assert set(evidence.contrasts(ReadsFirstPixel(), pairs, least=0.25).images) == {"0 a", "0 c", "1 a", "1 c"}


@pytest.mark.parametrize("seed", [0, 3])
def test_wired_images_are_those_of_their_seed(seed):
    drawn, found = draw_wired(3, seed), evidence.wired(3, seed)
    np.testing.assert_array_equal(list(found.images.values()), drawn.images)
    for i in range(3):
        np.testing.assert_array_equal(found.masks[i], [drawn.used[i], drawn.unused[i]])
    assert found.targets == {0: 0, 1: 0, 2: 0}


def test_grids_are_those_of_their_seed():
    grids = evidence.quadrants(2, "bottom left", 3)
    np.testing.assert_array_equal(list(grids.images.values()), draw_grids(2, 3)[0])
    mask = grids.masks["bottom left 1"]
    assert mask[112:, :112].all() and mask.sum() == 112**2 and mask.shape == (224, 224)


def test_lesions_and_healthy_skin():
    split = xh.rashes.load_test_split()[[3, 24, 45, 63]]
    ill = [i for i in range(4) if split.lesion_masks[i].any()]
    plain = [i for i in range(4) if i not in ill]
    found, rest = evidence.lesions("rashnet", split), evidence.healthy("rashnet", split)
    assert (
        list(found.images) == ill and list(rest.images) == plain and (found.considered, rest.considered) == (len(ill), len(plain))
    )
    for i in ill:
        np.testing.assert_array_equal(found.masks[i][0], split.lesion_masks[i])
        np.testing.assert_array_equal(found.masks[i][1:], split.without_each_lesion(i)[1])
        assert found.targets[i] == split.labels[i]
    assert rest.masks == dict.fromkeys(plain) and rest.targets == {i: split.labels[i] for i in plain}
    assert list(evidence.lesions("rashnet", split, numbers=[ill[0], 99]).images) == ill[:1]


def test_a_few_of_them_are_spread_over_all():
    names = [f"n{i}" for i in range(9)]
    all_of_them = evidence.Evidence("net", *({name: (part, name) for name in names} for part in "imt"), 20)
    assert list(all_of_them.first(3).images) == ["n0", "n4", "n8"] and list(all_of_them.first(99).images) == names
    two = all_of_them.only(["n5", "n2"])
    assert two.images == {"n5": ("i", "n5"), "n2": ("i", "n2")} and two.masks["n2"] == ("m", "n2") and two.considered == 20
    assert two.of("other").classifier == "other" and two.of("other").targets == two.targets
