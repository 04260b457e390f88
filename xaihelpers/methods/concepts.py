"""Concepts: what a layer's maps are put together from, over many images, and how much of each an image has.

Fel, Picard, Bethune, Boissin, Vigouroux, Colin, Cadene and Serre, "CRAFT: Concept Recursive Activation FacTorization for
Explainability", CVPR 2023. What a layer gives at each place is a sum of a few directions, with weights that are never negative;
here each place of the maps stands for what is a crop of the image there. A direction is found without a word; what it
means, images must tell.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .._quiet import announce
from .._validation import whole_number
from ..classifier import Classifier
from .shared.contract import require
from .shared.threads import one_thread

_PLACES = 20_000  # by which the directions are found, chosen by chance among all
_ROUNDS, _SETTLED = 200, 1e-4


@dataclass(frozen=True, eq=False)
class Concepts:
    """Directions of one layer's maps. directions: (K, channels), never negative, each of length 1; the most used one first.

    layer: its path. amounts: (N, K), how much of each the images have that they were found in, the mean over places.
    unexplained: share of the maps' sum of squares that no concept accounts for, over the places they were found by.
    """

    classifier: Classifier = field(repr=False)
    layer: str
    directions: np.ndarray = field(repr=False)
    amounts: np.ndarray = field(repr=False)
    unexplained: float

    def __len__(self):
        """How many concepts there are."""
        return len(self.directions)

    def maps(self, images: ArrayLike, batch_size: int = 32) -> np.ndarray:
        """Return how much of each concept there is at each place, (N, h, w, K), for images (N, H, W, 3)."""
        maps = _maps(self.classifier, images, self.layer, batch_size)
        announce(self.classifier.looks_preprocessed(images))
        with one_thread():
            weights = _weights(maps.reshape(-1, maps.shape[-1]), self.directions)
        return weights.reshape(*maps.shape[:3], len(self))

    def in_images(self, images: ArrayLike, batch_size: int = 32) -> np.ndarray:
        """Return how much of each concept the images have, (N, K): the mean over the places."""
        return self.maps(images, batch_size).mean(axis=(1, 2))


def concepts(
    classifier: Classifier,
    images: ArrayLike,
    n_concepts: int = 20,
    *,
    layer: str | None = None,
    seed: int = 0,
    batch_size: int = 32,
) -> Concepts:
    """Return the Concepts of a layer, found in the images: non-negative matrix factorization of its maps.

    classifier: a Classifier around a Keras model. images: (N, H, W, 3), 0 to 255; what they have in common becomes a concept.
    n_concepts: how many, at most the layer's channels. layer: its path or name; None is the last one with places.
    Raises TypeError for a plain function, ValueError for a layer whose maps are negative somewhere: take the one behind its
    ReLU. Source: Fel and others, CVPR 2023.
    """
    require(classifier, True, "concepts")
    n_concepts, seed = whole_number(n_concepts, "n_concepts"), whole_number(seed, "seed", 0)
    path = classifier.spatial_layer(layer)
    channels = classifier.n_channels(path)
    if n_concepts > channels:
        raise ValueError(f"n_concepts is {n_concepts}, and layer {path!r} has {channels} channels: ask for so many at most.")
    maps = _maps(classifier, images, path, batch_size)
    announce(classifier.looks_preprocessed(images))
    if not maps.any():
        raise ValueError(f"The maps of layer {path!r} are zero everywhere: take another layer, or other images.")
    if maps.min() < 0:
        raise ValueError(f"The maps of layer {path!r} are negative somewhere: take a layer behind a ReLU.")
    rows = maps.reshape(-1, channels)
    some = rows[np.random.default_rng(seed).permutation(len(rows))[:_PLACES]]
    with one_thread():
        directions = _factors(some, n_concepts, seed)
        weights = _weights(rows, directions)
    order = np.argsort(-weights.mean(axis=0), kind="stable")
    left = rows - weights @ directions
    amounts = weights.reshape(len(maps), -1, len(directions)).mean(axis=1)[:, order]
    return Concepts(classifier, path, directions[order], amounts, float((left**2).sum() / max((rows**2).sum(), 1e-30)))


def _maps(classifier, images, layer, batch_size):
    """Return a layer's maps, (N, h, w, channels), for images (N, H, W, 3)."""
    found = classifier.gradients(images, 0, layer=layer, batch_size=batch_size)
    return classifier.maps(layer, found.values)


def _factors(rows, n, seed):
    """Return n directions (n, channels) of length 1, never negative, such that rows are near to sums of them.

    In turns the weights and the directions are made better, one column and one row after the other.
    """
    random = np.random.default_rng(seed)
    # It begins at places themselves, those that differ most from what is there already.
    directions = _apart(rows, n, random)
    weights = np.maximum(rows @ directions.T, 0) / n
    for _ in range(_ROUNDS):
        before = directions.copy()
        _better(weights, directions @ directions.T, rows @ directions.T)
        _better(directions.T, weights.T @ weights, (weights.T @ rows).T)
        length = np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
        directions, weights = directions / length, weights * length.T
        if np.abs(directions - before).max() < _SETTLED:
            break
    return directions


def _apart(rows, n, random):
    """Return n of the rows, of length 1: each the one that the rows before it explain least, among some drawn by chance."""
    some = rows[random.permutation(len(rows))[:2000]].astype(np.float64)
    left, chosen = some.copy(), []
    for _ in range(n):
        one = int((left**2).sum(axis=1).argmax())
        # Where nothing is left, any direction is as good as another.
        row = some[one] if left[one].any() else random.random(rows.shape[1])
        chosen.append(row / max(np.linalg.norm(row), 1e-12))
        away = left[one] / max(np.linalg.norm(left[one]), 1e-12)
        left = left - np.outer(left @ away, away)
    return np.array(chosen)


def _better(columns, products, along):
    """Make columns (rows, n) better by one round: the least squares of each while the others stay, cut off at 0; in place."""
    for k in range(columns.shape[1]):
        gradient = columns @ products[:, k] - along[:, k]
        columns[:, k] = np.maximum(columns[:, k] - gradient / max(products[k, k], 1e-12), 0)


def _weights(rows, directions):
    """Return weights (places, n), never negative, whose sum of directions is nearest to each row."""
    products, along = directions @ directions.T, rows @ directions.T
    weights = np.maximum(along, 0)
    for _ in range(_ROUNDS):
        before = weights.copy()
        _better(weights, products, along)
        if np.abs(weights - before).max() <= _SETTLED * max(weights.max(), 1e-12):
            break
    return weights
