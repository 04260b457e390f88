"""How a picture is written down while it is changed: as pixels, as waves in colours of photographs, or as the places of waves.

Olah, Mordvintsev and Schubert, "Feature Visualization", Distill, 2017; Mordvintsev and others, "Differentiable Image
Parameterizations", Distill, 2018; Fel and others, "Unlocking Feature Visualization for Deeper Networks with MAgnitude
Constrained Optimization", NeurIPS 2023.
"""

import numpy as np

from ..._quiet import tf
from .gradient_ascent import to_ball, to_box

# Columns: the three directions in RGB along which the colours of photographs vary independently (purple against green, blue
# against orange, light against dark), each as long as that variation, the longest 1. `colour_axes` of the course's sample
# photographs, 224 pixels each.
COLOUR_AXES = np.array([[0.0292, -0.2982, 0.6107], [-0.0826, 0.0692, 0.5769], [0.0550, 0.2621, 0.5425]], dtype=np.float32)

# How strong the waves of photographs are: rows as the columns above, a column for each of these frequencies (periods a pixel).
# The mean magnitude of their waves, over angles and photographs, divided by the edge so that it holds for any size:
# `mean_spectrum` of the course's sample photographs, 224 pixels each, with black at -1 and white at 1.
FREQUENCIES = 2.0 ** np.arange(8) / 224
SPECTRUM = np.array(
    [
        [27.676, 12.461, 6.292, 2.656, 1.121, 0.475, 0.193, 0.081],
        [30.200, 10.681, 5.521, 2.286, 0.878, 0.317, 0.108, 0.039],
        [34.005, 13.267, 7.113, 3.142, 1.249, 0.488, 0.178, 0.070],
    ],
    dtype=np.float32,
)


def colour_axes(photos):
    """Return the (3, 3) principal axes of the colours of images 0..255: one column each, weakest first, the longest 1."""
    pixels = np.concatenate([np.reshape(photo, (-1, 3)) for photo in photos]).astype(np.float64)
    variances, directions = np.linalg.eigh(np.cov(pixels.T))
    axes = directions * np.sqrt(variances / variances[-1])
    return axes * np.sign(axes.sum(axis=0))


def mean_spectrum(photos, axes):
    """Return (3, 8): the mean magnitude of the waves of square images 0..255, for each direction of colour and frequency.

    axes: (3, 3), a direction in each column. Waves count for the frequency that is nearest, as a ratio; the mean brightness
    and the waves beyond the last half octave for none. Divided by the edge.
    """
    found = []
    for photo in photos:
        along = (np.asarray(photo, dtype=np.float64) / 127.5 - 1) @ np.linalg.inv(axes).T
        magnitude = np.abs(np.fft.fft2(along, axes=(0, 1))) / len(along)
        frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(edge) for edge in along.shape[:2]], indexing="ij"))
        octave = np.round(np.log2(np.maximum(frequency, 1e-9) / FREQUENCIES[0]))
        found.append([magnitude[octave == k].mean(axis=0) for k in range(len(FREQUENCIES))])
    return np.mean(found, axis=0).T


def waves_of(spectrum, height, width):
    """Return (3, H, W // 2 + 1) float32: how strong each wave of a picture is, for a spectrum as `mean_spectrum` gives it.

    Between the known frequencies on a straight line in the logarithms, beyond them as at the last; the mean brightness is 0.
    """
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    octave = np.log2(np.maximum(frequency, 1e-9) / FREQUENCIES[0])
    known = np.stack([np.exp2(np.interp(octave, np.arange(len(FREQUENCIES)), np.log2(row))) for row in spectrum])
    known[:, 0, 0] = 0
    return (known * np.sqrt(height * width)).astype(np.float32)


class Pixels:
    """The picture is what is changed: one number a pixel and colour, cut to black..white, if asked kept near grey."""

    def __init__(self, height, width, channels=3, radius=None):
        self.shape = (1, height, width, channels)
        self.radius = radius

    def start(self, seed):
        """Return faint noise around grey, (1, H, W, 3)."""
        return 0.02 * np.random.default_rng(seed).standard_normal(self.shape).astype(np.float32)

    def draw(self, x):
        """Return the picture of what is changed: -1..1."""
        return x

    def bound(self, x):
        """Return x inside what is allowed."""
        return to_box(x if self.radius is None else to_ball(x, self.radius))


class Fourier:
    """What is changed are waves, low frequencies moving most as in photographs, in independent colour directions."""

    def __init__(self, height, width, channels=3):
        self.size = (height, width)
        # What is known of the colours of photographs is known of three channels only.
        self.axes = COLOUR_AXES if channels == 3 else np.eye(channels, dtype=np.float32)
        down = np.fft.fftfreq(height)[:, None]
        right = np.fft.rfftfreq(width)[None]
        # 1 / frequency is how strong the waves of photographs are; the mean brightness counts as the longest wave.
        scale = 1 / np.maximum(np.hypot(down, right), 1 / max(height, width))
        self.scale = (scale / np.sqrt((scale**2).mean()) * np.sqrt(height * width)).astype(np.float32)
        self.shape = (2, channels, *scale.shape)

    def start(self, seed):
        """Return faint noise, (2, 3, H, W // 2 + 1): real and imaginary part of three directions of colour."""
        return 0.01 * np.random.default_rng(seed).standard_normal(self.shape).astype(np.float32)

    def draw(self, waves):
        """Return the picture of the waves, (1, H, W, 3), -1..1."""
        spectrum = tf.complex(*tf.unstack(waves * self.scale))
        directions = tf.transpose(tf.signal.irfft2d(spectrum, self.size), [1, 2, 0])
        return tf.tanh(2 * tf.tensordot(directions, self.axes.T, 1))[None]

    def bound(self, waves):
        """Return the waves: tanh keeps their picture between black and white."""
        return waves


class Phases:
    """What is changed is only where the waves lie: how strong each is stays as in photographs, in every direction of colour.

    Magnitude-constrained optimisation (MACO), Fel and others, 2023. The mean of every picture is grey.
    """

    def __init__(self, height, width):
        self.size = (height, width)
        self.magnitude = waves_of(SPECTRUM, height, width)
        # A wave and its mirror image are one wave of a real picture. In these columns both are stored, and must agree.
        self.both = np.zeros(self.magnitude.shape[2], dtype=np.float32)
        self.both[[0, -1] if width % 2 == 0 else [0]] = 1

    def start(self, seed):
        """Return phases at random, (3, H, W // 2 + 1), in radians."""
        random = np.random.default_rng(seed)
        return random.uniform(-np.pi, np.pi, self.magnitude.shape).astype(np.float32)

    def spectrum(self, phases):
        """Return the waves, (3, H, W // 2 + 1), complex: of the prescribed magnitude whatever the phases."""
        mirrored = tf.roll(tf.reverse(phases, [1]), 1, axis=1)
        agreed = self.both * (phases - mirrored) / 2 + (1 - self.both) * phases
        return tf.complex(self.magnitude * tf.cos(agreed), self.magnitude * tf.sin(agreed))

    def draw(self, phases):
        """Return the picture of the phases, (1, H, W, 3), -1..1."""
        directions = tf.transpose(tf.signal.irfft2d(self.spectrum(phases), self.size), [1, 2, 0])
        return tf.tanh(tf.tensordot(directions, COLOUR_AXES.T, 1))[None]

    def bound(self, phases):
        """Return the phases: an angle has no bounds."""
        return phases
