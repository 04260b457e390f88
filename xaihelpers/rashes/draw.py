"""One image from its seed: skin, then lesions, then an artefact, each from a generator of its own."""

from typing import NamedTuple

import numpy as np

from .artefacts import ARTEFACTS
from .lesions import CLASSES, FORMS
from .light import changed_by, develop, light_up
from .patches import lay
from .skin import draw_skin

# The first word of every seed. `make_rashes` only ever draws with the word of "train", so no seed that it is given can
# lead to an image of the test split.
SPLITS = {"train": 0x7472_6169, "test": 0x7465_7374, "repaint": 0x7265_7061, "pairs": 0x7061_6972}
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
    return Sketch(split, seed, index, label, artefact).drawn(None if lesions else ())


class Sketch:
    """One image before it is developed: its skin, its lesions, its artefact, each still on a layer of its own.

    stamps: the lesions, one by one; None for healthy skin. mask: `(128, 128)` bool, what all of them change.
    """

    def __init__(self, split, seed, index, label, artefact=None):
        skin_rng, lesion_rng, artefact_rng = (generator(split, seed, index, layer) for layer in range(len(_LAYERS)))
        self.skin, form = draw_skin(skin_rng), FORMS[CLASSES[label]]
        self.stamps = None if form is None else form(lesion_rng, self.skin.albedo.mean(axis=(1, 2)))
        self.mask = np.zeros(self.skin.hair.shape, bool) if form is None else changed_by(lay(self.stamps))
        # Where it goes depends on all lesions, whichever are drawn in the end.
        self._artefact = None if artefact is None else ARTEFACTS[artefact](artefact_rng, self.mask)

    def __len__(self):
        """How many lesions there are."""
        return 0 if self.stamps is None else len(self.stamps.patches.centres)

    def drawn(self, keep=None):
        """Returns the `Drawn` image with some of its lesions: their numbers, an iterable; None for all of them."""
        chosen = np.ones(len(self), bool) if keep is None else np.isin(np.arange(len(self)), list(keep))
        layers = lay(self.stamps, chosen) if chosen.any() else None
        mask = np.zeros_like(self.mask) if layers is None else changed_by(layers)
        lit, covered, thing = light_up(self.skin, layers), np.zeros_like(mask), self._artefact
        if thing is not None:
            lit = lit * (1 - thing.opacity) + thing.colour * thing.opacity
            covered = thing.opacity > 0
            mask = mask & (thing.opacity < 1)  # a lesion that cannot be seen is no evidence
        return Drawn(develop(lit, self.skin.noise), mask, covered, self.skin.tone)


def draw_plain(split, seed, index, tone):
    """Returns plain skin `(128, 128, 3)` uint8 of the given tone, with nothing on it."""
    skin = draw_skin(generator(split, seed, index, 0), tone)
    return develop(light_up(skin), skin.noise)
