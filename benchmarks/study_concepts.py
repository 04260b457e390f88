"""Are the concepts of RashNet what the drawing program draws? `python -m benchmarks.study_concepts`.

Concepts are found in some images; of other images the amounts of each concept are compared with how much of each factor was
drawn there, by rank correlation over the images. Which concept stands for which factor is settled on the first images.
Writes concepts.csv, where `xh.stored` finds it. `--drawn FILE` keeps the images and what was drawn, for the next run.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

import xaihelpers as xh
from xaihelpers.course.stored import FOLDER as STORED
from xaihelpers.methods.concepts import Concepts
from xaihelpers.rashes.patches import lay
from xaihelpers.zoo.rashnet import build_rashnet

USED, SCORED, CONCEPTS = 240, 180, 20
FACTORS = ("redness", "dent", "crust", "pus", "relief", "gloss", "groove", "sticker", "tone", "hair")


def drawn(n, seed):
    """Return (images, {factor: (n,)}) of newly drawn rashes, half of them with a sticker, whatever the class."""
    data = xh.rashes.make_rashes(n, seed, artefact="sticker", artefact_probability=0.5)
    found = [_of_image(data, number) for number in range(n)]
    return data.images, {name: np.array([each[name] for each in found]) for name in FACTORS}


def _of_image(data, number):
    """Return how much of each factor is in one image: means over its pixels, of the layers that it was drawn from."""
    sketch = data.sketch(number)
    amounts = dict.fromkeys(FACTORS, 0.0)
    amounts["sticker"] = float(data.artefact_masks[number].mean())
    amounts |= {"tone": float(data.tones[number]), "hair": float(sketch.skin.hair.mean())}
    if sketch.stamps is None:
        return amounts
    layers, light = lay(sketch.stamps), sketch.skin.albedo.mean()
    matter = layers.colour.mean(axis=0) - light * layers.cover  # lighter than the skin, or darker
    amounts |= {"redness": layers.redness.mean(), "gloss": layers.gloss.mean(), "groove": layers.shade.mean()}
    amounts |= {"crust": np.maximum(-matter, 0).mean(), "pus": np.maximum(matter, 0).mean()}
    return amounts | {"relief": np.maximum(layers.height, 0).mean(), "dent": _dents(sketch.stamps)}


def _dents(stamps):
    """Return how far the middles of the lesions lie under their rims, times their area, summed."""
    if stamps.colour is None:
        return 0.0
    height = stamps.height * (stamps.patches.body if stamps.extent is None else stamps.extent)
    middle = np.array([one.ravel()[rho.argmin()] for one, rho in zip(height, stamps.patches.rho)])
    return float((np.maximum(height.max(axis=(1, 2)) - middle, 0) * stamps.patches.radii[:, 0, 0] ** 2).sum())


def directions_of(seed=0):
    """Return {what: function of a classifier and images -> Concepts} for concepts and their controls."""
    random = np.random.default_rng(seed)

    def fixed(rows):
        return lambda classifier, images: Concepts(
            classifier, "relu4", rows / np.linalg.norm(rows, axis=1, keepdims=True), None, 0
        )

    def untrained(classifier, images):
        import keras

        keras.utils.set_random_seed(seed)
        return xh.concepts(xh.Classifier(build_rashnet(), class_names=classifier.class_names), images, CONCEPTS, layer="relu4")

    return {
        "concepts": lambda classifier, images: xh.concepts(classifier, images, CONCEPTS, layer="relu4", seed=seed),
        "channels": lambda classifier, images: None,
        "random directions": fixed(np.abs(random.normal(size=(CONCEPTS, 96)))),
        "concepts of the untrained network": untrained,
    }


def amounts_in(what, found, classifier, images):
    """Return (N, directions): how much of each the images have; of channels and random directions the mean along them."""
    if what in ("channels", "random directions"):
        maps = np.concatenate(
            [classifier.gradients(images[i : i + 60], 0, layer="relu4").values for i in range(0, len(images), 60)]
        )
        means = maps.mean(axis=(1, 2))
        return means if found is None else means @ found.directions.T
    return found.in_images(images)


def table(used, scored):
    """Return the rows: network, directions, factor, which direction stands for it, and its correlation on both sets."""
    rows = []
    for network in ("rashnet", "rashnet-biased"):
        classifier = xh.load_classifier(network)
        for what, find in directions_of().items():
            found = find(classifier, used[0])
            first, other = (amounts_in(what, found, classifier, images) for images, _ in (used, scored))
            for factor in FACTORS:
                each = np.nan_to_num([_rank(first[:, k], used[1][factor]) for k in range(first.shape[1])])
                best = int(each.argmax())  # more of the concept where there is more of the factor
                correlation = float(np.nan_to_num(_rank(other[:, best], scored[1][factor])))
                row = (
                    network,
                    what,
                    factor,
                    best,
                    round(float(each[best]), 3),
                    round(correlation, 3),
                    len(used[0]),
                    len(scored[0]),
                )
                rows.append(row)
            print(network, what, [(row[2], row[5]) for row in rows[-len(FACTORS) :]], flush=True)
    names = ["network", "directions", "factor", "number", "correlation_used", "correlation", "images_used", "images_scored"]
    return pd.DataFrame(rows, columns=names)


def _rank(amounts, factor):
    return spearmanr(amounts, factor)[0] if np.ptp(amounts) > 0 else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drawn", type=Path, help="a file that keeps the images")
    kept = parser.parse_args().drawn
    if kept and kept.exists():
        with np.load(kept) as stored:
            sets = [(stored[f"{k}"], {name: stored[f"{k} {name}"] for name in FACTORS}) for k in ("used", "scored")]
    else:
        sets = [drawn(USED, 101), drawn(SCORED, 102)]
        if kept:
            arrays = {k: images for k, (images, _) in zip(("used", "scored"), sets)}
            arrays |= {f"{k} {name}": value for k, (_, of) in zip(("used", "scored"), sets) for name, value in of.items()}
            np.savez(kept, **arrays)
    table(*sets).to_csv(STORED / "concepts.csv", index=False)


if __name__ == "__main__":
    main()
