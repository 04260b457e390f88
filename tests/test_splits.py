"""Judged honestly: groups are never divided, chance is told from knowledge, and what is large stays in a file."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from augmented import with_copies
from test_training import OPTIONS, coloured, small_backbone

from xaihelpers.results import DiagnosticWarning
from xaihelpers.training import LearnedNothing, evaluate, train_classifier
from xaihelpers.training.chance import chance_of, surely_little, wilson
from xaihelpers.training.groups import groups_of
from xaihelpers.training.splitting import folds, held_back_part, stopping_part


@pytest.fixture(scope="module")
def backbone():
    return small_backbone()


def textured(n, seed):
    """Return n photographs of two classes, each with a texture of its own; the class makes the upper half a little redder."""
    blocks, labels = np.random.default_rng(seed).uniform(60, 180, (n, 8, 8, 3)), np.arange(n) % 2
    blocks[:, :4, :, 0] += 16 * labels[:, None, None]
    return np.clip(blocks.repeat(4, axis=1).repeat(4, axis=2), 0, 255), labels


def test_a_split_by_family_tells_the_truth_and_one_by_image_does_not():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 128, offset=-1)(inputs)
    kernel = keras.initializers.GlorotUniform(seed=1)
    # One look at the whole image through 512 random filters: enough to know each photograph by heart.
    backbone = keras.Model(inputs, keras.layers.Conv2D(512, 32, activation="relu", kernel_initializer=kernel)(x), name="looks")
    sources, labels = textured(160, seed=1)
    rng = np.random.default_rng(2)
    copies = [np.clip(image + rng.normal(0, 15, image.shape) * (k > 0), 0, 255) for image in sources for k in range(4)]
    data = (np.stack(copies).astype(np.uint8), np.repeat(labels, 4))
    options = dict(backbone=backbone, progress=False, cross_validate=False, validation_split=0.4, epochs=30)
    by_family = train_classifier(data, groups=np.repeat(np.arange(160), 4), **options)
    by_image = train_classifier(data, groups="images", **options)
    untouched, theirs = textured(1000, seed=9)
    truths = [evaluate(each, untouched.astype(np.uint8), theirs).balanced_accuracy for each in (by_family, by_image)]
    assert abs(by_family.evaluation.balanced_accuracy - truths[0]) < 0.05
    assert by_image.evaluation.balanced_accuracy > truths[1] + 0.1


# -- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_no_group_is_divided_and_every_class_is_on_every_side(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(24), rng.integers(1, 12, 24))
    labels = (groups % 3).astype(int)
    order = rng.permutation(len(groups))
    groups, labels = groups[order], labels[order]
    rest, held = held_back_part(labels, groups, "abc", 0.25, seed)
    training, stopping = stopping_part(labels, groups, rest, seed)
    sides = [set(groups[part]) for part in (training, stopping, held)]
    assert sum(map(len, sides)) == 24 and len(set.union(*sides)) == 24
    assert sorted([*training, *stopping, *held]) == list(range(len(groups)))
    assert set(labels[held]) == set(labels[training]) == {0, 1, 2}
    share = np.bincount(labels[held]) / np.bincount(labels)
    assert (share > 0).all() and (share < 0.5).all()
    parts = folds(labels, groups, seed)
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    assert all(not set(groups[part]) & set(np.delete(groups, part)) for part in parts)


def test_a_class_of_two_photographs_and_their_copies_is_too_small():
    groups, labels = np.array([0] * 10 + [1] * 10 + list(range(2, 12))), np.array([0] * 20 + [1] * 10)
    with pytest.raises(ValueError, match="class 'a' has 20 images of 2 groups, such as copies of one photograph"):
        held_back_part(labels, groups, "ab", 0.2, 0)


@pytest.mark.parametrize(
    ("groups", "says"),
    [([1, 2], "one for each image"), ([np.nan] * 3, "NaN"), (3, "one for each"), ("patients", "choose 'families', 'images'")],
)
def test_groups_that_can_not_be_used(groups, says):
    images = np.zeros((3, 32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match=says):
        groups_of(groups, images, np.arange(3), "abc", False)


def test_groups_of_the_learner_and_what_is_said_of_them(backbone):
    patients = np.array([f"patient {i // 3}" for i in range(60)])
    trained = train_classifier(coloured(60), backbone=backbone, **{**OPTIONS, "groups": patients})
    assert not set(patients[trained.validation]) & set(patients[trained.training])
    assert "split by the 20 groups that were given" in repr(trained)


def test_copies_are_found_and_kept_on_one_side(backbone):
    sources, labels = coloured(18, size=64)
    images, families = with_copies(sources, kinds=("quarter turn", "flip", "bright"))
    images = np.stack(images)
    trained = train_classifier((images, labels[families]), backbone=small_backbone(64), **{**OPTIONS, "groups": "families"})
    assert not set(families[trained.validation]) & set(families[trained.training])
    assert "split by family: 72 images are 18 photographs and their copies" in repr(trained)


def test_copies_with_two_labels_are_named(backbone):
    images, labels = coloured(30)
    images[29] = images[0]
    with pytest.warns(DiagnosticWarning, match="one photograph are called red and blue"):
        train_classifier(
            (images, labels), backbone=backbone, class_names=["red", "green", "blue"], **{**OPTIONS, "groups": "families"}
        )


# -- data to judge by -------------------------------------------------------------------------------------------------


def test_validation_data_judges_and_all_other_images_train(backbone, monkeypatch):
    from xaihelpers.training import groups

    monkeypatch.setattr(groups, "families", lambda images, **_: np.arange(len(images)))  # copies are looked for in the next test
    images, labels = coloured(45)
    trained = train_classifier((images, labels), backbone=backbone, validation_data=coloured(30, seed=5), **OPTIONS)
    assert trained.validation is None and trained.evaluation.confusion.sum() == 30
    assert len(trained.training) + len(trained.stopping) == 45


def test_validation_data_with_names_in_another_order_with_copies_and_with_mistakes(backbone):
    names = np.array(["red", "green", "blue"])
    (images, labels), (others, theirs) = coloured(45), coloured(30, seed=5)
    options = dict(backbone=backbone, **OPTIONS)
    others[:4] = images[:4]
    with pytest.warns(DiagnosticWarning, match="4 of the 30 images of validation_data are copies"):
        trained = train_classifier((images, names[labels]), validation_data=(others, names[theirs]), **options)
    assert trained.class_names == ["blue", "green", "red"] and trained.evaluation.balanced_accuracy == 1
    with pytest.raises(ValueError, match="label 'pink' is not one of class_names: blue, green, red"):
        train_classifier((images, names[labels]), validation_data=(others, ["pink"] * 30), **options)
    with pytest.raises(ValueError, match="are 40 pixels an edge and those to train on 32"):
        train_classifier((images, labels), validation_data=coloured(30, size=40), **options)


# -- small classes and chance -----------------------------------------------------------------------------------------


def test_small_classes_are_cross_validated_every_image_once(backbone):
    data = coloured(30, counts=[16, 8, 6])
    trained = train_classifier(data, backbone=backbone, **{**OPTIONS, "cross_validate": None})
    assert trained.cross_validation.counts == {"class 0": 16, "class 1": 8, "class 2": 6}
    assert "16 of 16 (0.81 to 1.00)" in repr(trained) and "Every image held back once" in repr(trained)


def test_the_interval_of_wilson_by_hand():
    assert wilson(0, 0) == (0, 1)
    assert wilson(1, 2) == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=2e-4)  # Newcombe 1998, table I
    assert wilson(10, 10)[1] == 1 and wilson(0, 10)[0] == 0


def test_chance_by_hand():
    """Two classes of three images, all right: 1 of 20 ways to deal the labels out does as well (and, for a guesser, all do)."""
    labels = np.array([0, 0, 0, 1, 1, 1])
    assert chance_of(labels, labels, np.arange(6), draws=4000) == pytest.approx(1 / 20, abs=0.012)
    assert chance_of(labels, np.zeros(6, int), np.arange(6), draws=100) == 1
    copies = np.repeat(labels, 10)  # ten copies of each are no more evidence than the six
    assert chance_of(copies, copies, np.repeat(np.arange(6), 10), draws=4000) == pytest.approx(1 / 20, abs=0.012)


@pytest.mark.parametrize("seed", range(3))
def test_labels_without_meaning_are_said_to_be_so_and_no_head_is_zero(backbone, seed):
    images, labels = coloured(60)
    shuffled = np.random.default_rng(seed).permutation(labels)
    options = {**OPTIONS, "cross_validate": True, "epochs": 12, "seed": seed}
    with pytest.warns(DiagnosticWarning, match="may have learned nothing: of 60 images"):
        trained = train_classifier((images, shuffled), backbone=backbone, on_chance="warn", **options)
    assert np.abs(trained.model.get_layer("predictions").get_weights()[0]).max() > 0
    if seed == 0:
        with pytest.raises(LearnedNothing, match="learned nothing: of 60 images held back it recognised"):
            train_classifier((images, shuffled), backbone=backbone, **options)


@pytest.mark.parametrize(
    ("balanced", "classes", "n", "sure"),
    [(0.5, 2, 4, False), (0.5, 2, 40, True), (0.25, 4, 12, True), (0.6, 2, 20, False), (0, 3, 9, False), (0.8, 2, 400, False)],
)
def test_few_images_prove_nothing_against_a_network(balanced, classes, n, sure):
    """Wilson's upper ends: .85, .65, .53, .78, .30 (but only nine images) and .84, against .75, .75, .63, .75, .67 and .75."""
    assert surely_little(balanced, classes, n) == sure


