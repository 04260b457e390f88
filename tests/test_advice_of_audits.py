"""What an audit and a training advise about images and labels is done to images with a planted fault: then they are silent."""

import warnings

import keras
import numpy as np
import pytest
from PIL import Image
from test_advice import _train

import xaihelpers as xh
from xaihelpers.auditing import probes
from xaihelpers.auditing.files import file_facts

N = 48
LABELS = np.arange(N) % 2


def photographs(seed=0, edge=32):
    """Images of noise, coarse and fine, in which nothing tells the two classes apart."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 180, (N, 4, 4, 3)).repeat(edge // 4, axis=1).repeat(edge // 4, axis=2)
    return (coarse + rng.integers(0, 40, (N, edge, edge, 3))).astype(np.uint8)


def planted(fault, seed=0):
    """The photographs with a fault in those of the second class."""
    images = photographs(seed).astype(float)
    images[LABELS == 1] = fault(images[LABELS == 1])
    return images.clip(0, 255).astype(np.uint8)


def tinted(images):
    return images + np.array([25, 0, -25])


def framed(images):
    dark = images / 4
    dark[:, 3:-3, 3:-3] = images[:, 3:-3, 3:-3]
    return dark


def on_a_table(images):
    """The object, 20 pixels of 32, on a background of its own."""
    table = np.full_like(images, 210)
    table[:, 6:-6, 6:-6] = images[:, 6:-6, 6:-6]
    return table


def balanced(images):
    """White balance: every channel of every image has the same mean."""
    return (images * (120 / images.mean(axis=(1, 2), keepdims=True))).clip(0, 255).astype(np.uint8)


def grey(images):
    return images.mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype(np.uint8)


def written(folder, images, how):
    """The facts of image files. how(label): (ending, options of Pillow)."""
    facts = []
    folder.mkdir()
    for number, (image, label) in enumerate(zip(images, LABELS)):
        ending, options = how(int(label))
        path = folder / f"{number}{ending}"
        Image.fromarray(image).save(path, **options)
        facts.append(file_facts(path))
    return facts


def sentence(probe, images, facts=None):
    """What one probe says of images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "WORDS", {probe: probes.WORDS[probe]})
        (found,) = probes.run_probes(images, facts, LABELS, np.arange(N), ["cat", "dog"], 0)
    assert found.alarm is found.sentence.startswith("ALARM: ")
    return found.sentence


# {name: (images with a fault, what is said, [the images after what it says to do])}
CASES = {
    "border": (
        lambda: planted(framed),
        "crop the borders, or take the images of all classes in one way",
        lambda: [planted(framed)[:, 4:-4, 4:-4], photographs(1)],
    ),
    "mean colour": (
        lambda: planted(tinted),
        "balance the colours (white balance, grey), or take images of all classes with one camera",
        lambda: [balanced(planted(tinted)), grey(planted(tinted)), tinted(photographs(1)).clip(0, 255).astype(np.uint8)],
    ),
    "centre hidden": (
        lambda: planted(on_a_table),
        "crop to the object, or use pictures of all classes before one background",
        lambda: [planted(on_a_table)[:, 6:-6, 6:-6], on_a_table(photographs(1))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("probe", CASES)
def test_the_advice_of_an_alarm_works(probe):
    faulty, words, mended = CASES[probe]
    said = sentence(probe, faulty())
    assert said.startswith("ALARM: ") and said.endswith(f": {words}."), said
    for images in mended():
        assert sentence(probe, images).startswith("No alarm: "), sentence(probe, images)


def test_the_advice_about_files_works(tmp_path):
    images = photographs()
    of_two_ways = written(tmp_path / "a", images, lambda label: (".jpg", {"quality": 60 + 35 * label}))
    said = sentence("file", images, of_two_ways)
    assert said.startswith("ALARM: ") and "write all files in one format, size and quality" in said
    of_one = written(tmp_path / "b", images, lambda label: (".jpg", {"quality": 90}))
    assert sentence("file", images, of_one).startswith("No alarm: ")


def test_the_advice_about_copies_works(monkeypatch):
    """Families that the audit knows are held back whole by the training."""
    monkeypatch.setattr(probes, "WORDS", {})
    families = np.arange(N) // 4
    found = xh.audit(photographs(), np.array(["a", "b"])[families % 2], groups=families)
    assert "(turned, flipped, cropped, brighter ...): hold back whole families, as train_classifier does." in repr(found)
    trained = _train(found.images, found.labels, class_names=found.class_names, groups=found.families)
    held, others = (set(found.families[rows]) for rows in (trained.validation, [*trained.training, *trained.stopping]))
    assert held and others and not held & others and held | others == set(range(12))


def test_the_advice_about_a_single_group_works(monkeypatch):
    monkeypatch.setattr(probes, "WORDS", {})
    with pytest.raises(ValueError, match="groups is the same for all images: give one for each image, such as the number of the"):
        xh.audit(photographs(), LABELS, groups=["anna"] * N)
    patients = np.arange(N) // 4
    assert np.array_equal(xh.audit(photographs(), LABELS, groups=patients).families, patients)


def of_brightness(n, apart, seed=0):
    """Images (n, 16, 16, 3) of two classes, flat; the second is brighter by `apart` grey levels, give or take 25."""
    levels = np.random.default_rng(seed).normal(100, 25, n) + apart * (np.arange(n) % 2)
    return np.broadcast_to(levels[:, None, None, None], (n, 16, 16, 3)).clip(2, 255).astype(np.uint8)


def learn(images, labels):
    """Whether a training is content with what it learned."""
    layers = [keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 8, -16), keras.layers.Conv2D(2, 1)]
    backbone = keras.Sequential(layers)
    with warnings.catch_warnings():
        warnings.simplefilter("error", xh.DiagnosticWarning)
        return _train(images, labels, backbone, epochs=8, validation_split=0.4, on_chance="warn").chance <= 0.001


@pytest.mark.parametrize(
    ("few", "labels", "more", "right"),
    [
        (of_brightness(40, 150), np.arange(40) // 20, of_brightness(40, 150), np.arange(40) % 2),  # the labels are wrong
        (of_brightness(16, 60), np.arange(16) % 2, of_brightness(160, 60), np.arange(160) % 2),  # they are few
    ],
)
def test_the_advice_of_a_training_that_may_have_learned_nothing_works(few, labels, more, right):
    with pytest.raises(xh.DiagnosticWarning, match="check the labels, or give more images"):
        learn(few, labels)
    assert learn(more, right)
