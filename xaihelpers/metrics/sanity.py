"""Does the map say anything about this network? Randomise the weights and look again; shake the image and look again.

Adebayo and others, "Sanity Checks for Saliency Maps", NeurIPS 2018.
Ghorbani, Abid and Zou, "Interpretation of Neural Networks Is Fragile", AAAI 2019.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._progress import progress_bar
from .._quiet import without_warnings
from .._types import ImageLike, Target, Technique
from .._validation import number, one_of, whole_number, yes_or_no
from ..classifier import Classifier
from ..methods import METHODS
from ..methods.shared.contract import require
from .randomising import (
    HOW,
    randomised_copy,
    reinitialise_weights,
    shuffle_weights,
    weighted_layers,
    weights_restored,
)
from .shape import rank_correlation

__all__ = [
    "HOW",
    "Randomisation",
    "model_randomisation",
    "randomised_copy",
    "reinitialise_weights",
    "shuffle_weights",
    "stability",
    "weighted_layers",
]


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
    classifier: Classifier,
    method: Technique,
    image: ImageLike,
    target: Target = None,
    *,
    stages: int = 5,
    order: str = "top",
    how: str = "shuffled",
    absolute: bool = False,
    seed: int = 0,
    progress: bool = False,
    **parameters: Any,
) -> Randomisation:
    """Return a Randomisation: the map after layers have lost what they learned, one after the other.

    method: name of a technique, or the function. target: None is the class that the real network predicts, throughout.
    stages: number of maps; the layers are shared out evenly, the last stage has none left. None: a stage for every layer.
    order: "top", more and more layers from the output down; "alone", each stage's layers only, all others as they were.
    how: "shuffled", the same weights in another order; "reinitialised", drawn anew as before any training.
    absolute: correlate absolute values. parameters: those of the technique.
    The weights are changed in place, and are as they were when it returns or fails: ask the network nothing else meanwhile.
    Works on every Keras model: nested, subclassed, with Lambda and custom layers, with operations that have no weights.
    Raises TypeError where the classifier is a plain function.
    Source: Adebayo and others, NeurIPS 2018 ("cascading" and "independent randomization").
    """
    one_of(order, "order", ("top", "alone")), one_of(how, "how", HOW)
    method, absolute, seed = _function(method), yes_or_no(absolute, "absolute"), whole_number(seed, "seed", 0)
    if stages is not None:
        stages = whole_number(stages, "stages", what="None for every layer, or a whole number")
    progress = yes_or_no(progress, "progress")
    require(classifier, True, "model randomisation")
    layers = weighted_layers(classifier)
    if not layers:
        raise ValueError("This network has no weights that it learned: there is nothing to randomise.")
    original = _quietly(method, classifier, image, target, **parameters)
    groups = np.array_split(layers[::-1], min(stages or len(layers), len(layers)))
    maps = []
    with weights_restored(classifier) as restore:
        for stage, group in enumerate(progress_bar(groups, "stages", "stage", shown=progress)):
            if order == "alone":
                restore()
            HOW[how](classifier, group, seed=(seed, stage))
            maps.append(_quietly(method, classifier, image, original.target, **parameters))
    correlations = [rank_correlation(original, m, absolute=absolute) for m in maps]
    return Randomisation([str(group[-1]) for group in groups], np.array(correlations), maps, original, order, how)


def stability(
    classifier: Classifier,
    method: Technique,
    image: ImageLike,
    target: Target = None,
    *,
    noise: float = 5.0,
    repeats: int = 5,
    absolute: bool = False,
    seed: int = 0,
    progress: bool = False,
    **parameters: Any,
) -> float:
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
