"""A network whose weights are set by hand, so that what it uses is known from the weights and not only from the images.

Images with a truth do not prove that a network uses it; this one can't do otherwise. The argument is that of Zhang, Li, Brown and
others, "AttributionLab: Faithfulness of Feature Attribution Under Controllable Environments", arXiv 2310.06514, 2023; network
and images are our own.
"""

from typing import NamedTuple

import numpy as np

from .._validation import whole_number
from ..classifier import Classifier

SIZE, CELL = 64, 4  # pixels an edge of the image, and of a cell of the last maps
CLASSES = ["red on the left", "blue"]
COLOURS = {"red": (222, 62, 58), "blue": (60, 74, 220), "yellow": (226, 200, 58)}
# Colour detectors, 1 x 1: how much of red, green and blue (0 to 1) each adds, and how much is too little.
DETECTORS = {"red": ((1, -1, 0), -0.25), "blue": ((-1, 0, 1), -0.25), "yellow": ((0, 1, -1), -0.25)}
WEIGHT, OFFSET = 0.8, -2.0  # of one cell full of colour, and of an image with none


class WiredImages(NamedTuple):
    """Images for the network, and the truth. used, unused: `(n, 64, 64)` bool, for the class "red on the left".

    images: (n, 64, 64, 3) uint8. used: the red discs on the left, all that its logit depends on. unused: all other discs.
    """

    images: np.ndarray
    used: np.ndarray
    unused: np.ndarray


def load_wired():
    """Return the network as a `Classifier`: "red on the left" and "blue", each yes or no; RGB images of 64 x 64.

    The logit of "red on the left" adds up what is red in the left half, that of "blue" what is blue anywhere. Red on the right
    is seen by the same detector and meets weights of 0. Yellow is seen by two identical channels, whose weights are equal and
    opposite, so that it cancels out, wherever it is.
    """
    return Classifier(build_wired(), class_names=CLASSES)


def build_wired():
    """Return the Keras model: colours (1 x 1), cells (their means over 4 x 4 pixels), and one weight for each cell."""
    import keras
    from keras import layers

    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Rescaling(1 / 255, name="range")(image)
    x = layers.Conv2D(3, 1, activation="relu", name="colours")(x)
    x = layers.Conv2D(4, CELL, CELL, activation="relu", name="cells")(x)
    x = layers.Flatten(name="flat")(x)
    model = keras.Model(image, layers.Dense(2, activation="sigmoid", name="classes")(x), name="wired")
    kernels, offsets = (np.array(each, np.float32) for each in zip(*DETECTORS.values()))
    model.get_layer("colours").set_weights([kernels.T[None, None], offsets])
    model.get_layer("cells").set_weights([_cells(), np.zeros(4, np.float32)])
    model.get_layer("classes").set_weights([_votes(), np.full(2, OFFSET, np.float32)])
    return model


def _cells():
    """The means of red, blue, yellow, and yellow once more: (4, 4, 3, 4)."""
    kernel = np.zeros((CELL, CELL, 3, 4), np.float32)
    for channel, detector in enumerate((0, 1, 2, 2)):
        kernel[:, :, detector, channel] = 1 / CELL**2
    return kernel


def _votes():
    """The weight of every cell and channel for the two classes, (cells x 4, 2)."""
    edge = SIZE // CELL
    votes = np.zeros((edge, edge, 4, 2), np.float32)
    votes[:, : edge // 2, 0, 0] = WEIGHT  # red, on the left only
    votes[:, :, 1, 1] = WEIGHT  # blue, anywhere
    votes[:, :, 2], votes[:, :, 3] = WEIGHT, -WEIGHT  # yellow: for both classes, and as much against them
    return votes.reshape(-1, 2)


def draw_wired(n, seed=0):
    """Return `WiredImages`: n images of discs on grey: red left, red right, blue and yellow, two or three of each on average.

    Every image has at least one red disc on the left, one on the right, a blue and a yellow one. seed: 0 or more.
    """
    n, seed = whole_number(n, "n"), whole_number(seed, "seed", 0)
    drawn = [_draw(np.random.default_rng((seed, i))) for i in range(n)]
    return WiredImages(*(np.stack(parts) for parts in zip(*drawn)))


def _draw(rng):
    """Return image, used and unused of one image."""
    image = np.full((SIZE, SIZE, 3), 128.0) + rng.normal(0, 6, (SIZE, SIZE, 1)) + rng.uniform(-25, 25)
    used, unused, taken = (np.zeros((SIZE, SIZE), bool) for _ in range(3))
    wanted = ["red left", "red right", "blue", "yellow", *rng.choice(["red left", "red right", "blue", "yellow"], 3)]
    for what in wanted:
        colour, _, half = what.partition(" ")
        disc = _place(rng, taken, half)
        if disc is None:
            continue
        shade = np.array(COLOURS[colour]) + rng.normal(0, 5, (SIZE, SIZE, 1))
        image[disc] = shade[disc]
        taken |= disc
        (used if half == "left" else unused)[disc] = True
    return np.clip(image, 0, 255).astype(np.uint8), used, unused


def _place(rng, taken, half):
    """Return a disc that touches none that is there, in a half of the image or anywhere; None where there is no room."""
    row, column = np.mgrid[:SIZE, :SIZE]
    for _ in range(200):
        radius = rng.uniform(4, 6.5)
        y, x = rng.uniform(radius + 1, SIZE - radius - 1, 2)
        if half:  # wholly on its half
            x = rng.uniform(radius + 1, SIZE / 2 - radius - 1) + (SIZE / 2 if half == "right" else 0)
        distance = np.hypot(row + 0.5 - y, column + 0.5 - x)
        if not taken[distance <= radius + 2].any():
            return distance <= radius
    return None
