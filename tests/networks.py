"""Tiny networks with fixed weights, on which answers can be worked out by hand."""

import keras
import numpy as np


def fixed(model, seed=0):
    """Give every weight of a model a fixed value, small whole numbers; return the model."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.integers(-2, 3, w.shape).astype(np.float32) / 4 for w in model.get_weights()])
    return model


def gap_network(size=8, channels=4, classes=3, activation="softmax", seed=0):
    """Conv, ReLU, global average pooling, Dense: the network for which CAM was made."""
    image = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(channels, 3, padding="same", activation="relu", name="maps")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    scores = keras.layers.Dense(classes, activation=activation, name="scores")(x)
    return fixed(keras.Model(image, scores), seed)


def nested_network(size=8, seed=0):
    """A functional model that holds a functional model that holds a Sequential with the last maps."""
    deepest = keras.Sequential(
        [keras.Input((size, size, 4)), keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="deep")],
        name="deepest",
    )
    maps = keras.Input((size, size, 4))
    middle = keras.Model(maps, keras.layers.ReLU(name="middle_relu")(deepest(maps)), name="middle")
    image = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(4, 3, padding="same", name="outer")(x)
    x = keras.layers.GlobalAveragePooling2D()(middle(keras.ops.relu(x)))
    return fixed(keras.Model(image, keras.layers.Dense(3, activation="softmax", name="scores")(x)), seed)


def sequential_network(size=8, seed=0):
    """The same as `gap_network`, as Sequential, ending in Activation("softmax")."""
    model = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="maps"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3),
            keras.layers.Activation("softmax"),
        ]
    )
    return fixed(model, seed)


def image(size=8, seed=0):
    """An image of noise, (size, size, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
