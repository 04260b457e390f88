"""The drawn rash images: the same for the same seed, true masks, and no way from a training seed to a test image."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from xaihelpers.rashes import CLASSES, TEST_FOLDER, draw_test_split, load_test_split, make_rashes, repaint
from xaihelpers.rashes import draw as drawing

HEALTHY = CLASSES.index("healthy")


@pytest.fixture(scope="module")
def rashes():
    """Sixty images, all classes, with a sticker on every one."""
    return make_rashes(60, seed=5, artefact="sticker", artefact_probability=1)


@pytest.fixture(scope="module")
def test_split():
    return load_test_split()


def digest(data):
    parts = (data.images, data.labels.astype(np.int64), data.lesion_masks, data.artefact_masks)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def test_shapes_and_types(rashes):
    assert rashes.images.shape == (60, 128, 128, 3) and rashes.images.dtype == np.uint8
    assert rashes.lesion_masks.shape == rashes.artefact_masks.shape == (60, 128, 128)
    assert rashes.lesion_masks.dtype == rashes.artefact_masks.dtype == bool
    assert rashes.class_names == ["chickenpox", "cowpox", "healthy", "measles", "monkeypox", "smallpox"]
    assert np.issubdtype(rashes.labels.dtype, np.integer)


def test_same_seed_gives_the_same_bytes_in_a_new_process(tmp_path):
    call = "make_rashes(18, seed=7, artefact='ruler', artefact_probability=0.5)"
    here = digest(eval(call))
    code = f"""
