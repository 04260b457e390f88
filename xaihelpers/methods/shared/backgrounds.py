"""Images that the explained one is compared with: one vocabulary for the techniques that share out a difference from several."""

import numpy as np

from .fills import WORDS, fill_images

BACKGROUNDS = ("greys", *WORDS)
_LEVELS = np.linspace(0, 255, 5)


def background_images(image, background, seed=0):
    """Return the background images, (N, H, W, 3) float32.

    image: (H, W, 3), 0 to 255. background: images (N, H, W, 3), "greys" (five flat images, black to white), or one that
    `fill_image` takes. seed: for "noise". Raises ValueError, in one sentence that lists the choices, for anything else.
    """
    if _is_greys(background):
        return np.concatenate([fill_images(image, grey) for grey in _LEVELS])
    return fill_images(image, background, name="background", seed=seed)


def how_many(background):
    """Return the number of images that `background_images` gives."""
    return len(background) if np.ndim(background) == 4 else len(_LEVELS) if _is_greys(background) else 1


def _is_greys(background):
    return isinstance(background, str) and background == "greys"
