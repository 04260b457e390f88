"""Trains the head of `rash-xception`: `python -m tools.train_rash_xception` (about three minutes on two cores).

The training images are drawn from the seed; the backbone, Xception trained on skin lesions, stays as it is and is fetched
on first use. The head is written to the package's data folder, and its accuracy on the test split is printed.
"""

import argparse

import numpy as np

from xaihelpers.rashes import load_test_split, make_rashes
from xaihelpers.training import evaluate, train_classifier
from xaihelpers.zoo.cache import atomic_write
from xaihelpers.zoo.rashes import HEAD

IMAGE_SIZE = 128


def train(n=1800, seed=0, path=HEAD):
    """Return (trained classifier, its `Evaluation` on the test split); write the head to `path` (.npz)."""
    trained = train_classifier(
        make_rashes(n, seed, progress=True), backbone="xception", weights="skin", image_size=IMAGE_SIZE, seed=seed
    )
    kernel, bias = trained.model.get_layer("predictions").get_weights()
    with atomic_write(path) as temporary:
        np.savez_compressed(
            temporary, kernel=kernel, bias=bias, class_names=trained.class_names, image_size=IMAGE_SIZE, n=n, seed=seed
        )
    test = load_test_split()
    return trained, evaluate(trained, test.images, test.labels)


def main():
    """Train with what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_rash_xception", description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=1800, help="training images, a fifth of them held back (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="what they are drawn from (%(default)s)")
    parser.add_argument("--out", default=HEAD, help="file to write (%(default)s)")
    asked = parser.parse_args()
    trained, test = train(asked.n, asked.seed, asked.out)
    print(trained)
    print(f"\nOn the test split:\n{test}\n\nThe head is in {asked.out}.")


if __name__ == "__main__":
    main()