import hashlib
import numpy as np
from xaihelpers.rashes import make_rashes
data = {call}
parts = (data.images, data.labels.astype(np.int64), data.lesion_masks, data.artefact_masks)
print(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


def test_different_seeds_give_different_images():
    first, second = make_rashes(12, seed=1), make_rashes(12, seed=2)
    assert all(not np.array_equal(a, b) for a in first.images for b in second.images)


def test_an_image_does_not_depend_on_how_many_are_drawn(rashes):
    few = make_rashes(6, seed=5, class_weights={"measles": 1})
    many = make_rashes(20, seed=5, class_weights={"measles": 1})
    assert np.array_equal(few.images, many.images[:6])
    assert np.array_equal(many[[3, 11]].images, many.images[[3, 11]])
    assert len(many[4]) == 1 and len(many[:7]) == 7
    assert few.tones.tolist() == rashes.tones[:6].tolist(), "the same skin, whatever is drawn on it"


def test_training_seeds_cannot_draw_a_test_image(test_split, monkeypatch):
    """Every generator of make_rashes starts from the word of the training split, which is not the test split's."""
    used = []
    real = drawing.generator

    def spy(split, seed, *key):
        used.append(np.random.SeedSequence((drawing.SPLITS[split], seed), spawn_key=key).entropy[0])
        return real(split, seed, *key)

    for module in ("draw", "make", "data"):
        monkeypatch.setattr(f"xaihelpers.rashes.{module}.generator", spy)
    drawn = {image.tobytes() for seed in (0, 1, 2**32 - 1) for image in make_rashes(6, seed=seed).images}
    assert set(used) == {drawing.SPLITS["train"]}
    assert len(set(drawing.SPLITS.values())) == len(drawing.SPLITS)
    # Seeds are one 32-bit word, so no seed can spill over into the word before it.
    with pytest.raises(ValueError, match="seed"):
        make_rashes(1, seed=2**32)
    # And the very numbers that the test split is made of give other images to a training seed.
    twins = [drawing.draw("train", 0, int(i), int(label)).image.tobytes() for i, label in enumerate(test_split.labels[:24])]
    assert not (drawn | set(twins)) & {image.tobytes() for image in test_split.images}


def test_outside_the_mask_the_lesions_change_nothing(rashes):
    plain = rashes.without_lesions()
    changed = (rashes.images != plain.images).any(axis=-1)
    assert not changed[~rashes.lesion_masks].any()
    diseased = rashes.labels != HEALTHY
    share = changed[diseased].sum(axis=(1, 2)) / rashes.lesion_masks[diseased].sum(axis=(1, 2))
    # The mask isn't larger than it must be: rounding to whole grey levels alone leaves some of its pixels unchanged.
    assert share.min() > 0.6 and share.mean() > 0.9
    assert not plain.lesion_masks.any() and set(plain.labels) == {HEALTHY}


def test_outside_its_mask_the_artefact_changes_nothing(rashes):
    without = rashes.without_artefact()
    changed = (rashes.images != without.images).any(axis=-1)
    assert not changed[~rashes.artefact_masks].any()
    assert changed[rashes.artefact_masks].mean() > 0.8
    assert not without.artefact_masks.any()
    assert np.array_equal(rashes.labels, without.labels)


@pytest.mark.parametrize("artefact", ["sticker", "ruler"])
def test_an_artefact_never_hides_the_evidence(artefact):
    data = make_rashes(48, seed=8, artefact=artefact, artefact_probability=1)
    bare = data.without_artefact()
    diseased = data.labels != HEALTHY
    left = data.lesion_masks[diseased].sum(axis=(1, 2)) / bare.lesion_masks[diseased].sum(axis=(1, 2))
    # Placed where most lesions are, it would hide 9 % (sticker) or 14 % (ruler) of them on average.
    assert left.min() > 0.5 and left.mean() > 0.95
    assert data.artefact_masks.any(axis=(1, 2)).all()


def test_healthy_has_no_lesions_and_every_other_class_has_some(rashes):
    sizes = rashes.lesion_masks.sum(axis=(1, 2))
    assert not sizes[rashes.labels == HEALTHY].any()
    assert sizes[rashes.labels != HEALTHY].min() > 100


def test_tones_are_drawn_without_regard_to_the_class(test_split):
    tones = [set(test_split.tones[test_split.labels == label]) for label in range(6)]
    assert min(map(len, tones)) >= 7 and set.union(*tones) == set(range(10))


def test_class_weights_are_respected():
    weights = {"monkeypox": 3, "healthy": 1.5, "cowpox": 0.5}
    assert np.bincount(make_rashes(50, class_weights=weights).labels, minlength=6).tolist() == [0, 5, 15, 0, 30, 0]
    assert np.bincount(make_rashes(12, class_weights=[1, 0, 0, 0, 0, 2]).labels, minlength=6).tolist() == [4, 0, 0, 0, 0, 8]
    assert np.bincount(make_rashes(14).labels).tolist() == [3, 3, 2, 2, 2, 2]


def test_the_artefact_goes_with_its_class():
    data = make_rashes(120, seed=6, artefact="sticker", artefact_class="measles", artefact_probability=0.5)
    carries = data.artefact_masks.any(axis=(1, 2))
    assert np.array_equal(carries, data.artefacts == "sticker")
    assert not carries[data.labels != CLASSES.index("measles")].any()
    assert 4 <= carries[data.labels == CLASSES.index("measles")].sum() <= 16
    never = make_rashes(6, artefact="sticker", artefact_probability=0)
    assert not never.artefact_masks.any() and np.array_equal(never.images, make_rashes(6).images)


def test_repaint_keeps_the_other_side_to_the_byte(rashes):
    outside, inside = repaint(rashes, "outside"), repaint(rashes, "inside")
    mask = rashes.lesion_masks
    assert np.array_equal(outside.images[mask], rashes.images[mask])
    assert np.array_equal(inside.images[~mask], rashes.images[~mask])
    assert np.array_equal(inside.images, rashes.without_lesions().images)
    assert (outside.tones != rashes.tones).all() and np.array_equal(outside.labels, rashes.labels)
    assert (outside.images[~mask] != rashes.images[~mask]).any(axis=-1).mean() > 0.9
    assert np.array_equal(outside.images, repaint(rashes, "outside", seed=0).images)
    assert not np.array_equal(outside.images, repaint(rashes, "outside", seed=1).images)
    with pytest.raises(ValueError, match="'outside' or 'inside'"):
        repaint(rashes, "around")


def test_the_shipped_test_split_is_what_the_code_draws(test_split):
    again = draw_test_split()
    assert np.bincount(test_split.labels).tolist() == [20] * 6
    assert np.array_equal(test_split.labels, again.labels) and np.array_equal(test_split.tones, again.tones)
    # On another processor a rounding may fall the other way, so nearly all pixels rather than all.
    assert (test_split.images == again.images).mean() > 0.999
    assert (test_split.lesion_masks == again.lesion_masks).mean() > 0.999
    assert not test_split.artefact_masks.any()


def test_the_shipped_test_split_is_small():
    files = [path for path in TEST_FOLDER.rglob("*") if path.is_file()]
    assert len(files) == 241
    assert sum(path.stat().st_size for path in files) < 6e6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"n": 0}, r"n is 0: expected a whole number from 1"),
        ({"n": -3}, r"n is -3:"),
        ({"n": 2.5}, r"n is 2\.5:"),
        ({"n": True}, r"n is True:"),
        ({"n": 6, "seed": -1}, r"seed is -1: expected a whole number from 0"),
        ({"n": 6, "seed": None}, r"seed is None:"),
        ({"n": 6, "class_weights": {"mumps": 1}}, r"'mumps': the classes are chickenpox, .*smallpox"),
        ({"n": 6, "class_weights": [1, 2]}, r"\[1, 2\]: give six numbers"),
        ({"n": 6, "class_weights": {"measles": -1}}, r"six numbers of at least 0"),
        ({"n": 6, "class_weights": {"measles": 0}}, r"not all 0"),
        ({"n": 6, "class_weights": {"measles": float("nan")}}, r"six numbers"),
        ({"n": 6, "class_weights": "balanced"}, r"'balanced'"),
        ({"n": 6, "artefact": "stamp"}, r"'stamp': choose 'sticker' or 'ruler'"),
        ({"n": 6, "artefact": "ruler", "artefact_class": "mumps"}, r"'mumps': the classes are"),
        ({"n": 6, "artefact_class": "measles"}, r"artefact is None: say which"),
        ({"n": 6, "artefact": "ruler", "artefact_probability": 1.5}, r"1\.5: expected a share from 0 to 1"),
        ({"n": 6, "artefact": "ruler", "artefact_probability": -0.1}, r"-0\.1"),
        ({"n": 6, "artefact": "ruler", "artefact_probability": float("nan")}, r"nan"),
    ],
)
def test_bad_input_is_told_in_one_sentence(arguments, said):
    with pytest.raises(ValueError, match=said) as error:
        make_rashes(**arguments)
    assert "\n" not in str(error.value)


def test_drawing_needs_no_tensorflow(tmp_path):
    code = "import sys; from xaihelpers.rashes import make_rashes; make_rashes(1); print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
