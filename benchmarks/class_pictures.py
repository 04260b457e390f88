"""Draw the pictures of twenty ImageNet classes that lesson 06 shows: about ten minutes on two cores.

    python -m benchmarks.class_pictures

writes class_pictures.jpg, five pictures a row, and class_pictures.json, what is known about each, to where `xh.stored` finds
them. The lesson draws one of them again and asks the network about all of them.
"""

import json

import numpy as np
from PIL import Image

import xaihelpers as xh
from xaihelpers.course.stored import FOLDER as STORED

SEED, N_CLASSES, STEPS, COLUMNS = 0, 20, 256, 5


def main():
    classifier = xh.load_classifier("efficientnet-lite0")
    drawn = np.random.default_rng(SEED).choice(classifier.n_classes, N_CLASSES, replace=False)
    pictures, rows = [], []
    for target in drawn:
        picture = xh.activation_maximization(classifier, int(target), steps=STEPS)
        pictures.append(picture.image)
        rows.append(
            {
                "target": int(target),
                "class": picture.class_name,
                "parameters": picture.parameters,
                "first": float(picture.activation[0]),
                "last": float(picture.activation[-1]),
            }
        )
        print(f"{picture.class_name}: {rows[-1]['first']:.1f} to {rows[-1]['last']:.1f} in {picture.seconds:.0f} s", flush=True)
    STORED.mkdir(exist_ok=True)
    sheet = [np.concatenate(pictures[i : i + COLUMNS], axis=1) for i in range(0, N_CLASSES, COLUMNS)]
    # Edges that are multiples of 8 pixels keep each picture in JPEG blocks of its own.
    Image.fromarray(np.concatenate(sheet)).save(STORED / "class_pictures.jpg", quality=88, subsampling=0)
    text = json.dumps({"seed": SEED, "steps": STEPS, "columns": COLUMNS, "pictures": rows}, indent=1)
    (STORED / "class_pictures.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
