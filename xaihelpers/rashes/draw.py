"""One image from its seed: skin, then lesions, then an artefact, each from a generator of its own."""

from typing import NamedTuple

import numpy as np

from .artefacts import ARTEFACTS
from .lesions import CLASSES, FORMS
from .light import changed_by, develop, light_up
from .skin import draw_skin

# The first word of every seed. `make_rashes` only ever draws with the word of "train", so no seed that it is given can
# lead to an image of the test split.
SPLITS = {"train": 0x7472_6169, "test": 0x7465_7374, "repaint": 0x7265_7061}
_LAYERS = ("skin", "lesions", "artefact")


class Drawn(NamedTuple):
    """One image `(128, 128, 3)` uint8, its two masks `(128, 128)` bool, and the tone of the skin, 0 to 9."""

    image: np.ndarray
    lesion_mask: np.ndarray
    artefact_mask: np.ndarray
    tone: int


def generator(split, seed, *key):
    """Returns the random generator of one purpose: a split's word, the user's seed, then any further numbers."""
    return np.random.default_rng(np.random.SeedSequence((SPLITS[split], seed), spawn_key=key))


def draw(split, seed, index, label, artefact=None, *, lesions=True):
    """Returns the `Drawn` image number `index` of a seed, with class `label` (0 to 5) and an artefact's name or None.

    `lesions=False` leaves the lesions out and changes nothing else.
    """
    skin_rng, lesion_rng, artefact_rng = (generator(split, seed, index, layer) for layer in range(len(_LAYERS)))
    skin = draw_skin(skin_rng)
    form = FORMS[CLASSES[label]]
    mask = np.zeros(skin.hair.shape, bool)
    layers = None
    if form is not None:
        layers = form(lesion_rng, skin.albedo.mean(axis=(1, 2)))
        mask = changed_by(layers)
    lit = light_up(skin, layers if lesions else None)
    covered = np.zeros_like(mask)
    if artefact is not None:
        thing = ARTEFACTS[artefact](artefact_rng, mask)
        lit = lit * (1 - thing.opacity) + thing.colour * thing.opacity
        covered = thing.opacity > 0
        mask = mask & (thing.opacity < 1)  # a lesion that cannot be seen is no evidence
    return Drawn(develop(lit, skin.noise), mask if lesions else np.zeros_like(mask), covered, skin.tone)


def draw_plain(split, seed, index, tone):
    """Returns plain skin `(128, 128, 3)` uint8 of the given tone, with nothing on it."""
    skin = draw_skin(generator(split, seed, index, 0), tone)
    return develop(light_up(skin), skin.noise)
