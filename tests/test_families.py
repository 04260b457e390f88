"""Copies of one photograph are found, whatever was done to them, and different photographs are kept apart."""

import numpy as np
import pytest
from augmented import photographs, precision_and_recall, with_copies

from xaihelpers.copies import families
from xaihelpers.copies.agreement import agreement, details
from xaihelpers.copies.keypoints import Placement, grey, key_points, placement
from xaihelpers.rashes import make_rashes


@pytest.mark.parametrize("kind", ["photographs", "drawn"])
def test_families_of_ten_altered_copies_each(kind):
    sources = photographs(10) if kind == "photographs" else list(make_rashes(10, seed=3).images)
    images, true = with_copies(sources)
    order = np.random.default_rng(1).permutation(len(images))
    found = families([images[i] for i in order])
    precision, recall = precision_and_recall(found, true[order])
    assert precision > 0.95 and recall > 0.95, (precision, recall, found.max() + 1)


def test_different_drawings_are_no_copies_although_all_show_skin():
    images = make_rashes(40, seed=8).images
    assert families(list(images)).tolist() == list(range(40))


def test_noise_is_not_like_other_noise_and_the_same_file_twice_is_one():
    noise = list(np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3)).astype(np.uint8))
    assert families([*noise, noise[3], noise[0]]).tolist() == [*range(12), 3, 0]


def test_pictures_of_one_colour():
    plain = [np.full((40, 40, 3), value, np.uint8) for value in (0, 90, 255, 90)]
    assert families(plain).tolist() == [0, 1, 2, 1]


def test_a_turn_is_found_with_its_angle_scale_and_shift():
    """Exact: a quarter turn of a square picture is z -> 1j z (or its reverse) and a shift."""
    picture, content = grey(photographs(1)[0])
    turned, its_content = np.rot90(picture).copy(), np.rot90(content).copy()
    found = placement(key_points(picture, content), key_points(turned, its_content))
    assert abs(found.factor) == pytest.approx(1, abs=0.01) and abs(found.factor.real) < 0.01
    agreed, overlap = agreement(details(picture, content), details(turned, its_content), found)
    assert agreed > 0.95 and overlap > 0.9  # the rim that resampling leaves is not compared


def test_a_mirror_is_found_only_by_mirrored_points():
    picture, content = grey(photographs(1)[0])
    its_content = content[:, ::-1].copy()
    points, other = key_points(picture, content), key_points(picture[:, ::-1].copy(), its_content)
    straight, mirrored = placement(points, other), placement(points.mirrored(), other)
    assert mirrored.agreeing > 30 and (straight is None or straight.agreeing < mirrored.agreeing / 2)
    as_it_is = Placement(mirrored.factor, mirrored.shift, mirrored.agreeing, mirror=True)
    agreed, _ = agreement(details(picture, content), details(picture[:, ::-1], its_content), as_it_is)
    assert agreed > 0.95


def test_corners_filled_after_a_turn_do_not_count():
    a, b = make_rashes(2, seed=4).images
    from PIL import Image

    turned = [np.asarray(Image.fromarray(image).rotate(20)) for image in (a, b)]
    assert families(turned).tolist() == [0, 1]
    _, content = grey(turned[0])
    assert not content[0, 0] and content[64, 64] and 0.75 < content.mean() < 0.95
