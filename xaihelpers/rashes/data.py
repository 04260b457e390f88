"""`RashData`: images with the masks of what is true about them, and the same images drawn again in part."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from .._progress import progress_bar
from .._validation import one_of, whole_number
from .artefacts import ARTEFACTS
from .draw import Sketch, draw, draw_plain, generator
from .lesions import CLASSES
from .skin import TONES


class Removed(NamedTuple):
    """One image without one of its k visible lesions each.

    images: (k, 128, 128, 3) uint8; skin, hair, noise and all other lesions are the same to the byte.
    changed: (k, 128, 128) bool, the pixels in which each differs from the image. numbers: (k,), which lesion each is without.
    """

    images: np.ndarray
    changed: np.ndarray
    numbers: np.ndarray


@dataclass(frozen=True, eq=False)
class RashData:
    """Drawn images and what is known of them. `len(data)`, and `data[which]` for some of them.

    images: (n, 128, 128, 3) uint8, RGB.
    labels: (n,) int, the index into `class_names`.
    lesion_masks: (n, 128, 128) bool, every pixel that a visible lesion changes, its soft halo included: the evidence.
    artefact_masks: (n, 128, 128) bool, every pixel that a sticker or ruler or its shadow changes.
    tones: (n,) int, the skin's tone, 0 (lightest) to 9 (darkest).
    class_names: the six classes, in the order of the labels.
    split, seed, indices, artefacts: what an image is drawn again from; `artefacts` (n,) holds "", "sticker" or "ruler".
    """

    images: np.ndarray
    labels: np.ndarray
    lesion_masks: np.ndarray
    artefact_masks: np.ndarray
    tones: np.ndarray
    split: str
    seed: int
    indices: np.ndarray
    artefacts: np.ndarray

    class_names = CLASSES

    def __len__(self):
        return len(self.images)

    def __getitem__(self, which):
        """Returns the chosen images as `RashData`; `which` is a slice, an array of indices or a mask of booleans."""
        if np.ndim(which) == 0 and not isinstance(which, slice):
            which = [which]
        arrays = ("images", "labels", "lesion_masks", "artefact_masks", "tones", "indices", "artefacts")
        return replace(self, **{name: getattr(self, name)[which] for name in arrays})

    def __repr__(self):
        counts = np.bincount(self.labels, minlength=len(CLASSES))
        listed = ", ".join(f"{count} {name}" for name, count in zip(CLASSES, counts, strict=True))
        return f"RashData({len(self)} images of the {self.split} split, seed {self.seed}: {listed})"

    def without_artefact(self):
        """Returns the same images drawn again without sticker or ruler."""
        return self._with("")

    def with_artefact(self, artefact="sticker"):
        """Returns the same images drawn again, each with the artefact: "sticker" or "ruler"."""
        if artefact not in ARTEFACTS:
            raise ValueError(f"artefact is {artefact!r}: choose {' or '.join(map(repr, ARTEFACTS))}.")
        return self._with(artefact)

    def _with(self, artefact):
        return draw_data(self.split, self.seed, self.indices, self.labels, np.full(len(self), artefact))

    def sketch(self, number):
        """Returns the `Sketch` of one image, from which it is drawn again with some of its lesions: `.drawn(keep)`."""
        number = whole_number(number, "number", 0)
        if number >= len(self):
            raise ValueError(f"There is no image {number}: the numbers go from 0 to {len(self) - 1}.")
        label, artefact = int(self.labels[number]), self.artefacts[number] or None
        return Sketch(self.split, self.seed, int(self.indices[number]), label, artefact)

    def without_each_lesion(self, number):
        """Returns `Removed`: one image drawn again without one of its lesions, for each of them.

        Lesions that change no pixel (they lie beyond the border, or under others) are left out; healthy skin has none.
        """
        sketch, image = self.sketch(number), self.images[number]
        drawn = [sketch.drawn([j for j in range(len(sketch)) if j != k]).image for k in range(len(sketch))]
        images = np.array(drawn, np.uint8).reshape(-1, *image.shape)
        changed = (images != image).any(axis=-1)
        visible = np.flatnonzero(changed.any(axis=(1, 2)))
        return Removed(images[visible], changed[visible], visible)

    def without_lesions(self):
        """Returns the same skin drawn again without lesions; every label is then "healthy"."""
        images = self.images.copy()
        for i in np.flatnonzero(self.lesion_masks.any(axis=(1, 2))):
            images[i] = draw(
                self.split, self.seed, int(self.indices[i]), int(self.labels[i]), self.artefacts[i] or None, lesions=False
            ).image
        labels = np.full_like(self.labels, CLASSES.index("healthy"))
        return replace(self, images=images, labels=labels, lesion_masks=np.zeros_like(self.lesion_masks))


def draw_data(split, seed, indices, labels, artefacts, progress=False):
    """Returns the `RashData` of the given image numbers, labels and artefacts; `progress` shows a bar."""
    rows = progress_bar(zip(indices, labels, artefacts, strict=True), "drawing", "image", total=len(indices), shown=progress)
    drawn = [draw(split, seed, int(index), int(label), artefact or None) for index, label, artefact in rows]
    images, lesion_masks, artefact_masks, tones = (np.stack(parts) for parts in zip(*drawn, strict=True))
    return RashData(
        images, np.asarray(labels), lesion_masks, artefact_masks, tones, split, seed, np.asarray(indices), np.asarray(artefacts)
    )


def repaint(data, where="outside", seed=0):
    """Returns `RashData` in which one side of every lesion mask is painted over; the other side keeps its bytes.

    where: "outside" puts other skin, of another tone, wherever there is no lesion: a classifier that looks at lesions
        still sees the same class. "inside" puts back the skin that the lesions were drawn on, as if they had never
        been there: the labels become "healthy", the masks empty.
    seed: which other skin.
    Raises ValueError for any other `where`.
    """
    if not isinstance(data, RashData):
        raise TypeError(f"repaint got {type(data).__name__}: give what make_rashes or load_test_split returned.")
    one_of(where, "where", ("outside", "inside"), " (of the lesion masks)")
    if where == "inside":
        plain = data.without_lesions()
        mask = data.lesion_masks[..., None]
        return replace(plain, images=np.where(mask, plain.images, data.images))
    steps = generator("repaint", whole_number(seed, "seed", 0)).integers(1, len(TONES), len(data))
    tones = (data.tones + steps) % len(TONES)  # any tone but its own
    other = np.stack([draw_plain("repaint", seed, i, tone) for i, tone in enumerate(tones)])
    images = np.where(data.lesion_masks[..., None], data.images, other)
    return replace(data, images=images, tones=tones, artefact_masks=data.artefact_masks & data.lesion_masks)
