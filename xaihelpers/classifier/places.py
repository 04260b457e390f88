"""Which layers give maps whose places are those of the image: shown on a probe, not read off the number of axes.

An output with four axes may be attention scores (N, heads, tokens, tokens) or windows cut out of the image; tokens
(N, tokens, channels) may be places in reading order. So the image is changed in its right part, and in its lower part:
along an axis across, only the first moves where the output changes; along an axis down, only the second.
"""

from typing import NamedTuple

import numpy as np

_STRIP = 0.3  # share of the image that is changed, at its right or lower edge
_CLEAR = 0.05  # how far the centre of change must move along an axis, as a share of its length


class Places(NamedTuple):
    """Where a layer's output has places. grid: (h, w). layout: "last" (N, h, w, k), "first" (N, k, h, w) or "tokens"."""

    grid: tuple
    layout: str
    channels: int

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
    """Return (3, H, W, C): an image, the same with its right part inverted, and with its lower part inverted."""
    three = np.repeat(image[None], 3, axis=0)
    height, width = image.shape[:2]
    across, down = int(width * (1 - _STRIP)), int(height * (1 - _STRIP))
    three[1, :, across:] = 255 - three[1, :, across:]
    three[2, down:] = 255 - three[2, down:]
    return three


def places_of(output, grids=()):
    """Return the Places of a layer's output for the three images of `strips`, None where it has no more than one place.

    grids: sizes (h, w) that tokens may have, from layers before.
    """
    if len(output) != 3:
        return None  # windows or branches folded into the batch
    if output.ndim == 4:
        for layout, axes in (("last", (1, 2)), ("first", (2, 3))):
            grid = tuple(output.shape[axis] for axis in axes)
            if grid != (1, 1) and _moves_with_the_image(output, axes):
                return Places(grid, layout, output.shape[3 if layout == "last" else 1])
    if output.ndim == 3:
        for grid in grids:
            if output.shape[1] == grid[0] * grid[1] > 1:
                if _moves_with_the_image(output.reshape(3, *grid, -1), (1, 2)):
                    return Places(grid, "tokens", output.shape[2])
    return None


def _moves_with_the_image(output, axes):
    """Return whether the first axis runs down the image and the second across it."""
    right, low = np.abs(output[1:].astype(np.float64) - output[:1])
    for axis, first, second in ((axes[0] - 1, low, right), (axes[1] - 1, right, low)):
        # NaN where nothing changes, as behind a ReLU that is off: no evidence against is enough then.
        if output.shape[axis + 1] > 1 and _centre(first, axis) - _centre(second, axis) <= _CLEAR:
            return False
    return True


def _centre(change, axis):
    """Return where along an axis the change is, 0 to 1; NaN where there is none."""
    profile = change.sum(axis=tuple(i for i in range(change.ndim) if i != axis))
    return (profile * np.linspace(0, 1, len(profile))).sum() / profile.sum() if profile.any() else np.nan
