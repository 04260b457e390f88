"""Does the map say anything about this network? Randomise the weights and look again; shake the image and look again.

Adebayo and others, "Sanity Checks for Saliency Maps", NeurIPS 2018.
Ghorbani, Abid and Zou, "Interpretation of Neural Networks Is Fragile", AAAI 2019.
"""

from dataclasses import dataclass

import numpy as np

from .._progress import progress_bar
from .._quiet import without_warnings
from .._validation import number, one_of, whole_number, yes_or_no
from ..classifier import Classifier
from ..methods import METHODS
from ..methods.shared.contract import require
from .shape import rank_correlation


@dataclass(frozen=True, eq=False)
class Randomisation:
    """Maps of one image while the network loses its weights, from the output down or each layer alone.

    layers: for each stage the layer at which it ends. order, how: as they were asked for. maps: Attributions, one a stage.
    original: that of the real network.
    correlations: (stages,) rank correlation of each stage's map with the original: near 0 is as it should be, near 1
        means that the map hardly depends on what the network has learned. NaN where a map is the same everywhere.
    """

    layers: list
    correlations: np.ndarray
    maps: list
    original: object
    order: str = "top"
    how: str = "shuffled"

    def __repr__(self):
        stages = ", ".join(f"{layer.split('/')[-1]} {r:.2f}" for layer, r in zip(self.layers, self.correlations))
        where = "down to" if self.order == "top" else "without"
        return f"Randomisation({self.original.method}, weights {self.how}: rank correlation {where} {stages})"


def model_randomisation(
    classifier,
    method,
    image,
    target=None,
    *,
    stages=5,
    order="top",
    how="shuffled",
    absolute=False,
    seed=0,
    progress=False,
    **parameters,
):
    """Return a Randomisation: the map after layers have lost what they learned, one after the other.

    method: name of a technique, or the function. target: None is the class that the real network predicts, throughout.
    stages: number of maps; the layers are shared out evenly, the last stage has none left. None: a stage for every layer.
    order: "top", more and more layers from the output down; "alone", each stage's layers only, all others as they were.
    how: "shuffled", the same weights in another order; "reinitialised", drawn anew as before any training.
    absolute: correlate absolute values. parameters: those of the technique.
    The real network is not touched: a copy is. Raises TypeError where the classifier is a plain function.
    Source: Adebayo and others, NeurIPS 2018 ("cascading" and "independent randomization").
    """
    one_of(order, "order", ("top", "alone")), one_of(how, "how", HOW)
    method, absolute, seed = _function(method), yes_or_no(absolute, "absolute"), whole_number(seed, "seed", 0)
    if stages is not None:
        stages = whole_number(stages, "stages", what="None for every layer, or a whole number")
    progress = yes_or_no(progress, "progress")
    original = _quietly(method, classifier, image, target, **parameters)
    copy, layers = randomised_copy(classifier, of_layers=()), weighted_layers(classifier)
    groups = np.array_split(layers[::-1], min(stages or len(layers), len(layers)))
    maps = []
    for stage, group in enumerate(progress_bar(groups, "stages", "stage", shown=progress)):
        if order == "alone":
            copy.model.set_weights(classifier.model.get_weights())
        HOW[how](copy, group, seed=(seed, stage))
        maps.append(_quietly(method, copy, image, original.target, **parameters))
    correlations = [rank_correlation(original, m, absolute=absolute) for m in maps]
    return Randomisation([str(group[-1]) for group in groups], np.array(correlations), maps, original, order, how)


def randomised_copy(classifier, of_layers=None, *, seed=0):
    """Return a Classifier around a copy of the network in which layers have lost their weights; the original is not changed.

    of_layers: paths of layers; None is all that have weights, () is none: a plain copy.
    """
    import keras

    require(classifier, True, "model randomisation")
    model = keras.models.clone_model(classifier.model)
    model.set_weights(classifier.model.get_weights())
    copy = Classifier(
        model, class_names=classifier.class_names, preprocess=classifier.preprocess, input_shape=classifier.input_shape
    )
    shuffle_weights(copy, weighted_layers(copy) if of_layers is None else of_layers, seed=seed)
    return copy