def test_a_few_images_held_back_at_chance_are_a_warning_and_many_are_an_error(backbone):
    images, labels = coloured(18)
    shuffled = np.random.default_rng(1).permutation(labels)
    with pytest.warns(DiagnosticWarning, match="may have learned nothing: of 3 images"):
        train_classifier((images, shuffled), backbone=backbone, **{**OPTIONS, "epochs": 3, "seed": 1})
    images, labels = coloured(300)
    with pytest.raises(LearnedNothing, match="of 60 images"):
        train_classifier((images, np.random.default_rng(0).permutation(labels)), backbone=backbone, **{**OPTIONS, "epochs": 3})


def test_a_head_of_zeros_is_an_error_however_few_images_there_are(backbone, monkeypatch):
    from xaihelpers.training import train

    nothing = (np.zeros((8, 3), np.float32), np.zeros(3, np.float32), {key: [1.0] for key in ("loss", "accuracy")}, False)
    monkeypatch.setattr(train, "train_head", lambda *_, **__: nothing)
    with pytest.raises(LearnedNothing, match="learned nothing: of 3 images"):
        train_classifier(coloured(18), backbone=backbone, **OPTIONS)


def test_class_weights_can_be_left_out(backbone, monkeypatch):
    from xaihelpers.training import steps

    used = []
    monkeypatch.setattr(steps, "balancing_weights", lambda labels: used.append(len(labels)) or np.ones(len(labels), np.float32))
    train_classifier(coloured(30), backbone=backbone, class_weights=False, **OPTIONS)
    assert not used
    train_classifier(coloured(30), backbone=backbone, **OPTIONS)
    assert len(used) == 2


