"""Take from a network what it learned, layer by layer, in place; and give it back, whatever happens."""

import copy
from collections.abc import Sequence
from contextlib import contextmanager

import numpy as np

from ..classifier import Classifier
from ..methods.shared.contract import require

_ITSELF = "(the model itself)"  # weights that no layer owns


@contextmanager
def weights_restored(classifier):
    """Give the network its weights back at the end of the block, also when an error or an interruption ends it.

    Gives a function that does so at once.
    """
    kept = [(weight, np.asarray(weight).copy()) for weight in classifier.model.weights]

    def restore():
        for weight, values in kept:
            weight.assign(values)

    try:
        yield restore
    finally:
        restore()


def randomised_copy(
    classifier: Classifier,
    of_layers: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Classifier:
    """Return a Classifier around a copy of the network in which layers have lost their weights; the original is not changed.

    of_layers: paths of layers; None is all that have weights, () is none: a plain copy.
    """
    require(classifier, True, "model randomisation")
    other = copy.deepcopy(classifier)
    shuffle_weights(other, weighted_layers(other) if of_layers is None else of_layers, seed=seed)
    return other


def weighted_layers(classifier):
    """Return the paths of the layers that learned weights, first to last; each weight belongs to the innermost of them."""
    return list(_owned(classifier))


def shuffle_weights(classifier, paths, *, seed=0):
    """Shuffle the weights of layers in place: what was learned is gone, mean and spread of the weights are kept."""
    random = np.random.default_rng(seed)
    for weights in _chosen(classifier, paths):
        orders = {}
        for _, weight in weights:
            weight.assign(_shuffled(np.asarray(weight).copy(), random, orders))


def reinitialise_weights(classifier, paths, *, seed=0):
    """Draw the weights of layers anew, in place, by the layers' own initialisers, as before any training.

    A weight of which a layer does not say how it begins is drawn with the spread that it has, around its mean.
    """
    random = np.random.default_rng(seed)
    for weights in _chosen(classifier, paths):
        for layer, weight in weights:
            initializer = _initializer(layer, weight, random)
            if initializer is None:
                old = np.asarray(weight).copy()
                weight.assign(random.normal(old.mean(), old.std(), old.shape).astype(old.dtype))
            else:
                weight.assign(initializer(tuple(weight.shape), weight.dtype))


HOW = {"shuffled": shuffle_weights, "reinitialised": reinitialise_weights}


def _chosen(classifier, paths):
    """Return [(layer, weight)] for each of the paths."""
    owned = _owned(classifier)
    for path in map(str, paths):
        if path not in owned:
            raise ValueError(f"There is no layer {path!r} with weights: weighted_layers(classifier) lists them.")
        yield owned[path]


def _shuffled(values, random, orders):
    if values.ndim > 1:
        return random.permutation(values.ravel()).reshape(values.shape)
    if values.ndim == 0:
        return values
    # One order for all numbers of a channel: a variance must stay with its mean.
    return values[orders.setdefault(len(values), random.permutation(len(values)))]


def _initializer(layer, weight, random):
    """Return the initializer that a layer has for a weight, with a seed of its own; None where it does not say."""
    kind = weight.name.split("/")[-1]
    for name in (f"{kind}_initializer", f"{kind.removesuffix('_kernel')}_initializer"):
        initializer = getattr(layer, name, None)
        if initializer is not None and hasattr(initializer, "get_config"):
            config = initializer.get_config()
            if "seed" in config:
                config["seed"] = int(random.integers(2**31))
            return type(initializer).from_config(config)
    return None


def _owned(classifier):
    """Return {path: [(layer, weight)]}: every learned weight of the network once, at the innermost layer that has it."""
    layers = {path: layer for path, layer in _layers(classifier).items() if getattr(layer, "weights", None)}
    place = {}
    for path, layer in layers.items():
        for weight in layer.weights:
            known = place.get(id(weight))
            if known is None or path.startswith(known + "/"):
                place[id(weight)] = path
    owned = {path: [] for path in (*layers, _ITSELF)}
    for path, layer in (*layers.items(), (_ITSELF, classifier.model)):
        inside = [layer, *layer._flatten_layers(include_self=False)]
        for weight in layer.weights:
            if place.setdefault(id(weight), _ITSELF) == path and "float" in str(weight.dtype):
                holder = next((each for each in reversed(inside) if any(own is weight for own in each.weights)), layer)
                if type(holder).__name__ != "Normalization":  # measured, not learned
                    owned[path].append((holder, weight))
    return {path: weights for path, weights in owned.items() if weights}


def _layers(classifier):
    """Return {path: layer}; of a subclassed model in the order in which its layers were made."""
    try:
        return classifier.layers
    except TypeError:
        return {layer.name: layer for layer in classifier.model._flatten_layers(include_self=False)}
