"""Advice about the board, intervals, solved exercises and files of other versions of Keras is followed; the result is right."""

import json
import zipfile

import networks
import numpy as np
import pytest
from test_advice import IMAGE, is_right, numbers

import xaihelpers as xh
from xaihelpers.comparison.statistics import interval

SOLVED = {"solved": {"rise.how_many": "2026-01-31"}}
ONES = np.repeat([0.0, 1.0], 10)


def of_another_version(path):
    """A model file whose convolution has a setting that this version of Keras does not know."""
    networks.gap_network(seed=5).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Conv2D")["config"]["sparkle"] = 3
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"config.json": json.dumps(config)}).items():
            archive.writestr(name, content)
    return path


def built_in_code(path):
    """Whether a model built in code, with the weights of that file, answers as the one that was saved."""
    model = networks.gap_network(seed=0)
    model.load_weights(path)
    return np.allclose(xh.Classifier(model).probabilities(IMAGE), networks.gap_network(seed=5)(IMAGE[None]), atol=1e-6)


def red_on_the_left(classifier, image, target):
    """What the wired network of the board uses, by the formula that it was wired by."""
    red, green, _ = np.moveaxis(image, -1, 0) / 255
    return np.maximum(red - green - 0.25, 0) * (np.arange(image.shape[1]) < image.shape[1] // 2)


def board(technique):
    return xh.board(technique, questions=["wired"], progress=False)


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def kept(folder, monkeypatch, where):
    """Keep solved exercises in a file below a folder; return {lesson: how many}, after one was solved."""
    monkeypatch.setenv("XAIHELPERS_SOLVED", str(folder / where))
    xh.check.keep()
    assert xh.check.saliency_maps.by_hand((0, -1, 1)).correct
    return xh.check.done().counts


def deleted(folder, where):
    (folder / where).unlink()
    return True


# {name: (what is refused, in a folder; what the sentence says; whether what it says to do is right, there)}
CASES = {
    "a model of another version": (
        lambda f, patch: xh.load_model(of_another_version(f / "m.keras")),
        "build the model in code with this version, load_weights from the file, and give the model itself to Classifier",
        lambda f, patch, m: built_in_code(f / "m.keras"),
    ),
    "no technique for the board": (
        lambda f, patch: board("saliency"),
        r"technique is 'saliency': give a function \(classifier, image, target\) that returns a map",
        lambda f, patch, m: board(red_on_the_left).table.loc["mine", ("wired", "mean")] == 1,
    ),
    "values of two axes": (
        lambda f, patch: interval(ONES[:, None]),
        r"The values have shape \(20, 1\): expected one number an image, \(n,\)",
        lambda f, patch, m: interval(ONES[:, None][:, 0]).mean == 0.5,
    ),
    "a level in per cent": (
        lambda f, patch: interval(ONES, level=95),
        "level is 95: expected a share above 0 and below 1, such as 0.95",
        lambda f, patch, m: interval(ONES, level=numbers(m, "such as")[0]) == interval(ONES),
    ),
    "a file that can't be written": (
        lambda f, patch: kept(written(f / "notes", "x").parent, patch, "notes/solved.json"),
        "set the environment variable XAIHELPERS_SOLVED to a file that can",
        lambda f, patch, m: kept(f, patch, "data/solved.json")["saliency_maps"] == 1,
    ),
    "a damaged file of one's own": (
        lambda f, patch: kept(written(f / "solved.json", "{").parent, patch, "solved.json"),
        "solved.json is damaged, or no file of solved exercises: delete it, or give another",
        lambda f, patch, m: deleted(f, "solved.json") and kept(f, patch, "solved.json")["saliency_maps"] == 1,
    ),
    "a file that is none of ours": (
        lambda f, patch: xh.check.done(written(f / "anna.json", '{"grades": [1, 2]}')),
        "anna.json is damaged, or no file of solved exercises: delete it, or give another",
        lambda f, patch, m: xh.check.done(written(f / "bea.json", json.dumps(SOLVED))).counts["rise"] == 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name, tmp_path, monkeypatch):
    refused, words, follow = CASES[name]
    is_right(lambda: refused(tmp_path, monkeypatch), words, lambda message: follow(tmp_path, monkeypatch, message))
