"""Things in a photograph that are no evidence: a sticker, a ruler. Placed where they hide least of the lesions."""

from typing import NamedTuple

import numpy as np

from .fields import SIZE

INKS = np.array([(52, 120, 196), (58, 152, 86), (236, 190, 46), (226, 112, 42), (240, 240, 236)], np.float32) / 255
_ROW, _COLUMN = np.mgrid[:SIZE, :SIZE].astype(np.float32)


class Artefact(NamedTuple):
    """A thing laid on the picture: how opaque it is `(SIZE, SIZE)`, 0 to 1, and its colour `(3, SIZE, SIZE)`."""

    opacity: np.ndarray
    colour: np.ndarray


def sticker(rng, lesion_mask):
    """Returns a round or square paper sticker with a mark on it, 18 to 28 pixels wide, and its soft shadow."""
    radius = rng.uniform(9, 14)
    y, x = _emptiest(lesion_mask, rng.uniform(radius + 2, SIZE - radius - 2, (24, 2)), radius)
    turn = rng.uniform(0, 2 * np.pi)
    across, down = _turned(y, x, turn)
    square = rng.random() < 0.5
    outline = np.maximum(abs(across), abs(down)) * 1.12 if square else np.hypot(across, down)
    mark = _mark(rng.integers(4), across, down, radius)
    ink = INKS[rng.integers(len(INKS))] * rng.uniform(0.85, 1.0)
    dark_mark = ink.mean() > 0.6
    shine = 1 + 0.10 * (across + down) / radius
    paper = ink[:, None, None] * shine * (1 - mark) + mark * (0.12 if dark_mark else 0.95)
    rim = np.clip(outline - radius + 1.8, 0, 1)
    return _with_shadow(paper * (1 - 0.18 * rim), radius - outline, rng)


def ruler(rng, lesion_mask):
    """Returns a paper ruler along the side with the fewest lesions: a strip with a tick at every 4 pixels."""
    width, slant = rng.uniform(13, 18), rng.normal(0, 0.05)
    # Each side's own lines: 0 at the edge of the image, growing inwards; the other one runs along the edge.
    sides = [(_ROW, _COLUMN), (SIZE - 1 - _ROW, _COLUMN), (_COLUMN, _ROW), (SIZE - 1 - _COLUMN, _ROW)]
    hidden = [lesion_mask[inward < width].mean() + 1e-3 * rng.random() for inward, _ in sides]
    inward, along = sides[int(np.argmin(hidden))]
    inward = inward + slant * (along - SIZE / 2)
    pitch, start = rng.uniform(3.6, 4.6), rng.uniform(0, 20)
    place = (along + start) / pitch
    length = np.where(np.round(place) % 5 == 0, 0.55, 0.3) * width
    tick = np.clip(1 - abs(place - np.round(place)) * pitch / 0.9, 0, 1) * (width - inward < length)
    paper = np.array([0.95, 0.93, 0.86], np.float32)[:, None, None] * rng.uniform(0.9, 1.0)
    return _with_shadow(paper * (1 - 0.85 * tick), width - inward, rng)


def _mark(kind, across, down, radius):
    """A cross, a ring, a bar or a dot (SIZE, SIZE), 0 to 1."""
    far = np.hypot(across, down)
    distance = {
        0: np.maximum(np.minimum(abs(across), abs(down)) - 0.14 * radius, far - 0.62 * radius),
        1: abs(far - 0.45 * radius) - 0.14 * radius,
        2: np.maximum(abs(down) - 0.18 * radius, abs(across) - 0.6 * radius),
        3: far - 0.35 * radius,
    }[int(kind)]
    return np.clip(0.5 - distance, 0, 1)


def _with_shadow(paper, inside, rng):
    """The paper where `inside` (pixels within its outline) is positive, and a shadow three pixels wide around it."""
    solid = np.clip(inside + 0.5, 0, 1)
    shadow = rng.uniform(0.2, 0.4) * np.clip(1 + inside / 3.0, 0, 1) ** 2
    opacity = solid + (1 - solid) * shadow
    colour = paper * (solid / np.maximum(opacity, 1e-6))  # the shadow itself is black
    return Artefact(opacity.astype(np.float32), np.clip(colour, 0, 1).astype(np.float32))


def _turned(y, x, angle):
    """Coordinates of every pixel about (y, x), turned by `angle`."""
    dy, dx = _ROW - np.float32(y), _COLUMN - np.float32(x)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cosine * dx + sine * dy, cosine * dy - sine * dx


def _emptiest(lesion_mask, candidates, radius):
    """The first of the candidate centres (k, 2) whose surrounding square holds the fewest lesion pixels."""
    sums = np.pad(lesion_mask.astype(np.int32), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    reach = int(np.ceil(radius)) + 3
    top, left = np.clip(np.round(candidates).astype(int) - reach, 0, SIZE).T
    bottom, right = np.clip(np.round(candidates).astype(int) + reach, 0, SIZE).T
    hidden = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return candidates[int(np.argmin(hidden))]


ARTEFACTS = {"sticker": sticker, "ruler": ruler}
