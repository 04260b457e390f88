"""Superpixels, for LIME and anchors: cut an image into patches, cover some of them, ask the network what it sees."""

import inspect

import numpy as np

from ..._validation import as_array, shown
from ...images import as_rgb
from .contract import whole_number


def segment(image, how="slic", n_segments=50):
    """Return a label for every pixel, (H, W) int: the superpixels 0, 1, ..., K - 1.

    image: (H, W, 3), 0 to 255.
    how: "slic" (compact, of similar size), "felzenszwalb" or "quickshift" (follow edges, of any form), "grid" (squares
        that ignore the image), labels of your own (H, W), which are renumbered from 0, or a function image -> labels.
    n_segments: about how many; the image decides how many it becomes. Your own labels ignore it.
    Raises ValueError in one sentence for labels that are not one whole number a pixel, or for a single superpixel.
    """
    n_segments = whole_number(n_segments, "n_segments", 2)
    if isinstance(how, str):
        if how not in SEGMENTATIONS:
            there_are = ", ".join(SEGMENTATIONS)
            raise ValueError(f"There is no segmentation {shown(how)}: choose from {there_are}, or give labels (H, W).")
        # scikit-image wants floats from 0 to 1; on floats up to 255 its colour conversion gives nonsense without a word.
        labels = SEGMENTATIONS[how](np.clip(np.asarray(as_rgb(image), dtype=np.float64) / 255, 0, 1), n_segments)
    else:
        labels = _by_function(how, image) if callable(how) else how
    return check_labels(labels, np.shape(image)[:2])


def _by_function(function, image):
    """Return the labels that a function of the learner's own gives; TypeError where it takes no image."""
    try:
        inspect.signature(function).bind(image)
    except TypeError:
        raise TypeError(f"segments takes {inspect.signature(function)}: expected a function of one image.") from None
    except ValueError:  # some built-in functions do not say what they take
        pass
    return function(np.array(image))


def check_labels(labels, shape):
    """Return labels renumbered 0, 1, ..., K - 1, or say in one sentence why they are no segmentation of (H, W) pixels."""
    labels = as_array(labels, "segments")
    if labels.shape != tuple(shape):
        raise ValueError(f"The segments have shape {labels.shape} and the image {tuple(shape)}: give one label a pixel.")
    if labels.dtype == object or not np.issubdtype(labels.dtype, np.number) or not (labels == np.floor(labels)).all():
        raise ValueError(f"The segments are {labels.dtype}, not whole numbers: give one label a pixel, 0, 1, 2, ...")
    found, renumbered = np.unique(labels, return_inverse=True)
    if len(found) < 2:
        raise ValueError("There is a single superpixel, so there is nothing to compare: ask for more, or use segments='grid'.")
    return renumbered.reshape(labels.shape)


def _slic(image, n):
    from skimage.segmentation import slic

    return slic(image, n_segments=n, compactness=10, start_label=0)


def _felzenszwalb(image, n):
    from skimage.segmentation import felzenszwalb

    # Its own scale says little about how many there will be; the smallest size allowed does.
    return felzenszwalb(image, scale=1, sigma=0.8, min_size=max(1, image[..., 0].size // (3 * n)))


def _quickshift(image, n):
    from skimage.segmentation import quickshift

    edge = np.sqrt(image[..., 0].size / n)  # of one superpixel, in pixels
    return quickshift(image, kernel_size=max(1.0, edge / 8), max_dist=0.75 * edge, ratio=0.5)


def _grid(image, n):
    height, width = image.shape[:2]
    rows = int(np.clip(round(np.sqrt(n * height / width)), 1, height))
    columns = int(np.clip(round(n / rows), 1, width))
    return (np.arange(height) * rows // height)[:, None] * columns + np.arange(width) * columns // width


SEGMENTATIONS = {"slic": _slic, "felzenszwalb": _felzenszwalb, "quickshift": _quickshift, "grid": _grid}


def cover(image, filled, segments, present):
    """Return N images, (N, H, W, 3) float32: the image where a superpixel is present, `filled` where it is not.

    filled: (H, W, 3), or one for each of the N. present: (N, K) of 0 and 1.
    """
    each = np.arange(len(present)) if np.ndim(filled) == 4 and len(filled) > 1 else None
    return next(covered(image, filled, segments, present, len(present), each))[1]


def covered(image, filled, segments, present, batch_size=32, backdrop=None):
    """Yield (which, images (n, H, W, 3)) in batches, so that memory does not grow with the number of rows in `present`.

    filled: (H, W, 3), or (M, H, W, 3) with `backdrop` (N,): which of the M shows through in each image. The array of
    images is used again for the next batch.
    """
    n, channels = len(present), np.shape(image)[-1]
    flat, behind = np.float32(image).reshape(-1), np.float32(filled).reshape(-1, np.size(image))
    present = np.asarray(present, dtype=bool)
    of_numbers = np.repeat(np.ravel(segments), channels)  # the superpixel of every number of an image
    images = np.empty((min(batch_size, n), *np.shape(image)), dtype=np.float32)
    for start in range(0, n, batch_size):
        part = slice(start, start + batch_size)
        shown = present[part].take(of_numbers, axis=1)
        seen = images[: len(shown)]
        numbers = seen.reshape(len(seen), -1)
        np.copyto(numbers, behind[0] if backdrop is None else behind[np.asarray(backdrop)[part]])
        np.copyto(numbers, flat, where=shown)
        yield part, seen
