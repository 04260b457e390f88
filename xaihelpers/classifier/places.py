"""Which layers give maps whose places are those of the image: shown on a probe, not read off the number of axes.

An output with four axes may be attention scores (N, heads, tokens, tokens) or windows cut out of the image; tokens
(N, tokens, channels) may be places in reading order. So the image is changed at its left, its right, its upper and its lower
edge: along an axis across the image the first two move where the output changes, along an axis down the other two.
"""

from typing import NamedTuple

import numpy as np

_STRIP = 0.3  # share of the image that is changed, at its right or lower edge
_STEADY = 1e-4  # of how far the values move: what is left of their mean's movement is rounding
_CLEAR = 0.1  # how far the centre of change must move along an axis, as a share of its length


_IMAGES = 5


class Places(NamedTuple):
    """Where a layer's output has places. grid: (h, w). layout: "last" (N, h, w, k), "first" (N, k, h, w) or "tokens".

    steady: the mean over places and channels is the same for every image, as behind a normalisation or a softmax.
    """

    grid: tuple
    layout: str
    channels: int
    steady: bool = False

    def axes(self):
        """Return the axes of the places, and that of the channels."""
        return {"last": ((1, 2), 3), "first": ((2, 3), 1), "tokens": ((1,), 2)}[self.layout]

    def per_channel(self, factors):
        """Return factors (N, k), a tensor, so that they multiply each channel of the layer's output."""
        for axis in self.axes()[0]:
            factors = factors[:, None] if axis == 1 else factors[:, :, None] if axis == 2 else factors[..., None]
        return factors

    def arrange(self, values):
        """Return a layer's values as maps, (N, h, w, k) array."""
        if self.layout == "first":
            return np.moveaxis(values, 1, -1)
        return values.reshape(len(values), *self.grid, -1) if self.layout == "tokens" else values


def strips(image):
    """Return (5, H, W, C): an image, and the same inverted at its left, right, upper and lower edge."""
    height, width = (max(1, int(edge * _STRIP)) for edge in image.shape[:2])
    edges = [np.s_[:, :width], np.s_[:, -width:], np.s_[:height], np.s_[-height:]]
    images = np.repeat(image[None], 1 + len(edges), axis=0)
    for changed, edge in zip(images[1:], edges):
        changed[edge] = 255 - changed[edge]
    return images


def places_of(output, grids=()):
    """Return the Places of a layer's output for the images of `strips`, None where it has no more than one place.

    grids: sizes (h, w) that tokens may have, from layers before. What four axes usually are, (N, h, w, k), is believed
    unless the output contradicts it: deep in a network every place may see the whole image. Anything else must be shown.
    """
    if len(output) != _IMAGES:
        return None  # windows or branches folded into the batch
    if output.ndim == 4:
        last, first = output.shape[1:3], output.shape[2:]
        if last != (1, 1) and not _contradicts(output):
            return Places(last, "last", output.shape[3], _is_steady(output))
        if min(first) > 1 and _shows(np.moveaxis(output, 1, -1)):
            return Places(first, "first", output.shape[1], _is_steady(output))
    if output.ndim == 3:
        for grid in grids:
            if output.shape[1] == grid[0] * grid[1] > 1 and _shows(output.reshape(_IMAGES, *grid, -1)):
                return Places(grid, "tokens", output.shape[2], _is_steady(output))
    return None


def _is_steady(output):
    """Return whether the images change the values, and not their mean."""
    flat = output.reshape(_IMAGES, -1)  # summed in float64, and never copied into it: a layer may have millions of values
    with np.errstate(invalid="ignore"):  # a network that overflows: whoever asks it says so
        change = np.abs(flat[1:] - flat[:1]).sum(dtype=float) / flat.size
    return bool(change > 0 and np.ptp(flat.mean(axis=1, dtype=float)) < _STEADY * change)


def _shows(maps):
    """Return whether maps (N, h, w, k) move with the image along both axes."""
    return all(along > _CLEAR and along > across for along, across in _movements(maps))


def _contradicts(maps):
    """Return whether maps (N, h, w, k) move as those of the image can't: along the wrong axis, or clearly along one only."""
    moves = _movements(maps)
    if any(across > max(along, _CLEAR) for along, across in moves):
        return True
    along = [each[0] for each in moves]
    return len(along) == 2 and max(along) > 3 * _CLEAR and min(along) < max(along) / 5


def _movements(maps):
    """Return, for each axis of places longer than 1, how far change moves along it: with its own edges, and with the others."""
    # Over the channels at once: what follows is then done with single numbers for each place.
    with np.errstate(invalid="ignore"):
        left, right, upper, lower = np.abs(maps[1:] - maps[:1]).sum(axis=-1, dtype=float)
    found = []
    for axis, own, other in ((0, (upper, lower), (left, right)), (1, (left, right), (upper, lower))):
        if maps.shape[axis + 1] > 1 and all(each.any() for each in (left, right, upper, lower)):
            along, across = (_centre(b, axis) - _centre(a, axis) for a, b in (own, other))
            found.append((along, abs(across)))
    return found


def _centre(change, axis):
    """Return where along an axis the change is, 0 to 1."""
    profile = change.sum(axis=1 - axis)
    return (profile * np.linspace(0, 1, len(profile))).sum() / profile.sum()
