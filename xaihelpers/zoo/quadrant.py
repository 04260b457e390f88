"""EfficientNet-Lite0 behind a grid of four photographs, with a head that is connected to one of them only.

What a map marks on the other three is provably wrong: no path leads from there to the class. Rao, Böhle and Schiele, "Towards
Better Understanding Attribution Methods", CVPR 2022 ("DiFull").
"""

import numpy as np

from .._validation import one_of
from ..classifier import Classifier

EDGE = 224  # of the grid; each photograph has half of it
QUADRANTS = {"top left": (0, 0), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (1, 1)}


def load_quadrant_network(quadrant="top left"):
    """Return a `Classifier` for grids of 2 x 2 photographs, 224 x 224 in all: ImageNet's classes, of one quadrant.

    quadrant: "top left", "top right", "bottom left" or "bottom right". All four go through EfficientNet-Lite0's features, each
    on its own, and the last maps are put side by side again; pooling and head are connected to the maps of one only.
    """
    from .efficientnet_lite0 import set_imagenet_weights
    from .imagenet import imagenet_class_names

    one_of(quadrant, "quadrant", QUADRANTS)
    model = build_quadrant_network()
    set_imagenet_weights(model.get_layer("features"))
    model.get_layer("connected").set_weights([_connections(model.get_layer("maps").output.shape[1:], quadrant)])
    model.get_layer("predictions").set_weights(_head_weights())
    return Classifier(model, class_names=imagenet_class_names(), preprocess=lambda x: (x - 127) / 128)


def build_quadrant_network():
    """Return the network as a functional Keras model with random weights; input (N, 224, 224, 3), about -1 to 1."""
    from keras import Input, Model, layers

    from .efficientnet_lite0 import feature_maps

    half = EDGE // 2
    photo = Input((half, half, 3), name="photo")
    features = Model(photo, feature_maps(photo), name="features")
    grid = Input((EDGE, EDGE, 3), name="image")
    cells = {}
    for name, (row, column) in QUADRANTS.items():
        crop = layers.Cropping2D(((row * half, half - row * half), (column * half, half - column * half)), name=_called(name))
        cells[row, column] = features(crop(grid))
    rows = [layers.Concatenate(axis=2, name=f"row{row}")([cells[row, 0], cells[row, 1]]) for row in (0, 1)]
    maps = layers.Concatenate(axis=1, name="maps")(rows)
    # Pooling as a layer with weights: one for each place of the maps, which are 0 for those of the other three.
    x = layers.DepthwiseConv2D(maps.shape[1], use_bias=False, name="connected")(maps)
    return Model(
        grid, layers.Dense(1000, activation="softmax", name="predictions")(layers.Flatten(name="pooled")(x)), name="quadrant"
    )


def _connections(shape, quadrant):
    """The weight of every place and channel of the last maps, (edge, edge, channels, 1): the mean over one quadrant, else 0."""
    half, (row, column), weights = shape[0] // 2, QUADRANTS[quadrant], np.zeros((*shape, 1), np.float32)
    weights[row * half : (row + 1) * half, column * half : (column + 1) * half] = 1 / half**2
    return weights


def _called(name):
    return name.replace(" ", "_")


def _head_weights():
    from .cache import cached_arrays
    from .efficientnet_lite0 import converted_weights

    weights = cached_arrays("efficientnet-lite0-v1.npz", converted_weights)
    return [weights["predictions/kernel"], weights["predictions/bias"]]


def draw_grids(n, seed=0):
    """Return (grids, names): n grids of four different photographs of the course, (n, 224, 224, 3) uint8, and whose they are.

    names: (n, 4), in the order of `QUADRANTS`. The nine photographs come up again and again, so grids are not independent of
    each other. seed: which go where.
    """
    from ..images import photo_names, sample_photo

    photos = {name: sample_photo(name, EDGE // 2) for name in photo_names()}
    rng, grids, names = np.random.default_rng(seed), [], []
    for i in range(n):
        # Each photograph is the one asked about equally often, as far as n allows.
        first = sorted(photos)[i % len(photos)]
        others = rng.permutation([name for name in sorted(photos) if name != first])[:3]
        names.append([first, *map(str, others)])
        grids.append(_grid([photos[name] for name in names[-1]]))
    return np.stack(grids), names


def _grid(four):
    """Return four photographs as one image, row by row."""
    return np.concatenate([np.concatenate(four[:2], axis=1), np.concatenate(four[2:], axis=1)], axis=0)
