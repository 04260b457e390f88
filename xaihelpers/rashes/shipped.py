"""The test split: 120 images, 20 a class, with their masks, as PNG files that anybody can open."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from ..decoding import opened
from .data import RashData, draw_data
from .lesions import CLASSES

# One subfolder a class under images/, as for any folder of images; masks/ has the same names.
TEST_FOLDER = Path(__file__).parents[1] / "data" / "rashes-test"
_PER_CLASS = 20
_ARTEFACT, _LESION = 85, 170  # grey levels of a mask file; they add up where both are


def load_test_split():
    """Returns the shipped test split as `RashData`: 120 images, 20 a class, in the order of the classes.

    Raises FileNotFoundError, saying what to do, where the files are not there.
    """
    index = TEST_FOLDER / "index.json"
    if not index.exists():
        raise FileNotFoundError(f"The test images are not in {TEST_FOLDER}: install the package again.")
    rows = json.loads(index.read_text())
    names = [row["file"] for row in rows]
    images = np.stack([_pixels(TEST_FOLDER / "images" / name) for name in names])
    masks = np.stack([_pixels(TEST_FOLDER / "masks" / name) for name in names])
    labels = np.array([CLASSES.index(row["class"]) for row in rows])
    tones = np.array([row["tone"] for row in rows])
    numbers = np.array([row["number"] for row in rows])
    return RashData(
        images, labels, masks >= _LESION, masks % _LESION == _ARTEFACT, tones, "test", 0, numbers, np.full(len(rows), "")
    )


def lesions_in(file):
    """Return the lesion mask of one shipped image, (H, W) bool. file: such as "measles/measles-00.png"."""
    return _pixels(TEST_FOLDER / "masks" / file) >= _LESION


def _pixels(path):
    with opened(path) as file:
        return np.asarray(file)


def draw_test_split():
    """Returns the test split drawn again: what `load_test_split` reads, but for rounding on another machine."""
    numbers = np.arange(_PER_CLASS * len(CLASSES))
    return draw_data("test", 0, numbers, numbers // _PER_CLASS, np.full(len(numbers), ""))


def write_test_split(folder=TEST_FOLDER):
    """Draws the test split and writes it as PNG files with an index; returns the folder."""
    data = draw_test_split()
    rows = []
    for i, label in enumerate(data.labels):
        name = f"{CLASSES[label]}/{CLASSES[label]}-{i % _PER_CLASS:02d}.png"
        mask = _LESION * data.lesion_masks[i] + _ARTEFACT * data.artefact_masks[i]
        for kind, picture in (("images", data.images[i]), ("masks", mask.astype(np.uint8))):
            path = folder / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path, optimize=True)
        rows.append({"file": name, "class": CLASSES[label], "number": i, "tone": int(data.tones[i])})
    (folder / "index.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    return folder
