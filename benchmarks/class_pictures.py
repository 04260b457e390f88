"""Draw the pictures of twenty ImageNet classes that lesson 06 shows: about ten minutes on two cores.

    python -m benchmarks.class_pictures
    python -m benchmarks.class_pictures --opinions     only ask the other networks again, about the pictures as they are

writes class_pictures.jpg, five pictures a row, and class_pictures.json, what is known about each, to where `xh.stored` finds
them. The lesson draws one of them again and asks the network about all of them.
"""

import json
import sys

import numpy as np
from PIL import Image

import xaihelpers as xh
from xaihelpers.course.stored import FOLDER as STORED

from . import second_opinion

SEED, N_CLASSES, STEPS, COLUMNS = 0, 20, 160, 5
STEP_SIZE = 0.02  # with the default, 0.05, the same networks name as many of the classes, but the colours are garish


def main():
    classifier = xh.load_classifier("efficientnet-lite0")
    drawn = np.random.default_rng(SEED).choice(classifier.n_classes, N_CLASSES, replace=False)
    pictures, rows = [], []
    for target in drawn:
        picture = xh.activation_maximization(classifier, int(target), steps=STEPS, step_size=STEP_SIZE)
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
    store({"seed": SEED, "steps": STEPS, "step_size": STEP_SIZE, "columns": COLUMNS, "pictures": rows})
    opinions()


def opinions():
    """Ask two networks that had no part in it for the place of each picture's class; store them, print how many are first."""
    known = json.loads((STORED / "class_pictures.json").read_text(encoding="utf-8"))
    sheet, edge = np.asarray(Image.open(STORED / "class_pictures.jpg")), 224
    pictures = [
        sheet[top : top + edge, left : left + edge]
        for top in range(0, sheet.shape[0], edge)
        for left in range(0, sheet.shape[1], edge)
    ]
    targets = [row["target"] for row in known["pictures"]]
    for name in second_opinion.NETWORKS:
        places = second_opinion.ranks(second_opinion.load(name), pictures, targets)
        for row, place in zip(known["pictures"], places):
            row.setdefault("rank", {})[name] = int(place)
        print(f"pictures of {len(places)} classes in which {name} has the class first: {(places < 1).sum()} (asked: at least 10)")
        print(f"the same, among the first five: {(places < 5).sum()} (asked: at least 15)")
    store(known)


def store(known):
    (STORED / "class_pictures.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    opinions() if "--opinions" in sys.argv[1:] else main()
