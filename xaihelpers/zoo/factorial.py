"""RashNets that differ in one thing at a time: balanced or not, with or without an artefact on one class, three seeds each."""

from itertools import product

import numpy as np

from .rashnet import WEIGHTS_FOLDER, build_rashnet

SEEDS = (0, 1, 2)
CELLS = tuple(product((False, True), (None, "sticker")))  # (unbalanced, artefact)


def weights_path(unbalanced, artefact, seed):
    """Return where the weights of one network lie: a file of plain 16-bit arrays."""
    name = f"{'unbalanced' if unbalanced else 'balanced'}-{artefact or 'clean'}-{seed}.npz"
    return WEIGHTS_FOLDER / "factorial" / name


def load_factorial(unbalanced, artefact, seed):
    """Return one trained RashNet of the experiment, a Keras model.

    unbalanced: trained on classes from 800 images down to 100, not on 350 of each. artefact: None, or "sticker" (on 95 % of
        the monkeypox images). There is one more, `load_factorial(False, "ruler", 0)`: a ruler on 95 % of the measles images.
    seed: 0, 1 or 2, of images and training. Raises FileNotFoundError, with the command that trains it, where it is missing.
    """
    path = weights_path(unbalanced, artefact, seed)
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: `python -m tools.train_factorial` trains it.")
    model = build_rashnet()
    with np.load(path, allow_pickle=False) as arrays:
        model.set_weights([arrays[name].astype(np.float32) for name in sorted(arrays.files)])
    return model
