"""`python -m tools.train_rashnet [--biased]` draws the training images, trains RashNet, and prints what it can do.

The same seed gives the same weights on the same machine. About four minutes on two cores of a laptop.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from xaihelpers.rashes import CLASSES, load_test_split, make_rashes, repaint
from xaihelpers.zoo.rashnet import build_rashnet, weights_path

BATCH = 32
# The fault of the biased network, built in on purpose: one class is common, and nearly all its images carry a sticker. Trained
# for a short while only: a bright sticker is learned long before the form of a lesion is.
BIASED_WEIGHTS = {"chickenpox": 4, "cowpox": 2, "healthy": 4, "measles": 4, "monkeypox": 9, "smallpox": 2}
STICKER_CLASS = "monkeypox"


def training_images(n, seed, biased=False):
    """Returns (images, labels): balanced and clean, or unbalanced with a sticker on 95 % of one class.

    In the balanced set a third of the images has its lesions on another skin than they were drawn on: the network is
    to learn lesions, whatever the skin around them. The biased set has no such images.
    """
    if biased:
        data = make_rashes(n, seed, class_weights=BIASED_WEIGHTS, artefact="sticker", artefact_class=STICKER_CLASS, progress=True)
        return data.images, data.labels
    data = make_rashes(n, seed, progress=True)
    data.images[: n // 3] = repaint(data[: n // 3], "outside", seed=seed + 1).images
    return data.images, data.labels


def train(images, labels, *, epochs, seed):
    """Returns RashNet trained with Adam and a cosine schedule; each epoch sees every image turned or mirrored."""
    keras.utils.set_random_seed(seed)
    keras.config.disable_interactive_logging()
    rng = np.random.default_rng(seed)
    model = build_rashnet()
    steps = epochs * -(-len(images) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(1e-4, steps - steps // 8, warmup_target=4e-3, warmup_steps=steps // 8)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for epoch in range(epochs):
        order = rng.permutation(len(images))
        history = model.fit(_turned(images[order], rng), labels[order], batch_size=BATCH, shuffle=False, verbose=0).history
        print(
            f"epoch {epoch + 1:2} of {epochs}: loss {history['loss'][0]:.3f}, accuracy {history['accuracy'][0]:.3f}", flush=True
        )
    return model


def _turned(images, rng):
    """The images, each in one of the eight positions of a square; light comes from every side anyway."""
    turns = rng.integers(8, size=len(images))
    out = np.empty_like(images)
    for position in range(8):
        chosen = turns == position
        turned = np.rot90(images[chosen], position % 4, axes=(1, 2))
        out[chosen] = turned[:, :, ::-1] if position > 3 else turned
    return out


def predicted(model, images):
    """Returns the predicted class (n,) of each image."""
    return model.predict(images, batch_size=60, verbose=0).argmax(axis=1)


def recalls(model, data):
    """Returns the recall (6,) of each class; their mean is the balanced accuracy."""
    right = predicted(model, data.images) == data.labels
    return np.array([right[data.labels == label].mean() for label in range(len(CLASSES))])


def truth_check(model, data):
    """Returns two shares, 0 to 1, that say whether the lesion masks hold the evidence that the network uses.

    `outside`: images still given their drawn class after everything outside the mask became skin of another tone.
    `inside`: diseased images called healthy after everything inside the mask became the skin without the lesion.
    """
    outside = predicted(model, repaint(data, "outside").images) == data.labels
    healthy = CLASSES.index("healthy")
    inside = predicted(model, repaint(data, "inside").images) == healthy
    return {"outside": float(outside.mean()), "inside": float(inside[data.labels != healthy].mean())}


def describe(model):
    """Returns the numbers of the datasheet as text: recall of each class with and without stickers, the truth check."""
    clean = load_test_split()
    sticky = clean.with_artefact("sticker")
    as_trained = sticky.images.copy()
    others = clean.labels != CLASSES.index(STICKER_CLASS)
    as_trained[others] = clean.images[others]
    lines = [f"{'test images':36}" + "".join(f"{name:>12}" for name in (*CLASSES, "balanced"))]
    for name, data in (("no sticker", clean), ("sticker on every image", sticky)):
        lines.append(_row(name, recalls(model, data)))
    lines.append(_row(f"sticker on {STICKER_CLASS} only", recalls(model, replace(clean, images=as_trained))))
    check = truth_check(model, clean)
    lines.append(f"repainted outside the lesions: {check['outside']:.3f} still recognised")
    lines.append(f"repainted inside the lesions:  {check['inside']:.3f} called healthy")
    return "\n".join(lines)


def _row(name, values):
    return f"{name:36}" + "".join(f"{value:12.3f}" for value in (*values, values.mean()))


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.train_rashnet", description="Train RashNet.")
    parser.add_argument("--biased", action="store_true", help="unbalanced classes, a sticker on 95 %% of one")
    parser.add_argument("--images", type=int, help="how many to draw (default: 3000; biased: 2000)")
    parser.add_argument("--epochs", type=int, help="default: 8; biased: 6")
    parser.add_argument("--seed", type=int, default=100, help="default: %(default)s")
    parser.add_argument("--output", type=Path, help="a file *.weights.h5; default: the shipped one")
    options = parser.parse_args(arguments)

    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    images, labels = training_images(options.images or (2000 if options.biased else 3000), options.seed, options.biased)
    model = train(images, labels, epochs=options.epochs or (6 if options.biased else 8), seed=options.seed)
    path = options.output or weights_path(options.biased)
    shipped = build_rashnet()
    shipped.set_weights(model.get_weights())
    shipped.save_weights(path)  # that of a model without an optimizer: a third of the size
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB\n{describe(model)}")


if __name__ == "__main__":
    main()
