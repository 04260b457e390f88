"""Images to choose from: the course's photographs, its rash images, and what a learner uploads."""

from typing import NamedTuple

import numpy as np

from ... import images as im
from ...rashes import CLASSES, TEST_FOLDER
from ...rashes.shipped import lesions_in

LARGEST_BYTES = 20_000_000
LARGEST_PIXELS = 50_000_000
_ANY_SIZE = 224  # pixels an edge, for networks that take any size
_RASHES_A_CLASS = 3


class Source(NamedTuple):
    """One image to choose. read: returns it as it is, (H, W, 3). credit: whose it is, if that is known.

    evidence: returns the mask of what makes the class, (H, W) bool, where that is known.
    """

    name: str
    read: object
    credit: str = ""
    evidence: object = None

    def fitted(self, shape):
        """Return the image as a network takes it, (H, W, C) uint8: centre-cropped and resized. shape: (H, W, C), None for any."""
        fitted = im.fit_image(self.read(), tuple(edge or _ANY_SIZE for edge in shape[:2]))
        return im.with_channels(fitted, shape[2])

    def fitted_evidence(self, shape):
        """Return the mask as `fitted` returns the image, (H, W) bool; None where nothing is known, or there is nothing."""
        mask = None if self.evidence is None else self.evidence()
        if mask is None:
            return None
        grey = 255 * mask[..., None].astype(np.uint8)
        fitted = im.fit_image(grey, tuple(edge or _ANY_SIZE for edge in shape[:2]))[..., 0] > 127
        return fitted if fitted.any() else None


def course_images():
    """Return {label: Source}: every sample photograph, and rash images of every class with their evidence known."""
    photos = [Source(name, lambda name=name: im.sample_photo(name), im.photo_credit(name)) for name in im.photo_names()]
    files = [f"{kind}/{kind}-{number:02d}.png" for kind in CLASSES for number in range(_RASHES_A_CLASS)]
    rashes = [
        Source(
            file.split("/")[1].removesuffix(".png"),
            lambda file=file: im.load_image(TEST_FOLDER / "images" / file),
            "drawn by the course; shows no person and no disease",
            lambda file=file: lesions_in(file),
        )
        for file in files
    ]
    return {each.name: each for each in photos} | {f"rash image {each.name}": each for each in rashes}


def given_image(name, image):
    """Return the Source of an array (H, W, 3), 0 to 255."""
    checked = im.as_uint8(im.check_image(image))
    return Source(str(name), lambda: checked)


def uploaded_image(name, data):
    """Return the Source of an uploaded file; ValueError in one sentence for one that is too large, or no image."""
    refuse_large(name, data, "make it smaller first")
    try:
        im.load_image(data, max_pixels=LARGEST_PIXELS)
    except ValueError as error:
        raise ValueError(str(error).replace(f"The image of {len(data):,} bytes", name)) from None
    return Source(name, lambda: im.load_image(data, max_pixels=LARGEST_PIXELS))


def refuse_large(name, data, instead):
    """Raise ValueError for an upload that is larger than allowed. instead: what to do about it."""
    if len(data) > LARGEST_BYTES:
        raise ValueError(
            f"{name} has {len(data) / 1e6:.1f} MB, over the {LARGEST_BYTES / 1e6:.0f} MB that can be uploaded: {instead}."
        )
