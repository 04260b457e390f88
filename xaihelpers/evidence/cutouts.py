"""Composites: an object cut out of one photograph, on a piece of another. Its evidence is known: the background has none.

The mask is exact: a pixel outside it is the background's, to the bit. Edges are blended inside the mask only.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from .._validation import whole_number
from ..images import sample_photo
from .masks import object_masks

EDGE = 224  # pixels of a composite

# object: (photograph, names under which ImageNet networks know it)
OBJECTS = {
    "cat": ("chelsea", ("Egyptian_cat", "tabby", "tiger_cat")),
    "cup": ("coffee", ("espresso", "cup", "coffee_mug")),
    "cup and saucer": ("coffee", ("espresso", "cup", "coffee_mug")),
    "tripod": ("camera", ("tripod",)),
    "motorcycle": ("motorcycle", ("moped", "motor_scooter")),
    "space shuttle": ("astronaut", ("space_shuttle", "missile", "projectile")),
    "helmet": ("astronaut", ("football_helmet", "crash_helmet")),
    "pavilion": ("china", ("bell_cote", "palace", "stupa", "monastery")),
}
# background: (photograph, (left, top, right, bottom) in its pixels): a piece without any of the objects
BACKGROUNDS = {
    "lake": ("china", (358, 0, 640, 282)),
    "leaves": ("flower", (452, 0, 640, 188)),
    "table": ("coffee", (490, 100, 600, 210)),
    "field": ("camera", (345, 150, 512, 317)),
    "wall": ("astronaut", (302, 10, 376, 84)),
    "night sky": ("rocket", (350, 20, 440, 110)),
    "floor": ("motorcycle", (0, 400, 100, 500)),
    "grass": (None, "grass"),
    "gravel": (None, "gravel"),
}
_IN_VAIN = 256  # composites, one after the other, that bring nothing before the rest is given up


@dataclass(frozen=True)
class Composites:
    """N pictures whose evidence is known.

    images: (N, 224, 224, 3) uint8. masks: (N, K, 224, 224) bool, the K objects of each. objects: N tuples of K names.
    targets: (N, K): the class that the network takes each object for. removed: (N, K, 224, 224, 3) uint8: the same picture
    without that object. backgrounds: N names.
    """

    images: np.ndarray
    masks: np.ndarray
    objects: list
    targets: np.ndarray
    removed: np.ndarray
    backgrounds: list

    def __len__(self):
        return len(self.images)


def composites(
    seed: int = 0,
    n: int = 60,
    *,
    objects: int = 1,
    classifier: Any = None,
) -> Composites:
    """Return `n` `Composites`: objects cut out of the course's photographs on pieces of others, which the network recognises.

    seed: of objects, backgrounds, places and sizes; the same gives the same pictures. objects: 1 or 2 in each picture.
    classifier: whose opinion counts, with ImageNet's classes; None is EfficientNet-Lite0. With one object a picture is kept
    if the most probable class is one of the object's names (`OBJECTS`); with two, if each has one among the five most probable.
    Raises ValueError where the classifier recognises too few.
    """
    n, seed, objects = whole_number(n, "n"), whole_number(seed, "seed", 0), whole_number(objects, "objects", 1, 2)
    if classifier is not None and not hasattr(classifier, "probabilities"):
        raise TypeError(f"composites got {type(classifier).__name__}: wrap the model first, Classifier(model, ...).")
    own = (EDGE, EDGE, 3)
    shape = tuple(getattr(classifier, "input_shape", own))
    if any(edge not in (None, have) for edge, have in zip(shape, own)):
        raise ValueError(
            f"Composites are {EDGE} x {EDGE} pixels, and the classifier takes {shape}: give one for images of that size, or "
            "leave it out."
        )
    if classifier is None:
        from ..zoo import load_classifier

        classifier = load_classifier("efficientnet-lite0")
    rng, kept, tried, last = np.random.default_rng([seed, objects]), [], 0, 0
    # Not so many in all: whoever asks for as many as were recognised gets them.
    while len(kept) < n and tried - last < _IN_VAIN:
        drawn = [_draw(rng, objects) for _ in range(32)]
        answers = classifier.probabilities(np.stack([each[0] for each in drawn]))
        tried += len(drawn)
        for each, answer in zip(drawn, answers):
            targets = [_taken_for(name, answer, classifier.class_names, objects) for name in each[2]]
            if None not in targets and len(kept) < n:
                kept.append((*each, targets))
                last = tried
    if not kept:
        raise ValueError(
            f"The classifier recognised none of {tried} composites: give one with ImageNet's class names, or leave it out."
        )
    if len(kept) < n:
        raise ValueError(f"The classifier recognised {len(kept)} of {tried} composites: ask for {len(kept)} or fewer, not {n}.")
    images, masks, names, removed, backgrounds, targets = zip(*kept)
    return Composites(np.stack(images), np.stack(masks), list(names), np.array(targets), np.stack(removed), list(backgrounds))


def _draw(rng, k):
    """Return (image, masks (K, H, W), names, removed (K, H, W, 3), background) of one picture with k objects."""
    names = _choose(rng, k)
    used = {OBJECTS[name][0] for name in names}
    free = [name for name, (photo, _) in BACKGROUNDS.items() if photo not in used]
    background = free[rng.integers(len(free))]
    empty = _background(background, rng)
    layers = [_placed(name, half, rng) for name, half in zip(names, _halves(k, rng))]
    image, masks = empty, np.zeros((k, EDGE, EDGE), bool)
    for i, (colours, alpha) in enumerate(layers):
        image = _laid_over(image, colours, alpha)
        masks[: i + 1] &= alpha == 0  # what comes later hides what was there
        masks[i] = alpha > 0
    removed = []
    for i in range(k):
        without = empty
        for j, (colours, alpha) in enumerate(layers):
            without = without if i == j else _laid_over(without, colours, alpha)
        removed.append(without)
    return image, masks, names, np.stack(removed), background


def _choose(rng, k):
    """Return k names of objects that no network would mistake for each other."""
    while True:
        names = tuple(rng.choice(list(OBJECTS), k, replace=False).tolist())
        if len({OBJECTS[name][0] for name in names}) == k:
            return names


def _halves(k, rng):
    """Return the part of the picture, (left, right) as shares, that each object has to itself."""
    if k == 1:
        return [(0.0, 1.0)]
    return [(0.0, 0.5), (0.5, 1.0)] if rng.random() < 0.5 else [(0.5, 1.0), (0.0, 0.5)]


def _background(name, rng):
    photo, place = BACKGROUNDS[name]
    if photo is None:
        import skimage.data

        piece = np.stack([getattr(skimage.data, place)()] * 3, axis=-1)
        left, top = rng.integers(0, piece.shape[1] - 256), rng.integers(0, piece.shape[0] - 256)
        piece = piece[top : top + 256, left : left + 256]
    else:
        left, top, right, bottom = place
        piece = _photograph(photo)[top:bottom, left:right]
    piece = piece[:, ::-1] if rng.random() < 0.5 else piece
    return np.asarray(Image.fromarray(np.ascontiguousarray(piece)).resize((EDGE, EDGE), Image.Resampling.BICUBIC))


def _placed(name, part, rng):
    """Return (colours (H, W, 3), alpha (H, W) 0 to 1) of an object at a random place and size in a part of the picture."""
    cut, mask = _cut_out(name)
    left, right = (round(share * EDGE) for share in part)
    room = (EDGE, right - left)  # height, width
    scale = min(room[0] / cut.shape[0], room[1] / cut.shape[1]) * rng.uniform(0.65, 0.98)
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    cut = np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC))
    mask = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.BILINEAR))
    top, beside = rng.integers(0, room[0] - size[1] + 1), left + rng.integers(0, room[1] - size[0] + 1)
    colours, alpha = np.zeros((EDGE, EDGE, 3), np.uint8), np.zeros((EDGE, EDGE))
    place = (slice(top, top + size[1]), slice(beside, beside + size[0]))
    colours[place], alpha[place] = cut, _blended(mask)
    return colours, alpha


# A photograph is read and its masks are drawn once, since sixty composites are chosen from hundreds.
@cache
def _photograph(name):
    return sample_photo(name)


@cache
def _cut_out(name):
    """Return (colours (H, W, 3), mask (H, W)) of an object in its photograph, no larger than it is."""
    photo, _ = OBJECTS[name]
    mask = object_masks(photo)[name]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return _photograph(photo)[box], mask[box]


def _blended(mask):
    """Return the opacity of a cut-out, 0 to 1: 0 outside the mask, and growing over three pixels inside it."""
    within = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return np.clip(within / 3, 0, 1)


def _laid_over(image, colours, alpha):
    mixed = alpha[..., None] * colours + (1 - alpha[..., None]) * image
    return np.where(alpha[..., None] > 0, np.rint(mixed), image).astype(np.uint8)


def _taken_for(name, answer, class_names, objects):
    """Return the index of the object's name that the network gives, or None where it doesn't recognise the object."""
    among = np.argsort(-answer)[: 1 if objects == 1 else 5]
    known = [int(i) for i in among if class_names[i] in OBJECTS[name][1]]
    return known[0] if known else None
