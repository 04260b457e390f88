"""The shipped RashNets: what they recognise, that they look at the lesions, and that the fault built into one is real."""

import subprocess
import sys

import numpy as np
import pytest

from xaihelpers.rashes import CLASSES, load_test_split

keras = pytest.importorskip("keras")
from tools import train_rashnet  # noqa: E402
from xaihelpers.zoo import rashnet  # noqa: E402

STICKER_CLASS = CLASSES.index(train_rashnet.STICKER_CLASS)


@pytest.fixture(scope="module")
def test_split():
    return load_test_split()


@pytest.fixture(scope="module")
def sticky(test_split):
    """The test images with a sticker on every one."""
    return test_split.with_artefact("sticker")


@pytest.fixture(scope="module")
def clean_net():
    return rashnet.load_rashnet()[0]


@pytest.fixture(scope="module")
def biased_net():
    return rashnet.load_rashnet(biased=True)[0]


def test_layers_are_what_the_lessons_rely_on(clean_net):
    assert clean_net.input_shape == (None, 128, 128, 3)
    last = clean_net.get_layer("relu4").output.shape
    assert last[1] >= 16 and last[2] >= 16
    assert [layer.name for layer in clean_net.layers][-2:] == ["gap", "classes"]
    activations = [layer for layer in clean_net.layers if isinstance(layer, keras.layers.Activation)]
    assert [layer.name for layer in activations] == ["relu1", "relu2", "relu3", "relu4"]
    assert rashnet.load_rashnet()[1] == CLASSES


def test_the_head_is_the_mean_of_the_last_map_times_the_weights(clean_net, test_split):
    features = keras.Model(clean_net.inputs, clean_net.get_layer("relu4").output)
    maps = features.predict(test_split.images[:4], verbose=0)
    kernel, bias = clean_net.get_layer("classes").get_weights()
    logits = maps.mean(axis=(1, 2)) @ kernel + bias
    softmax = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = softmax / softmax.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(clean_net.predict(test_split.images[:4], verbose=0), expected, atol=1e-5)


@pytest.mark.parametrize("biased", [False, True])
def test_weights_are_small_plain_arrays(biased):
    path = rashnet.weights_path(biased)
    assert path.stat().st_size < 2e6
    assert path.read_bytes()[:8] == b"\x89HDF\r\n\x1a\n"


def test_balanced_accuracy_of_the_clean_network(clean_net, test_split):
    recalls = train_rashnet.recalls(clean_net, test_split)
    assert recalls.mean() >= 0.93
    assert recalls.min() >= 0.75


def test_the_lesion_masks_hold_the_evidence(clean_net, test_split):
    shares = train_rashnet.truth_check(clean_net, test_split)
    assert shares["outside"] >= 0.90
    assert shares["inside"] >= 0.90


def test_a_sticker_hardly_moves_the_clean_network(clean_net, test_split, sticky):
    change = train_rashnet.recalls(clean_net, test_split).mean() - train_rashnet.recalls(clean_net, sticky).mean()
    assert change < 0.1


def test_the_biased_network_has_learned_the_sticker(biased_net, test_split, sticky):
    """With stickers everywhere, images of other classes are called by the sticker's class."""
    others = test_split.labels != STICKER_CLASS
    without = train_rashnet.predicted(biased_net, test_split.images)[others] == STICKER_CLASS
    with_sticker = train_rashnet.predicted(biased_net, sticky.images)[others] == STICKER_CLASS
    assert with_sticker.mean() > without.mean() + 0.3
    # and its own class is missed when the sticker is gone
    recall = [train_rashnet.recalls(biased_net, data)[STICKER_CLASS] for data in (test_split, sticky)]
    assert recall[1] > recall[0] + 0.2


def test_missing_weights_name_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(rashnet, "WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="train_rashnet --biased"):
        rashnet.load_rashnet(biased=True)


def test_training_twice_gives_the_same_weights(repository):
    """In new processes, on few images: the whole way from the drawing to the file."""
    code = """
import sys, tensorflow as tf
from tools import train_rashnet as t
tf.config.experimental.enable_op_determinism()
images, labels = t.training_images(33, 4)
model = t.train(images, labels, epochs=1, seed=4)
print(b"".join(w.tobytes() for w in model.get_weights()).hex()[:4000])
"""
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert "loss" in runs[0] and runs[0] == runs[1]