# -- more than the memory holds ---------------------------------------------------------------------------------------

_MEASURE = """
import numpy as np, xaihelpers._on_disk as disk
from xaihelpers.training.data import _checked_images
from xaihelpers.training.steps import outputs_of, train_head

def peak(): return int([line for line in open("/proc/self/status") if line.startswith("VmHWM")][0].split()[1]) / 1024

class Double:
    def predict_on_batch(self, batch): return np.repeat(batch.mean(axis=(1, 2)), 400, axis=1)

disk.LARGE = 1_000_000
before = peak()
images = disk.room_for((2500, 224, 224, 3), np.uint8)
for k in range(0, len(images), 50):
    images[k : k + 50] = k % 200 + 20
    disk.let_go(images)
_checked_images(images)
features = outputs_of(Double(), images, False, "")
mean, spread = disk.mean_and_spread(features, np.arange(0, 2500, 2))
assert abs(mean[0] - features[::2, 0].mean()) < 0.1 and abs(spread[0] - features[::2, 0].std()) < 0.1
print(images.nbytes / 2**20, peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory is read from /proc")
def test_images_and_features_in_files_take_little_memory():
    """359 MB of images in well under 100 MB of memory: it doesn't grow with their number."""
    done = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True)
    size, used = map(float, done.stdout.split()) if done.stdout else (0, 0)
    assert size > 350 and used < 100, done.stderr[-500:] or used


def traced(call):
    """Return the most bytes that Python and numpy held at a time during a call, more than before."""
    import tracemalloc

    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_is_kept_of_each_image_in_the_search_for_copies_is_little():
    """So that 50,000 images in the same frame, or 6,000 searched thoroughly, fit beside a network into two gigabytes."""
    from xaihelpers.copies import neighbours

    rng = np.random.default_rng(0)
    smalls = rng.random((3000, 32, 32), dtype=np.float32)
    least, most = (traced(lambda n=n: neighbours.alike(None, smalls[:n])) for n in (1000, 3000))
    assert (most - least) / 2000 < 12_000  # bytes: 4,096 of the spectrum, 200 rows of answers, ten pairs


