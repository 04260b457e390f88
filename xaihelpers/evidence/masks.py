"""Masks of the objects in the course's photographs: polygons that were drawn by hand and looked at over the photographs."""

import json
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from .._validation import one_of
from ..images import photo_names, sample_photo

_FILE = Path(__file__).parents[1] / "data" / "photo-masks.json"


def object_masks(
    photo: str,
    size: int | None = None,
) -> dict[str, np.ndarray]:
    """Return {object: mask} of a sample photograph, such as {"cat": ...} for "chelsea"; True where the object is.

    photo: one of `photo_names()`. size: as in `sample_photo`: the masks fit `sample_photo(photo, size)`, (size, size) bool; None:
    (H, W) of the whole photograph. Objects may lie in each other ("face" in "person"). data/README.md says how they were made.
    """
    one_of(photo, "photo", tuple(photo_names()))
    height, width = sample_photo(photo).shape[:2]
    masks = {name: _drawn(polygons, (width, height)) for name, polygons in _polygons()[photo].items()}
    if size is None:
        return {name: np.asarray(mask) > 127 for name, mask in masks.items()}
    edge = min(width, height)
    left, top = (width - edge) // 2, (height - edge) // 2
    box = (left, top, left + edge, top + edge)
    return {name: np.asarray(mask.resize((size, size), Image.Resampling.BILINEAR, box=box)) > 127 for name, mask in masks.items()}


@cache
def _polygons():
    """Return {photo: {object: [polygon]}}, a polygon [(x, y)] in pixels of the whole photograph."""
    return json.loads(_FILE.read_text(encoding="utf-8"))


def _drawn(polygons, size):
    mask = Image.new("L", size, 0)
    for polygon in polygons:
        ImageDraw.Draw(mask).polygon([tuple(point) for point in polygon], fill=255)
    return mask
