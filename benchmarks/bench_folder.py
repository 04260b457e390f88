"""`train_classifier` on a folder of 50,000 JPEGs: how much memory it takes at most, each size in a process of its own.

The files are 96 x 96 pixels, each another mixture of two pieces of the course's photographs. The backbone is a small one with
1,280 channels, as many as EfficientNet-Lite0: the features are as large as its, and the hours that it would take are saved. Once
with the search for copies, on images of 64 pixels, and once at 224 pixels, where the images alone are 7.5 GB.
`python -m benchmarks.bench_folder N SIZE GROUPS` measures one.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.timing import Row
from xaihelpers.images import photo_names, sample_photo

SIZES = ((10_000, 64, "families"), (50_000, 64, "families"), (10_000, 224, "images"), (50_000, 224, "images"))
_TRAIN = """
import resource, sys, warnings
import keras
from xaihelpers.training import train_classifier

folder, edge, groups = sys.argv[1], int(sys.argv[2]), sys.argv[3]
inputs = keras.Input((edge, edge, 3))
maps = keras.layers.AveragePooling2D(edge // 2)(keras.layers.Rescaling(1 / 255)(inputs))
backbone = keras.Model(inputs, keras.layers.Conv2D(1280, 1, activation="relu")(maps))
warnings.simplefilter("ignore")
trained = train_classifier(folder, backbone=backbone, groups=groups, epochs=2, on_chance="warn", progress=False)
print(trained.split, len(trained.groups), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_folder(folder, n):
    """Write `n` JPEG files of four classes."""
    rng, photos = np.random.default_rng(4), [sample_photo(name).astype(np.float32) for name in photo_names()]
    for i in range(n):
        path = folder / f"class {i % 4}" / f"{i:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        one, other = (_piece(photos[k], rng) for k in (i % 4, int(rng.integers(4, len(photos)))))
        Image.fromarray((0.6 * one + 0.4 * other).astype(np.uint8)).save(path, quality=80)


def _piece(photo, rng):
    top, left = (int(rng.integers(0, edge - 96)) for edge in photo.shape[:2])
    return photo[top : top + 96, left : left + 96]


def peak(n, edge, groups):
    """Return the most memory, in GB, that a process of its own held while it trained."""
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder), n)
        command = [sys.executable, "-c", _TRAIN, folder, str(edge), groups]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) * 1024 / 1e9


def main(sizes):
    for n, edge, groups in sizes:
        what = f"train_classifier, {n} JPEGs at {edge} px, split by {groups}, peak memory in GB"
        print(Row(what, peak(n, edge, groups), "under 2 for 50,000"), flush=True)


if __name__ == "__main__":
    main([(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])] if sys.argv[1:] else SIZES)
