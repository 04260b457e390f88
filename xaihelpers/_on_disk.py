"""Arrays that may be larger than the memory: above a size they live in a temporary file, and what was read is let go again."""

import mmap
import tempfile

import numpy as np

LARGE = 400_000_000  # bytes


def room_for(shape, dtype):
    """Return an array of this shape to write to: in memory, or in a temporary file that vanishes with it if it is large."""
    if np.prod(shape, dtype=np.int64) * np.dtype(dtype).itemsize <= LARGE:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as file:  # the array keeps it open
        return np.memmap(file, dtype, "w+", shape=shape)


def let_go(array):
    """Give back the memory that holds parts of an array in a file; nothing is lost, and any other array is left alone."""
    while array is not None and not isinstance(array, mmap.mmap):
        array = getattr(array, "_mmap", None) or getattr(array, "base", None)
    if array is not None and hasattr(array, "madvise"):  # Windows does so by itself when memory is short
        array.flush()
        array.madvise(mmap.MADV_DONTNEED)


def parts(array, rows=512):
    """Yield slices of the first axis that cover an array, letting each go when the next is asked for."""
    for start in range(0, len(array), rows):
        yield slice(start, start + rows)
        let_go(array)


def mean_and_spread(array, rows):
    """Return mean and standard deviation, (F,) float32, of some rows of an array (N, F), a part at a time."""
    total = square = 0.0
    centre = np.asarray(array[rows[0]], np.float64)  # near the mean, so that squares do not lose digits
    for start in range(0, len(rows), 4096):
        values = array[rows[start : start + 4096]] - centre
        total, square = total + values.sum(axis=0), square + (values**2).sum(axis=0)
    mean = total / len(rows)
    return (mean + centre).astype(np.float32), np.sqrt(np.maximum(square / len(rows) - mean**2, 0)).astype(np.float32)
