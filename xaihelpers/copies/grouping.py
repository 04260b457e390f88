"""Families: which of many images come from one photograph."""

import dataclasses
import hashlib

import numpy as np

from .._progress import progress_bar
from .agreement import agreement, correlation, details
from .keypoints import grey, key_points, placement
from .neighbours import alike, small

# Two pictures are one when so many key points agree on how one lies on the other, and what they show does. Of 3,000 pairs of
# different images, drawn and photographed, none had more than five such points.
_POINTS, _MANY_POINTS = 5, 8
_CORRELATION, _LITTLE = 0.7, 0.4
_OVERLAP = 0.35
_SAME_FRAME = 0.85  # correlation of what both show, without any shift, as they are, turned by quarters or mirrored


def families(images, *, altered=True, thorough=True, progress=False):
    """Return the family of each image, (N,) int64 from 0, in the order of each family's first member.

    images: N images (H, W, 3) uint8, of any sizes, something that can be gone through; N can be several thousand (about
        30 ms an image on one core). thorough: False for tens of thousands: finds what fills the same frame (not crops, nor
        turns other than by quarters), and keeps little of each image in memory. altered: False for what is the same to the bit.
    Two images are of one family when one is the other turned, flipped, cropped (to two thirds of an edge or more), brighter,
    darker, noisier, smaller, or stored in another way; so are all that hang together through such pairs.
    """
    if not altered:
        return np.unique([_print(image) for image in images], return_inverse=True)[1]
    pictures = _Pictures(images, thorough, progress)
    for i, j in pictures.equal_pairs():
        pictures.join(i, j)
    for i, j in alike(pictures.points if thorough else None, pictures.small):
        if pictures.family(i) != pictures.family(j) and pictures.same(i, j):
            pictures.join(i, j)
    roots = [pictures.family(i) for i in range(len(images))]
    number = {root: k for k, root in enumerate(dict.fromkeys(roots))}
    return np.array([number[root] for root in roots], dtype=np.int64)


class _Pictures:
    """What is compared of every image, and which of them have been found to belong together."""

    def __init__(self, images, thorough, progress):
        self._parent = list(range(len(images)))
        self._prints, self.points, self.small, self._details = [], [], [], []
        for image in progress_bar(images, "looking for copies", "image", total=len(images), shown=progress):
            self._prints.append(_print(image))
            picture, content = grey(image)
            shows = details(picture, content)
            self.small.append(small(shows))
            if thorough:
                self.points.append(key_points(picture, content))
                self._details.append(shows.astype(np.float16))

    def equal_pairs(self):
        """Yield (first, other) of images that are the same to the bit."""
        seen = {}
        for i, each in enumerate(self._prints):
            first = seen.setdefault(each, i)
            if first != i:
                yield first, i

    def family(self, i):
        """Return the first member of the family of image i (a forest with path halving)."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i, j):
        first, second = sorted([self.family(i), self.family(j)])
        self._parent[second] = first

    def same(self, i, j):
        """Return whether two images come from one photograph."""
        if any(correlation(turned, self.small[j]) >= _SAME_FRAME for turned in eight_ways(self.small[i])):
            return True
        if not self.points:
            return False
        return self._lies_on(i, j, mirror=False) or self._lies_on(i, j, mirror=True)

    def _lies_on(self, i, j, mirror):
        """Return whether image i, turned, enlarged and shifted, or mirrored first, shows what image j does."""
        placed = placement(self.points[i].mirrored() if mirror else self.points[i], self.points[j])
        if placed is None or placed.agreeing < _POINTS or not 0.25 < abs(placed.factor) < 4:
            return False
        placed = dataclasses.replace(placed, mirror=mirror)
        agreed, overlap = agreement(*(self._details[k].astype(np.float32) for k in (i, j)), placed)
        return overlap >= _OVERLAP and agreed >= (_LITTLE if placed.agreeing >= _MANY_POINTS else _CORRELATION)


def _print(image):
    """Return what tells an image from every other that is not the same to the bit."""
    return hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).hexdigest()


def eight_ways(picture):
    """Yield a square picture turned by 0, 90, 180 and 270 degrees, as it is and mirrored."""
    for turns in range(4):
        turned = np.rot90(picture, turns)
        yield turned
        yield turned[:, ::-1]
