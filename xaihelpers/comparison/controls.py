"""What could have beaten a technique: maps that know no network. A score that one of them reaches says nothing for a technique.

Each is called as a technique is, so that it is a row like any other: `compare(..., methods=["grad_cam", "edges"])`.
"""

import numpy as np

from ..methods.shared.contract import Finding, technique
from ..methods.shared.fills import fill_image


def _decision(classifier, image, target):
    return int(classifier.probabilities(image)[0].argmax()) if target is None else target


@technique(family="control", needs_gradients=False)
def chance(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
    """Return random numbers, (H, W), 0 to 1, others for every image: what scores that knows nothing."""
    # The image is a part of the seed: one map for all images would have its luck with all of them.
    rng = np.random.default_rng([seed, *np.asarray(image[::7, ::7], np.int64).ravel()])
    return Finding(rng.random(image.shape[:2]), _decision(classifier, image, target))


@technique(family="control", needs_gradients=False)
def edges(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
    """Return the contrast of the image by Sobel's filter, (H, W): what scores that knows the image and no network."""
    from skimage.filters import sobel

    return Finding(sobel(image.mean(axis=-1)), _decision(classifier, image, target))


@technique(family="control", needs_gradients=False)
def centre(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
    """Return a hill in the middle of the image, (H, W): what scores that knows where people put what they photograph."""
    across = [np.linspace(-1, 1, edge) for edge in image.shape[:2]]
    hill = np.exp(-2 * np.add.outer(across[0] ** 2, across[1] ** 2))
    return Finding(hill, _decision(classifier, image, target))


@technique(family="control", needs_gradients=False, title="|image − blur|")
def blur_difference(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
    """Return how far each pixel is from the blurred image, (H, W), over the channels: what stands out, and no network."""
    return Finding(np.abs(image - fill_image(image, "blur")).sum(axis=-1), _decision(classifier, image, target))


CONTROLS = {each.method.name: each for each in (chance, edges, centre, blur_difference)}
CONTROL_TITLES = {name: control.method.title for name, control in CONTROLS.items()}


def is_control(label):
    """Return whether a row of a table, by its name or its title, knows no network."""
    return label in CONTROLS or label in CONTROL_TITLES.values()
