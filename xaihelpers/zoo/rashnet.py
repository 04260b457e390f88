"""RashNet: a small ReLU network for the six rash classes, quick enough for sliders that explain while they move."""

from pathlib import Path

import keras
from keras import layers

from ..rashes import CLASSES

WEIGHTS_FOLDER = Path(__file__).parents[1] / "data"


def build_rashnet(class_count=6):
    """Returns RashNet, untrained: (N, 128, 128, 3) RGB from 0 to 255 in, (N, class_count) probabilities out.

    Four blocks of convolution, BatchNormalization and ReLU; the last map, `relu4`, is 16 x 16 x 96. Its spatial mean
    goes to one Dense layer with softmax, so that CAM, Grad-CAM and HiResCAM agree up to scaling.
    """
    image = keras.Input((128, 128, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(image)
    for number, (filters, kernel, stride) in enumerate([(16, 5, 2), (32, 3, 2), (64, 3, 2), (96, 3, 1)], start=1):
        x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"bn{number}")(x)
        x = layers.Activation("relu", name=f"relu{number}")(x)
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    probabilities = layers.Dense(class_count, activation="softmax", name="classes")(x)
    return keras.Model(image, probabilities, name="rashnet")


def weights_path(biased=False):
    """Returns where the trained weights lie (an HDF5 file of plain arrays; nothing in it is executed)."""
    return WEIGHTS_FOLDER / f"rashnet{'-biased' if biased else ''}.weights.h5"


def load_rashnet(biased=False):
    """Returns (the trained Keras model, the list of its six class names).

    biased: the one that was trained on unbalanced images, in which a sticker goes with one class.
    Raises FileNotFoundError, with the command that trains it, where the weights are missing.
    """
    path = weights_path(biased)
    if not path.exists():
        option = " --biased" if biased else ""
        raise FileNotFoundError(f"{path} is missing: `python -m tools.train_rashnet{option}` trains it again.")
    model = build_rashnet()
    model.load_weights(path)
    return model, list(CLASSES)