def test_key_points_are_gone_through_some_images_at_a_time(monkeypatch):
    """And the sample that tells their kinds is what it would be if all lay in memory."""
    from xaihelpers.copies import neighbours
    from xaihelpers.copies.keypoints import Points

    rng = np.random.default_rng(0)
    places = [rng.random(k) + 1j * rng.random(k) for k in (3, 0, 5, 2, 4, 0, 0, 6)]
    points = [Points(z, z.real, z.imag, rng.integers(0, 99, (len(z), 128), np.uint8)) for z in places]
    monkeypatch.setattr(neighbours, "_ROWS", 2)
    monkeypatch.setattr(neighbours, "_SAMPLE", 15)
    found = list(neighbours._both_ways(points))
    assert [len(part) for part in found] == [6, 14, 8, 12]
    everything = np.concatenate([part for each in points for part in (each.descriptors, each.mirrored().descriptors)])
    assert (np.concatenate(found) == everything).all() and np.allclose(np.linalg.norm(everything, axis=1), 1)
    order = np.random.default_rng(0).permutation(len(everything))[:15]
    assert (neighbours._sample(points, np.array([2 * len(z) for z in places])) == everything[order]).all()
    assert points[0].counts.dtype == np.uint8  # a byte each: 200 points are 26 kB an image


def test_the_nearest_are_those_of_all_pairs_worked_out(monkeypatch):
    from scipy import sparse

    from xaihelpers.copies import neighbours

    monkeypatch.setattr(neighbours, "_ROWS", 7)
    vectors = np.random.default_rng(1).random((40, 6)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distance = 1 - unit @ unit.T
    for given in (vectors.copy(), sparse.csr_matrix(vectors)):
        found = list(neighbours._nearest(given))
        for i in range(40):
            mine = {j: d for k, j, d in found if k == i}
            assert set(mine) == set(np.argsort(distance[i])[:11].tolist()) - {i}
            assert all(np.isclose(d, distance[i, j], atol=1e-5) for j, d in mine.items())


def test_validation_data_in_a_file_is_gone_through_one_image_at_a_time(monkeypatch):
    from xaihelpers.training import groups

    def many(images, **_):
        assert not isinstance(images, list) and len(images) == 7
        return np.arange(sum(1 for _ in images))

    monkeypatch.setattr(groups, "families", many)
    groups.overlap_warning(np.zeros((4, 16, 16, 3), np.uint8), np.zeros((3, 16, 16, 3), np.uint8))


def test_a_large_folder_is_kept_in_a_file_and_reads_the_same(tmp_path, monkeypatch):
    from PIL import Image

    from xaihelpers import _on_disk
    from xaihelpers.folders import images_from_folder

    images, labels = coloured(12)
    for i, (image, label) in enumerate(zip(images, labels)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / str(label) / f"{i:02}.png")
    (tmp_path / "0" / "broken.png").write_bytes(b"no image")
    monkeypatch.setattr(_on_disk, "LARGE", 1000)
    with pytest.warns(UserWarning, match="1 of 13 files"):
        found = images_from_folder(tmp_path, 32)
    assert isinstance(found.images, np.memmap) and (np.asarray(found.images) == images).all()


def test_the_mean_and_spread_are_those_of_numpy():
    from xaihelpers._on_disk import mean_and_spread

    values = np.random.default_rng(0).normal(1000, 0.5, (9000, 3)).astype(np.float32)
    mean, spread = mean_and_spread(values, np.arange(0, 9000, 2))
    assert np.allclose(mean, values[::2].astype(float).mean(axis=0), atol=1e-4)
    assert np.allclose(spread, values[::2].astype(float).std(axis=0), atol=1e-4)


def test_a_head_starts_from_nothing_but_never_ends_there(backbone):
    """Also where the loss of the stopping images never falls below that of guessing."""
    from xaihelpers.training.steps import train_head

    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(40, 20)).astype(np.float32), np.arange(40) % 2
    labels[30:] = 1 - labels[30:]
    features[:, 0] += 3 * np.where(np.arange(40) < 30, labels, 1 - labels)  # the stopping images say the opposite
    kernel, *_ = train_head(features, labels, 2, np.arange(30), np.arange(30, 40), epochs=30, seed=0, progress=False)
    assert np.abs(kernel).max() > 0.001 and isinstance(keras.__version__, str)


def test_tensorflow_does_not_complain_of_many_networks(caplog):
    """Ten small networks, one after another, each with a last batch of its own size."""
    from xaihelpers.training.steps import outputs_of

    for n in range(10):
        outputs_of(keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)]), np.ones((33 + n, 4)), False, "")
    assert not [record for record in caplog.records if "retracing" in record.getMessage()]
