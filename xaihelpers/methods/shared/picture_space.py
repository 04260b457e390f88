"""How a picture is written down while it is changed: as pixels, or as waves with colours that photographs mix.

Olah, Mordvintsev and Schubert, "Feature Visualization", Distill, 2017; Mordvintsev and others, "Differentiable Image
Parameterizations", Distill, 2018.
"""

import numpy as np
import tensorflow as tf

from .gradient_ascent import to_ball, to_box

# Columns: the three directions in RGB along which the colours of photographs vary independently (purple against green, blue
# against orange, light against dark), each as long as that variation, the longest 1. `colour_axes` of the course's sample
# photographs, 224 pixels each.
COLOUR_AXES = np.array([[0.0292, -0.2982, 0.6107], [-0.0826, 0.0692, 0.5769], [0.0550, 0.2621, 0.5425]], dtype=np.float32)


def colour_axes(photos):
    """Return the (3, 3) principal axes of the colours of images 0..255: one column each, weakest first, the longest 1."""
    pixels = np.concatenate([np.reshape(photo, (-1, 3)) for photo in photos]).astype(np.float64)
    variances, directions = np.linalg.eigh(np.cov(pixels.T))
    axes = directions * np.sqrt(variances / variances[-1])
    return axes * np.sign(axes.sum(axis=0))


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
