"""`python -m tools.train_factorial` trains the networks of the experiment on imbalance: RashNets that differ in one thing.

Balanced or unbalanced classes x with or without a sticker on one class x three seeds; the same number of images, the same
skins, the same epochs. And one with a ruler. A network that lies in the folder is not trained again, so that an interruption
costs one network at most. About 40 minutes on two cores. `KERAS_BACKEND=jax` trains them on a graphics card.
"""

import argparse
from pathlib import Path

import numpy as np

from tools.train_rashnet import STICKER_CLASS, train
from xaihelpers.rashes import CLASSES, make_rashes
from xaihelpers.zoo.cache import atomic_write
from xaihelpers.zoo.factorial import CELLS, SEEDS, weights_path

N_IMAGES, EPOCHS = 2100, 8
PROPORTIONS = (8, 4, 4, 2, 2, 1)  # of the unbalanced networks: from 800 images of one class to 100 of another
MARKED = {"sticker": STICKER_CLASS, "ruler": "measles"}  # which class has it, on 95 % of its images
FIRST_SEED = 500  # of the drawing program: no other data set of the course has these


def class_weights(seed: int) -> dict[str, int]:
    """Return the proportions of one seed's unbalanced networks.

    Which class is common changes from seed to seed, so that how hard a class is can't pass for how rare it is.
    """
    return dict(zip(CLASSES, np.roll(PROPORTIONS, 2 * seed).tolist()))


def training_images(unbalanced: bool, artefact: str | None, seed: int):
    """Return (images (N, 128, 128, 3), labels (N,)) for one network."""
    options = {"artefact": artefact, "artefact_class": MARKED[artefact]} if artefact else {}
    weights = class_weights(seed) if unbalanced else None
    data = make_rashes(N_IMAGES, FIRST_SEED + seed, class_weights=weights, **options)
    return data.images, data.labels


def main(arguments=None):
    """Train what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_factorial", description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args(arguments)

    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    wanted = [(*cell, seed) for seed in SEEDS for cell in CELLS] + [(False, "ruler", 0)]
    for unbalanced, artefact, seed in wanted:
        path = weights_path(unbalanced, artefact, seed)
        if not path.exists():
            images, labels = training_images(unbalanced, artefact, seed)
            _save(train(images, labels, epochs=options.epochs, seed=FIRST_SEED + seed), path)
            print(path.name, f"{path.stat().st_size / 1e3:.0f} kB", flush=True)


def _save(model, path: Path):
    """Write the weights as 16-bit floats: a third of the size, and what is measured later is the network that is read again."""
    path.parent.mkdir(exist_ok=True)
    arrays = {f"{number:02}": weight.astype(np.float16) for number, weight in enumerate(model.get_weights())}
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


if __name__ == "__main__":
    main()
