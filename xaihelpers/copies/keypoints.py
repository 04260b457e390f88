"""Key points of a small grey picture (SIFT, Lowe 2004), and the turn, scale and shift that carries one picture to another.

Points are complex numbers, row + 1j * column, so that a turn with a scale is one factor: z -> factor * z + shift. A mirrored
picture has the conjugate points, and its descriptors are the same numbers in another order.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

EDGE = 128  # pixels of the longer edge
_FEW, _MOST = 40, 200  # key points, the largest first: they outlast noise and a smaller size
_NEAR = 4.0  # pixels: a point carried over that lands so near to its partner agrees
_PAD = 8  # pixels, mirrored at the edge, so that key points near it are found
_FLAT = 3.0  # of 255: a patch of 5 x 5 pixels that differs less is filled with one colour
# Place of each number of a descriptor (4 x 4 squares, 8 directions) in that of the mirrored picture.
_MIRRORED = np.arange(128).reshape(4, 4, 8)[:, ::-1][:, :, [0, 7, 6, 5, 4, 3, 2, 1]].ravel()


@dataclass(frozen=True)
class Points:
    """Key points: places (K,) complex, sizes (K,) pixels, directions (K,) radians, counts (K, 128) uint8, as SIFT has them."""

    places: np.ndarray
    sizes: np.ndarray
    directions: np.ndarray
    counts: np.ndarray  # of thousands of images these are held in memory: a byte each

    @property
    def descriptors(self):
        """The descriptors (K, 128) float32, of length 1 (RootSIFT: Arandjelovic and Zisserman 2012)."""
        roots = np.sqrt(self.counts.astype(np.float32))
        return roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-6)

    def mirrored(self):
        """Return the key points of the picture seen in a mirror (left and right exchanged)."""
        return Points(self.places.conj(), self.sizes, -self.directions, self.counts[:, _MIRRORED])


@dataclass(frozen=True)
class Placement:
    """How one picture lies on another: z -> factor * z + shift, after the mirror if `mirror`; `agreeing` points say so."""

    factor: complex
    shift: complex
    agreeing: int
    mirror: bool = False


def grey(image):
    """Return (picture (h, w) float32, content (h, w) bool) of an image (H, W, 3): small, grey, mean 0.5, of one contrast.

    content: False where the frame is filled with one colour, as the corners are after a turn: all such fillings look alike.
    """
    picture = Image.fromarray(image).convert("L")
    scale = EDGE / max(picture.size)
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    values = np.asarray(picture.resize([max(8, round(edge * scale)) for edge in picture.size], how), np.float32)
    content = ~_filled(values)
    if content.sum() < 64:
        content[:] = True
    seen = values[content]
    return np.where(content, np.clip(0.5 + 0.2 * (values - seen.mean()) / max(seen.std(), 1.0), 0, 1), 0.5), content


def _filled(values):
    """Return where a grey picture is of one colour, up to its edge, bool."""
    flat = ndimage.maximum_filter(values, 5) - ndimage.minimum_filter(values, 5) <= _FLAT
    parts, _ = ndimage.label(flat)
    rim = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    filled = np.isin(parts, np.setdiff1d(np.unique(rim), 0))
    return ndimage.binary_dilation(filled, iterations=3) if filled.any() else filled


def key_points(picture, content):
    """Return the `Points` of a grey picture from `grey`; a smooth one is searched for weaker and smaller ones too."""
    found = _sift(picture, content, upsampling=1, c_dog=0.004)
    return found if len(found.places) >= _FEW else _sift(picture, content, upsampling=2, c_dog=0.001)


def _sift(picture, content, **options):
    from skimage.feature import SIFT

    sift, padded = SIFT(**options), np.pad(picture, _PAD, mode="reflect")
    nothing = Points(np.zeros(0, complex), np.zeros(0), np.zeros(0), np.zeros((0, 128), np.uint8))
    try:
        sift.detect(padded)
    except RuntimeError:  # what scikit-image says of a picture without any
        return nothing
    room = np.pad(ndimage.distance_transform_edt(content) if not content.all() else content * 1e3, _PAD, mode="reflect")
    row, column = (np.clip(np.rint(sift.positions[:, k]).astype(int), 0, padded.shape[k] - 1) for k in (0, 1))
    order = np.argsort(-sift.sigmas, kind="stable")
    order = order[room[row, column][order] > 2 * sift.sigmas[order]][:_MOST]
    if not len(order):
        return nothing
    # Described is only what is kept: noise has thousands of points, and describing them is most of the work.
    for name in ("keypoints", "positions", "sigmas", "scales", "octaves", "orientations"):
        setattr(sift, name, getattr(sift, name)[order])
    # scikit-image's directions are half a bin too large, always; in a mirror that would not cancel.
    sift.orientations = sift.orientations - np.pi / sift.n_bins
    sift.extract(padded)
    places = sift.positions - _PAD
    return Points(places[:, 0] + 1j * places[:, 1], sift.sigmas, sift.orientations, sift.descriptors)


def placement(one, other):
    """Return the `Placement` of picture `one` on picture `other` on which most pairs of like points agree, or None.

    Every pair proposes one by itself, from its two sizes and directions; the best is fitted to all that agree with it.
    """
    if len(one.places) < 3 or len(other.places) < 3:
        return None
    likeness = one.descriptors @ other.descriptors.T
    partner = likeness.argmax(axis=1)
    ordered = np.partition(likeness, -2, axis=1)
    distance = np.sqrt(np.maximum(2 - 2 * ordered[:, -2:], 1e-9))
    sure = distance[:, 1] < 0.85 * distance[:, 0]  # clearly nearer than the second nearest: Lowe's test
    a, b = np.flatnonzero(sure), partner[sure]
    if len(a) < 3:
        return None
    start, end = one.places[a], other.places[b]
    factor = other.sizes[b] / one.sizes[a] * np.exp(1j * (other.directions[b] - one.directions[a]))
    carried = end[:, None] + factor[:, None] * (start[None] - start[:, None])
    agree = np.abs(carried - end[None]) < _NEAR
    best = agree[agree.sum(axis=1).argmax()]
    distinct = min(len(set(a[best])), len(set(b[best])))
    if distinct < 3:
        return None
    line = np.stack([start[best], np.ones(best.sum())], axis=1)
    (factor, shift), *_ = np.linalg.lstsq(line, end[best], rcond=None)
    return Placement(factor, shift, distinct)
