"""Do two pictures show the same, once one is laid on the other? Their correlation where they overlap, and how much that is."""

import numpy as np
from scipy import ndimage

_STEP = 2  # every second pixel is enough


def agreement(one, other, placed):
    """Return (correlation -1..1, share of the smaller picture that overlaps) of two pictures from `details`, one placed."""
    one = one[:, ::-1] if placed.mirror else one
    offset = one.shape[1] - 1 if placed.mirror else 0
    rows, columns = np.mgrid[0 : other.shape[0] : _STEP, 0 : other.shape[1] : _STEP]
    source = (rows + 1j * columns - placed.shift) / placed.factor
    first = ndimage.map_coordinates(one, [source.real, source.imag + offset], order=1, cval=np.nan)
    second = other[rows, columns]
    both = ~np.isnan(first) & ~np.isnan(second)
    if both.sum() < 64:
        return 0.0, 0.0
    area = min((~np.isnan(one)).sum() * abs(placed.factor) ** 2, (~np.isnan(other)).sum()) / _STEP**2
    return correlation(first[both], second[both]), float(both.sum() / area)


def correlation(one, other):
    """Return the correlation of two arrays of one shape; 0 where one is the same everywhere."""
    one, other = one - one.mean(), other - other.mean()
    length = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / length) if length > 1e-9 else 0.0


def details(picture, content):
    """Return a grey picture without its noise and its slow changes of light, float32; nan where it is only filled."""
    found = ndimage.gaussian_filter(picture, 1.2) - ndimage.gaussian_filter(picture, 10, mode="nearest")
    return np.where(content, found, np.nan).astype(np.float32)