def weighted_layers(classifier):
    """Return the paths of the layers that learned weights, first to last; nested models are opened."""
    return [
        path
        for path, layer in classifier.layers.items()
        if not getattr(layer, "layers", None) and layer.weights and type(layer).__name__ != "Normalization"
    ]


def shuffle_weights(classifier, paths, *, seed=0):
    """Shuffle the weights of layers in place: what was learned is gone, mean and spread of the weights are kept."""
    random = np.random.default_rng(seed)
    for path in paths:
        layer = classifier.layers[str(path)]
        orders, shuffled = {}, []
        for weight in layer.get_weights():
            if weight.ndim > 1:
                weight = random.permutation(weight.ravel()).reshape(weight.shape)
            elif weight.ndim == 1:
                # One order for all numbers of a channel: a variance must stay with its mean.
                order = orders.setdefault(len(weight), random.permutation(len(weight)))
                weight = weight[order]
            shuffled.append(weight)
        layer.set_weights(shuffled)


def reinitialise_weights(classifier, paths, *, seed=0):
    """Draw the weights of layers anew, in place, by the layers' own initialisers, as before any training."""
    import keras

    random = np.random.default_rng(seed)
    for path in paths:
        layer = classifier.layers[str(path)]
        for weight in layer.weights:
            rule = getattr(layer, f"{weight.name}_initializer", None)
            if rule is None:  # a layer of one's own: the same spread, around the same mean
                old = np.asarray(weight)
                weight.assign(random.normal(old.mean(), old.std(), old.shape).astype(old.dtype))
                continue
            settings = rule.get_config()
            if "seed" in settings:
                settings["seed"] = int(random.integers(2**31))
            weight.assign(keras.initializers.get(type(rule).from_config(settings))(weight.shape, dtype=weight.dtype))


HOW = {"shuffled": shuffle_weights, "reinitialised": reinitialise_weights}


def stability(
    classifier, method, image, target=None, *, noise=5.0, repeats=5, absolute=False, seed=0, progress=False, **parameters
):
    """Return the mean rank correlation of the map with the maps of slightly noisy images: 1 is as stable as can be.

    method, target, absolute, parameters: as in `model_randomisation`. noise: standard deviation in grey levels of 0..255.
    repeats: number of noisy images. NaN where a map is the same everywhere.
    Source: Ghorbani, Abid and Zou, AAAI 2019 (rank correlation under perturbation).
    """
    noise = number(noise, "noise", above=0, what="a standard deviation, in grey levels of 0..255,")
    repeats, progress = whole_number(repeats, "repeats"), yes_or_no(progress, "progress")
    absolute = yes_or_no(absolute, "absolute")
    method, random = _function(method), np.random.default_rng(whole_number(seed, "seed", 0))
    original = _quietly(method, classifier, image, target, **parameters)
    pixels, found = np.asarray(image, dtype=np.float32), []
    for _ in progress_bar(range(repeats), "noisy images", "image", shown=progress):
        noisy = np.clip(pixels + random.normal(0, noise, pixels.shape), 0, 255).astype(np.float32)
        again = _quietly(method, classifier, noisy, original.target, **parameters)
        found.append(rank_correlation(original, again, absolute=absolute))
    return float(np.mean(found))


def _function(method):
    """Return the technique for its name; a function is taken as it is."""
    if isinstance(method, str):
        return METHODS[one_of(method, "method", METHODS)].function
    if not callable(method):
        raise TypeError(f"method is {type(method).__name__}: give the name of a technique, or the function.")
    return method


def _quietly(method, *args, **parameters):
    """Call a technique without its warnings: a network without weights gives many, and they stand in `diagnostics`."""
    with without_warnings():
        return method(*args, **parameters)
