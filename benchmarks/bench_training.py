"""`train_classifier` on a folder of 600 JPEGs, Xception at 128 px, all of it: reading, features, head.

The images are drawn at 256 px, a usual size after cropping, and read back from files; drawing is not counted, nor is
fetching the backbone. The processor's time is shown too, because other programs on the machine do not count in it.
"""

import tempfile
import time
from pathlib import Path

from PIL import Image

from xaihelpers.rashes import make_rashes
from xaihelpers.training import train_classifier
from xaihelpers.zoo.skin_backbone import skin_model_file


def write_folder(folder, n=600):
    """Write `n` images, one subfolder a class, as JPEG files of 256 x 256 pixels."""
    data = make_rashes(n, seed=11)
    for i, (image, label) in enumerate(zip(data.images, data.labels)):
        path = Path(folder) / data.class_names[label] / f"{i:03}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).resize((256, 256)).save(path, quality=90)


def main():
    skin_model_file()
    with tempfile.TemporaryDirectory() as folder:
        write_folder(folder)
        clock, processor = time.perf_counter(), time.process_time()
        trained = train_classifier(folder, backbone="xception", progress=False)
        processor, clock = time.process_time() - processor, time.perf_counter() - clock
    print(
        f"train_classifier, 600 JPEGs, Xception at 128 px: {clock:.0f} s by the clock, {processor:.0f} s of processor time, "
        f"{len(trained.history['loss'])} epochs; asked: under 300 s on two cores"
    )
    print(f"balanced accuracy on the images held back: {trained.evaluation.balanced_accuracy:.3f}")


if __name__ == "__main__":
    main()
