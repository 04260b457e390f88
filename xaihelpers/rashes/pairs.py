"""Two diseases on one skin: each on its own half, so that an explanation can be asked for the one and for the other."""

from dataclasses import dataclass, field

import numpy as np

from .._validation import whole_number
from .draw import generator
from .lesions import CLASSES, FORMS
from .light import changed_by, develop, light_up
from .patches import laid_over, lay
from .skin import draw_skin

_DISEASES = [label for label, name in enumerate(CLASSES) if FORMS[name] is not None]
_ATTEMPTS = 50  # a rash of one to three large lesions may have none on its half


@dataclass(frozen=True, eq=False)
class RashPairs:
    """Images with two diseases each. `len(pairs)`.

    images: (n, 128, 128, 3) uint8, RGB. labels: (n, 2) int, indices into `class_names`.
    lesion_masks: (n, 2, 128, 128) bool, every pixel that the lesions of the one and of the other change.
    without: (n, 2, 128, 128, 3) uint8, the image drawn again without the lesions of the one, and of the other.
    """

    images: np.ndarray
    labels: np.ndarray
    lesion_masks: np.ndarray
    without: np.ndarray = field(repr=False)

    class_names = CLASSES

    def __len__(self):
        return len(self.images)

    def __repr__(self):
        return f"RashPairs({len(self)} images with two diseases each)"


def make_pairs(n, seed=0):
    """Returns `RashPairs`: `n` images, each with the lesions of two diseases on two halves of one skin.

    n: number of images, at least 1. Every pair of the five diseases comes up equally often, as far as n allows. Which half is
    whose, and which way the image is halved, is drawn. seed: 0 or more. A lesion whose centre is on its half is drawn
    whole, so it may reach over the middle.
    """
    n, seed = whole_number(n, "n"), whole_number(seed, "seed", 0)
    both = [(a, b) for a in _DISEASES for b in _DISEASES if a < b]
    rows = [_pair(seed, i, both[i % len(both)]) for i in range(n)]
    images, labels, masks, without = (np.stack(parts) for parts in zip(*rows, strict=True))
    return RashPairs(images, labels, masks, without)


def _pair(seed, index, labels):
    """Returns image, labels (2,), masks (2, ...) and the images without the one and without the other."""
    skin, choices = draw_skin(generator("pairs", seed, index, 0)), generator("pairs", seed, index, 1)
    labels, turn = choices.permutation(labels), choices.uniform(0, 2 * np.pi)
    one, other = (_half(seed, index, layer, skin, label, turn + layer * np.pi) for layer, label in enumerate(labels))
    develop_with = [develop(light_up(skin, layers), skin.noise) for layers in (laid_over(one, other), other, one)]
    return develop_with[0], labels, np.stack([changed_by(one), changed_by(other)]), np.stack(develop_with[1:])


def _half(seed, index, layer, skin, label, turn):
    """Returns the `Lesions` of a disease whose centres lie on the half that the angle `turn` points to."""
    for attempt in range(_ATTEMPTS):
        stamps = FORMS[CLASSES[label]](generator("pairs", seed, index, 2 + layer, attempt), skin.albedo.mean(axis=(1, 2)))
        away = (stamps.patches.centres - 64) @ np.array([np.sin(turn), np.cos(turn)])
        layers = lay(stamps, away > 0)
        if changed_by(layers).sum() > 100:
            return layers
    raise RuntimeError(f"{CLASSES[label]} came out without a lesion on its half {_ATTEMPTS} times.")
