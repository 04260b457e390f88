"""What stands where an image is covered, hidden or not there yet: one vocabulary for every fill, baseline and background.

| word | what is seen there |
|---|---|
| "mean" | the image's mean colour |
| "segment mean" | each superpixel's own mean colour; only for techniques that cut an image into superpixels |
| "blur" | the image, too blurred to tell what it shows: a Gaussian of an eighth of the shorter edge |
| "black", "white" | 0 and 255 |
| "noise" | a random colour for every pixel, by the technique's `seed` |
| 127, (255, 0, 0) | a grey level or a colour, 0 to 255 |
| an image (H, W, 3) | that image, 0 to 255, of the size of the one explained |

Anchors and Deep SHAP take several images (N, H, W, 3) as well.
"""

import numpy as np

from ..._validation import as_array, shown
from ...images import check_image

WORDS = ("mean", "blur", "black", "white", "noise")
OF_SEGMENTS = "segment mean"
_IN_WORDS = {"mean": "mean colour", "blur": "the image blurred", OF_SEGMENTS: "each superpixel's mean colour", "noise": "noise"}
_GREY_LEVELS = {"black": 0, "white": 255}


def fill_image(image, fill, segments=None, *, name="fill", seed=0):
    """Return what a fill shows in place of each pixel of an image, (H, W, 3) float32; see the table of this module.

    image: (H, W, 3), 0 to 255. segments: (H, W) labels from 0, for "segment mean". name: that of the parameter, for the
    error. seed: for "noise". Raises ValueError, in one sentence that lists the choices, for anything else.
    """
    if isinstance(fill, str):
        return _by_word(image, fill, segments, name, seed)
    values = as_array(fill, name)
    if values.ndim == 3:
        return _other_image(values, image, name)
    if values.dtype.kind not in "uif" or values.shape not in ((), (1,), np.shape(image)[-1:]):
        raise ValueError(_choices(fill, segments, name))
    if not ((values >= 0) & (values <= 255)).all():
        raise ValueError(_choices(fill, segments, name))
    return np.broadcast_to(values.astype(np.float32), np.shape(image))


def fill_images(image, fill, segments=None, *, name="fill", seed=0):
    """Return several images that stand in for one, (N, H, W, 3) float32: images as given, or the one of `fill_image`."""
    if isinstance(fill, str) or np.ndim(values := as_array(fill, name)) != 4:
        return fill_image(image, fill, segments, name=name, seed=seed)[None]
    if not len(values):
        raise ValueError(f"{name} has shape {values.shape}, no images: give at least one, of the size of the image explained.")
    return np.stack([_other_image(each, image, name) for each in values])


def in_words(fill):
    """Return a fill that `fill_image` takes in words, for a caption: "mean colour", "black", "grey 127"."""
    if isinstance(fill, str):
        return _IN_WORDS.get(fill, fill)
    values = np.ravel(fill)
    if np.ndim(fill) == 3:
        return "an image given"
    return f"grey {values[0]:g}" if len(values) == 1 else f"colour ({', '.join(f'{value:g}' for value in values)})"


def _other_image(other, image, name):
    if other.shape != np.shape(image):
        raise ValueError(
            f"{name} has images of shape {other.shape}: give them in the size of the image explained, {np.shape(image)}."
        )
    try:
        return check_image(other, np.shape(image))
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("The image", f"An image of {name}", 1)) from None


def _by_word(image, fill, segments, name, seed):
    if fill == "mean":
        return np.broadcast_to(np.mean(image, axis=(0, 1)), np.shape(image)).astype(np.float32)
    if fill == "blur":
        return _blurred(np.asarray(image, dtype=np.float32))
    if fill == "noise":
        return np.random.default_rng(seed).uniform(0, 255, np.shape(image)).astype(np.float32)
    if fill in _GREY_LEVELS:
        return np.full(np.shape(image), _GREY_LEVELS[fill], dtype=np.float32)
    if fill == OF_SEGMENTS and segments is not None:
        return _mean_colours(image, segments)
    raise ValueError(_choices(fill, segments, name))


def _choices(fill, segments, name):
    """Return the sentence that says what a fill may be."""
    words = ", ".join(f"'{word}'" for word in (*([OF_SEGMENTS] if segments is not None else []), *WORDS))
    return (
        f"{name} is {shown(fill)}: give {words}, a grey level or a colour from 0 to 255 such as 127 or (255, 0, 0), "
        "or an image (H, W, 3)."
    )


def _blurred(image):
    from scipy.ndimage import gaussian_filter

    width = min(image.shape[:2]) / 8
    return gaussian_filter(image, sigma=(width, width, 0), mode="nearest")


def _mean_colours(image, segments):
    """Return the image with every superpixel in its mean colour."""
    colours = np.asarray(image, dtype=np.float32).reshape(-1, np.shape(image)[-1])
    order = np.argsort(segments.ravel(), kind="stable")
    filled = np.empty_like(colours)
    for pixels in np.split(order, np.cumsum(np.bincount(segments.ravel()))[:-1]):
        # Channel by channel, as lime and alibi sum: the same rounding, so that the same seed gives the same map.
        filled[pixels] = [np.mean(colours[pixels][:, channel]) for channel in range(colours.shape[1])]
    return filled.reshape(np.shape(image))
