"""The pictures that a classifier is tried on when it is made: smooth noise, coloured and bright as photographs are."""

import functools

import numpy as np

SIZES = (64, 128, 224, 299)  # tried in turn, in pixels, where a network takes any size
_MEAN, _SPREAD = 127.5, 60.0  # of photographs, in grey levels


@functools.lru_cache(maxsize=8)
def pictures(n, shape, size=SIZES[0], seed=0):
    """Return n pictures (n, H, W, C) float32, 0 to 255, read only. shape: (H, W, C), `size` standing in for None.

    Low frequencies are stronger, as in photographs: the amplitude falls with the frequency.
    """
    height, width, channels = (edge or size for edge in shape)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    noise = np.random.default_rng(seed).standard_normal((n, channels, height, width))
    waves = np.fft.rfft2(noise) / np.maximum(frequency, 1 / max(height, width))
    smooth = np.fft.irfft2(waves, (height, width))
    smooth -= smooth.mean(axis=(2, 3), keepdims=True)
    smooth /= np.maximum(smooth.std(axis=(2, 3), keepdims=True), 1e-12)
    found = np.clip(_MEAN + _SPREAD * smooth, 0, 255).transpose(0, 2, 3, 1).astype(np.float32)
    found.setflags(write=False)  # kept, and given to the next classifier of this size too
    return found
